"""What a file holds, from its first bytes: an IDX header, an archive, or something else."""

from __future__ import annotations

import contextlib
import os
import re
from typing import BinaryIO, Literal, NamedTuple, TypeAlias, cast

from ..containers import raw, recognise
from ..containers.refusal import explain_refusal
from ..errors import FormatError, IdxError
from ..format import Header
from ..storage.inputs import open_source
from ..storage.regular import open_regular
from ..storage.source import FileSource
from .fitting import fits
from .naming import Name, Role, name_of
from .pairs import is_published

ArchiveKind: TypeAlias = Literal["zip", "tar"]

# Files with these endings are neither IDX files nor archives, or are not complete yet. macOS keeps
# the metadata of a file in another one, whose name starts with "._".
_FOREIGN = re.compile(
    r"(?is)\._.*|.*\.(png|jpe?g|gif|bmp|tiff?|webp|svg|pdf|txt|md|rst|tex|csv|tsv|json|ya?ml|toml|xml|html?|"
    r"pyc?|ipynb|c|h|cpp|java|js|sh|m|r|npy|pth?|pkl|pickle|h5|hdf5|parquet|arrow|tfrecord|mat|arff|"
    r"onnx|log|md5|sha256|lock|part|partial|tmp|download|crdownload|aria2|incomplete)"
)


class Entry(NamedTuple):
    """A file that was looked at.

    Attributes
    ----------
    path : str
        The path, as `idxfast.load` takes it. That of a member of an archive is like
        ``"zip://train-images-idx3-ubyte::mnist.zip"``.
    parts : tuple of str
        The path below the folder that was searched.
    name : Name
        What the path says.
    header : Header or None
        None if the file is not IDX, or is damaged.
    error : IdxError or None
        What is wrong with the file. A damaged file may have a header.
    identity : tuple of int
        The same for all links to one file.
    container : str
    archive : {"zip", "tar"} or None
        What the file is, or what it is a member of.
    member : str
        The name in the archive; "" for a file in a folder.
    """

    path: str
    parts: tuple[str, ...]
    name: Name
    header: Header | None
    error: IdxError | None
    identity: tuple[int, ...]
    container: str
    archive: ArchiveKind | None = None
    member: str = ""

    @property
    def role(self) -> Role | None:
        """What the file is for: as its name says or, if the name says nothing, its content."""
        if self.header is None and self.error is None:  # an archive
            return None
        return self.name.role or (None if self.header is None else role_of(self.header))

    @property
    def fits(self) -> bool:
        """Whether the content can be what the name says, and nothing is known to be wrong."""
        return self.header is not None and self.error is None and fits(self.header.shape, self.role)


def role_of(header: Header) -> Role | None:
    """Images or labels, if the number of dimensions tells."""
    ndim = len(header.shape)
    return "labels" if ndim == 1 else "images" if ndim > 2 else None


def is_foreign(filename: str) -> bool:
    """Whether a file need not be opened, because its name says that it is something else."""
    return _FOREIGN.fullmatch(filename) is not None


def look(path: str, parts: tuple[str, ...], kind: str | None) -> Entry | None:
    """Look at the first bytes of a file and, if it is raw, at its size.

    Parameters
    ----------
    path : str
    parts, kind
        As for `naming.name_of`.

    Returns
    -------
    Entry or None
        None if the file cannot be opened; also if it is neither IDX nor an archive, and its name
        does not claim that it is.
    """
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            start = file.read(recognise.START) or b""  # None if it has no data yet
            file.seek(0)
            archive = _archive_kind(start)
            header, error = (None, None) if archive else _read(file)
            if isinstance(error, FormatError):
                from ..containers.packed import unpacked_start  # few folders need it

                file.seek(0)
                if _archive_kind(unpacked_start(file, recognise.START)) == "tar":
                    archive, error = "tar", None
    except OSError:
        return None
    if not is_claimed(parts[-1], error):
        return None
    identity = status.st_dev, status.st_ino
    container = archive or recognise.container_of(start).NAME
    return Entry(path, parts, name_of(parts, kind), header, error, identity, container, archive)


def explain(error: IdxError) -> None:
    """Give an error a `hint` if the content of the refused file explains it."""
    if not os.path.isfile(error.filename):
        return  # the member of an archive
    with contextlib.suppress(OSError):
        file = open_regular(error.filename)
        size = os.fstat(file.fileno()).st_size
        with FileSource(file, error.filename, size, owned=True) as source:
            container = recognise.container_of(source.read(recognise.START, 0))
            explain_refusal(error, source, container.NAME, None)


def _archive_kind(start: bytes) -> ArchiveKind | None:
    """The kind of archive that starts with these bytes."""
    container = recognise.container_of(start).NAME
    return cast("ArchiveKind", container) if container in ("zip", "tar") else None


def _read(file: BinaryIO) -> tuple[Header | None, IdxError | None]:
    """The header of an IDX file, and what is wrong with the file."""
    header = None
    try:
        source = open_source(file)
        header = recognise.container_in(source, None).read_header(source)
        if isinstance(source, FileSource):
            start = source.read(recognise.START, 0)
            if recognise.container_of(start) is raw:
                raw.check_size(source, header)
    except IdxError as error:
        return header, error.with_traceback(None)  # the traceback would keep the file alive
    return header, None


def is_claimed(filename: str, error: IdxError | None) -> bool:
    """Whether a file is IDX or an archive, or its name or its start claims that it is IDX.

    Parameters
    ----------
    filename : str
    error : IdxError or None
        What is wrong with the file.
    """
    return is_published(filename) or not isinstance(error, FormatError)
