"""What `info` and `verify` say of a file: its array, its container, and whether it is whole."""

from __future__ import annotations

import os
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..containers import gzip, raw
from ..containers.recognise import START, container_of
from ..containers.simple import Container
from ..errors import IdxError, printable
from ..format import Header
from ..gzip.members import BGZF_HEADER_SIZE, is_bgzf
from ..gzip.writer import BGZF_END
from ..reading.loading import load, read_header
from ..storage.inputs import open_source
from ..storage.source import FileSource, Progress
from .shapes import shown

# Files of at most this many labels are read to see whether they have a single class.
MAX_LABELS = 4 << 20

# Containers which have no checksum to verify. The empty string is an unknown one.
_XZ_UNCHECKED = "xz without a checksum"
_UNCHECKED = {
    "": "complete",
    raw.NAME: "complete (a raw file has no checksum)",
    _XZ_UNCHECKED: "complete",
}


class Description(NamedTuple):
    """What is known of a file.

    Attributes
    ----------
    name : str
    header : Header
    container : str
        "" if it is unknown: a pipe or a URL cannot be read twice.
    size : int
        Bytes of the file; 0 if the container is unknown.
    state : str
        What was verified, as a phrase, or "".
    single_class : int or None
        The value of all elements of an array that may be labels, if they are equal: usually a
        mistake.
    """

    name: str
    header: Header
    container: str
    size: int
    state: str
    single_class: int | None

    def as_text(self) -> str:
        """The description on one line."""
        header = self.header
        stored = f"{self.container}, {self.size:,} bytes in the file, " if self.container else ""
        state = f"; {self.state}" if self.state else ""
        single = ""
        if self.single_class is not None:
            single = f"; every element is {self.single_class}: a single class"
        return (
            f"{printable(self.name)}: {shown(header.dtype, header.shape)}, "
            f"{stored}{header.nbytes:,} bytes in the array{state}{single}"
        )

    def as_json(self) -> dict[str, Any]:
        """The description as an object of JSON; unknown values are null."""
        return {
            "file": self.name,
            "dtype": self.header.dtype.name,
            "shape": list(self.header.shape),
            "array_bytes": self.header.nbytes,
            "container": self.container or None,
            "file_bytes": self.size if self.container else None,
            "state": self.state or None,
            "single_class": self.single_class,
        }


def describe(name: str, verify: bool, progress: Progress | None = None) -> Description:
    """Describe a file.

    Parameters
    ----------
    name : str
        A path or a URL.
    verify : bool
        Read the file whole, and verify its checksums.
    progress : callable, optional
        As for `idxfast.load`.

    Raises
    ------
    IdxError, OSError, ImportError
        As `idxfast.load` does.
    """
    if not os.path.isfile(name):
        content = _content(name, "", verify, progress)
        single = _single_class(None, content)
        return Description(name, _header(content), "", 0, _UNCHECKED[""] if verify else "", single)
    # Opened once, so that both steps see the same file even if another file takes its name.
    with open(name, "rb") as file:
        container, size = _container(file)
        try:
            content = _content(file, container, verify, progress)
        except IdxError:
            _content(name, container, verify)  # the same error, with calls that name the path
            raise
        single = _single_class(file, content)
    state = ""
    # The size of a raw file is checked in any case, but a compressed file has to be read whole.
    if verify:
        state = _UNCHECKED.get(container, "verified")
    elif container not in ("", raw.NAME):
        state = "not verified"
    return Description(name, _header(content), container, size, state, single)


def _header(content: Header | np.ndarray[Any, Any]) -> Header:
    return Header(content.dtype, content.shape)


def _single_class(file: BinaryIO | None, content: Header | np.ndarray[Any, Any]) -> int | None:
    """The value of all elements of an array that may be labels, if they are equal."""
    is_labels = len(content.shape) == 1 and content.dtype == np.uint8
    if not is_labels or not 2 <= content.shape[0] <= MAX_LABELS:
        return None
    if isinstance(content, Header):
        if file is None:
            return None
        try:
            content = load(file)
        except (IdxError, MemoryError):
            return None  # only --verify says what is wrong with the payload
    return int(content[0]) if (content == content[0]).all() else None


def _content(
    file: str | BinaryIO, container: str, verify: bool, progress: Progress | None = None
) -> Header | np.ndarray[Any, Any]:
    if container == raw.NAME:
        # Mapping checks the size and reads only the header.
        return load(file, mmap_mode="r")
    return load(file, progress=progress) if verify else read_header(file)


def _container(file: BinaryIO) -> tuple[str, int]:
    """Return the container, told from the first and last bytes, and the file's size.

    The container is "" if the system reports a size of 0, as for files under /proc, whose content
    is made while it is read.
    """
    start = file.read(max(BGZF_HEADER_SIZE, START))
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - len(BGZF_END)))
    end = file.read()
    file.seek(0)
    if not size:
        return "", 0
    found = container_of(start[:START])
    if found.NAME not in (raw.NAME, "zip", "tar") and _is_packed_tar(file, found):
        return f"tar in {found.NAME}", size
    if found is gzip and is_bgzf(start):
        return ("BGZF" if end == BGZF_END else "BGZF without its end-of-file block"), size
    # The xz file format, section 2.1.1.2: these bits name the check of the stream.
    if found.NAME == "xz" and not int.from_bytes(start[7:8]) & 0x0F:
        return _XZ_UNCHECKED, size
    return found.NAME, size


def _is_packed_tar(file: BinaryIO, container: Container) -> bool:
    """Whether a compressed file holds a tar archive."""
    source = open_source(file)
    if not isinstance(source, FileSource):
        return False
    try:
        container.read_header(source)
    except IdxError:
        from ..containers.packed_tar import is_packed_tar  # few files need it

        return is_packed_tar(source)
    return False
