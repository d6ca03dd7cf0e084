"""IDX files in tar files that are not compressed themselves; a member may be."""

from __future__ import annotations

import contextlib
import functools
import tarfile
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

import numpy as np

from ..format import Header
from ..storage.section import Section
from ..storage.source import Source
from ..storage.source_file import SourceFile
from ..storage.streams import StreamSource
from . import bounded, simple
from .in_order import read_all
from .members import argument_of, choose, explaining_damage, is_content
from .request import Request

NAME = "tar"

# The most global extended headers, which tarfile copies for each member after them. POSIX has 14.
_MAX_GLOBAL = 64
# What tarfile raises, depending on which byte of a file is wrong.
_ERRORS = tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError, LookupError


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read the only IDX file of a tar file, or the member that the caller named."""
    archive = read_all(source, request.file_limit) if isinstance(source, StreamSource) else source
    with _open(archive) as opened:
        info = _choose(opened, archive)
    member = Section(
        archive,
        info.offset_data,
        info.size,
        f"{archive.name}: {info.name}",
        argument=argument_of(archive, NAME),
        is_content=is_content(archive),
    )
    return simple.read(member, request._replace(unpacked_from=NAME))


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of the member that `read` reads; the rest may be missing or damaged."""
    archive = read_all(source, None) if isinstance(source, StreamSource) else source
    with _open(archive) as opened:
        return read_member_header(opened, _choose(opened, archive), archive.name)


@contextlib.contextmanager
def open_file(file: IO[bytes], filename: str) -> Iterator[tarfile.TarFile]:
    """Open a file as a tar file, called `filename` in messages. Damage to it is an IdxError."""
    with (
        explaining(file, filename),
        tarfile.open(fileobj=file, mode="r:") as opened,
    ):
        yield opened


def infos(opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of the archive, in order."""
    last = -1
    while (info := opened.next()) is not None:
        # A header may state a negative size, and then tarfile would read the same members for ever
        # (CVE-2025-8194).
        if info.offset <= last or info.size < 0:
            raise tarfile.ReadError("a member begins before the one before it ends")
        if len(opened.pax_headers) > _MAX_GLOBAL:
            raise tarfile.ReadError(f"there are more than {_MAX_GLOBAL} global headers")
        last = info.offset
        yield info


def is_file(info: tarfile.TarInfo) -> bool:
    """Whether a member is a regular file with all of its bytes in the archive."""
    return info.isreg() and not info.issparse()


def open_member(opened: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    """Open a member that is a file."""
    file = opened.extractfile(info)
    assert file is not None
    return file


def read_member_header(opened: tarfile.TarFile, info: tarfile.TarInfo, filename: str) -> Header:
    """Read the header of a member of a tar file, which messages call `filename`."""
    content = cast("BinaryIO", opened.fileobj)
    with explaining(content, filename), open_member(opened, info) as file:
        return bounded.read_header(file, f"{filename}: {info.name}")


def explaining(file: IO[bytes], filename: str) -> contextlib.AbstractContextManager[None]:
    """Raise an IdxError for damage to a tar file; no code of the caller may run inside."""
    return explaining_damage(NAME, file, filename, _ERRORS)


@contextlib.contextmanager
def _open(archive: Source) -> Iterator[tarfile.TarFile]:
    with SourceFile(archive) as file, open_file(cast("BinaryIO", file), archive.name) as opened:
        yield opened


def _choose(opened: tarfile.TarFile, archive: Source) -> tarfile.TarInfo:
    files = [(info.name, info) for info in infos(opened) if is_file(info)]
    read = functools.partial(read_member_header, opened, filename=archive.name)
    return choose(files, archive, NAME, read)[1]
