"""idxfast info: describe IDX files."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, BinaryIO

import numpy as np

from ..containers import gzip, raw, tar, xz, zip
from ..containers.packed_tar import is_packed_tar
from ..containers.recognise import START, container_of
from ..errors import IdxError, printable
from ..format import Header
from ..gzip.members import BGZF_HEADER_SIZE, is_bgzf
from ..gzip.writer import BGZF_END
from ..reading.loading import load, read_header
from ..storage.inputs import open_source
from ..storage.source import FileSource
from . import folder

HELP = "print the shape, dtype, container and sizes of IDX files, and what folders hold"

# Files of at most this many labels are read to see whether they have a single class.
MAX_LABELS = 4 << 20

# Containers for which --verify has no checksum to verify. The empty string is an unknown one.
_XZ_UNCHECKED = "xz without a checksum"
_UNCHECKED = {
    "": "complete",
    raw.NAME: "complete (a raw file has no checksum)",
    _XZ_UNCHECKED: "complete",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="a file, a folder or a URL")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="read each file whole and verify its checksums; a raw file has none, and its size is "
        "checked in any case",
    )


def run(options: argparse.Namespace) -> int:
    failures = 0
    for name in options.files:
        try:
            if os.path.isdir(name):
                line, whole = folder.describe(name, options.verify)
                failures += not whole
            else:
                line = _describe(name, options.verify)
        except (ValueError, OSError, ImportError, MemoryError) as error:
            failures += 1
            print(f"idxfast: {reason(name, error)}", file=sys.stderr)
        else:
            print(line)
    return 1 if failures else 0


def _describe(name: str, verify: bool) -> str:
    content: Header | np.ndarray[Any, Any]
    # The container is shown only for files, because a pipe or a URL cannot be read twice.
    if os.path.isfile(name):
        # Opened once, so that both steps see the same file even if its name is taken by another.
        with open(name, "rb") as file:
            container, size = _container(file)
            try:
                content = _content(file, container, verify)
            except IdxError:
                _content(name, container, verify)  # the same error, with calls that name the path
                raise
            single = _single_class(file, content)
    else:
        container, size = "", 0
        content = _content(name, container, verify)
        single = _single_class(None, content)
    shape = " x ".join(f"{n:,}" for n in content.shape) or "one element"
    stored = f"{container}, {size:,} bytes in the file, " if container else ""
    # The size of a raw file is checked in any case, but a compressed file has to be read whole.
    checked = f"; {_UNCHECKED.get(container, 'verified')}" if verify else ""
    if not verify and container not in ("", raw.NAME):
        checked = "; not verified"
    return (
        f"{printable(name)}: {shape} {content.dtype.name}, "
        f"{stored}{content.nbytes:,} bytes in the array{checked}{single}"
    )


def _single_class(file: BinaryIO | None, content: Header | np.ndarray[Any, Any]) -> str:
    """A remark on an array that may be labels of a single class, which is usually a mistake."""
    is_labels = len(content.shape) == 1 and content.dtype == np.uint8
    if not is_labels or not 2 <= content.shape[0] <= MAX_LABELS:
        return ""
    if isinstance(content, Header):
        if file is None:
            return ""
        try:
            content = load(file)
        except (IdxError, MemoryError):
            return ""  # only --verify says what is wrong with the payload
    label = content[0]
    return f"; every element is {label}: a single class" if (content == label).all() else ""


def _content(file: str | BinaryIO, container: str, verify: bool) -> Header | np.ndarray[Any, Any]:
    if container == raw.NAME:
        # Mapping checks the size and reads only the header.
        return load(file, mmap_mode="r")
    return load(file) if verify else read_header(file)


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
    source = open_source(file)
    if isinstance(source, FileSource) and found not in (raw, zip, tar) and is_packed_tar(source):
        return f"tar in {found.NAME}", size
    if found is gzip and is_bgzf(start):
        return ("BGZF" if end == BGZF_END else "BGZF without its end-of-file block"), size
    # The xz file format, section 2.1.1.2: these bits name the check of the stream.
    if found is xz and not int.from_bytes(start[7:8]) & 0x0F:
        return _XZ_UNCHECKED, size
    return found.NAME, size


def reason(name: str, error: Exception) -> str:
    """Say what is wrong with a file, on one line that begins with its name."""
    name, text = printable(name), printable(getattr(error, "strerror", None) or str(error))
    return text if text.startswith(f"{name}: ") else f"{name}: {text}"
