"""IDX files in zip files; the member may itself be a compressed IDX file."""

from __future__ import annotations

import contextlib
import functools
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

import numpy as np

from ..errors import IdxError
from ..format import Header
from ..storage.source import Source
from ..storage.source_file import SourceFile
from ..storage.streams import StreamSource
from . import bounded, simple
from .in_order import read_all
from .members import argument_of, choose, explain_member, explaining_damage, is_content
from .request import Request

NAME = "zip"

# What zipfile raises, depending on which byte of a file is wrong; NotImplementedError is a
# RuntimeError.
ZIP_ERRORS = zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError

# The methods that packers choose by default. LZMA's header asks for up to 4 GiB of memory.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read the only IDX file of a zip file, or the member that the caller named."""
    archive = read_all(source, request.file_limit) if isinstance(source, StreamSource) else source
    with _open(archive) as opened:
        info = _choose(opened, archive)
        return read_member(
            opened,
            info,
            archive.name,
            request,
            argument_of(archive, NAME),
            is_content=is_content(archive),
        )


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of the member that `read` reads; the rest may be missing or damaged."""
    archive = read_all(source, None) if isinstance(source, StreamSource) else source
    with _open(archive) as opened:
        return read_member_header(opened, _choose(opened, archive), archive.name)


@contextlib.contextmanager
def open_file(file: IO[bytes], filename: str) -> Iterator[zipfile.ZipFile]:
    """Open a file as a zip file, which messages call `filename`.

    Raises
    ------
    IdxError
        If it cannot be read.
    """
    with _explaining_damage(file, filename):
        opened = zipfile.ZipFile(file)
    with opened:
        yield opened


def files(opened: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The name of each member that is a file, and its entry in the directory."""
    return [(info.filename, info) for info in opened.infolist() if not info.filename.endswith("/")]


def read_member_header(opened: zipfile.ZipFile, info: zipfile.ZipInfo, filename: str) -> Header:
    """Read the header of a member of a zip file, which messages call `filename`.

    Raises
    ------
    IdxError
        If the member is damaged, or neither stored nor deflated.
    """
    with (
        _opened_member(opened, info, filename) as file,
        _explaining_damage(_file_of(opened), filename),
    ):
        return bounded.read_header(file, _shown(filename, info))


def read_member(
    opened: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    filename: str,
    request: Request,
    argument: str | None,
    *,
    is_content: bool = False,
) -> np.ndarray[Any, Any]:
    """Read a member of a zip file.

    Parameters
    ----------
    opened, info
        The archive, and the member.
    filename : str
        The archive's name, for messages.
    request : Request
    argument : str or None
        The path or URL by which `load` reads the member, if there is one.
    is_content : bool
        Whether the caller passed the archive as bytes.

    Raises
    ------
    IndexError, SizeError
        As from `Request.part`. A SizeError, too, if the member is larger, or announces more, than
        its compressed size can justify.
    IdxError
        As from `read_member_header`.
    """
    name = _shown(filename, info)
    member = functools.partial(_open_member, opened, info, filename, argument, is_content)
    try:
        header = request.stated or read_member_header(opened, info, filename)
        request.part(header, name)
        request = bounded.limited(request, header, _packed_size(opened, info), name, NAME)
        with member() as source:
            return simple.read(source, request)
    except IdxError as error:
        if request.stated is None:
            explain_member(error, member(), NAME)
        raise


@contextlib.contextmanager
def _open(archive: Source) -> Iterator[zipfile.ZipFile]:
    with SourceFile(archive) as file, open_file(cast("BinaryIO", file), archive.name) as opened:
        yield opened


def _choose(opened: zipfile.ZipFile, archive: Source) -> zipfile.ZipInfo:
    read = functools.partial(read_member_header, opened, filename=archive.name)
    return choose(files(opened), archive, NAME, read)[1]


@contextlib.contextmanager
def _opened_member(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, filename: str
) -> Iterator[IO[bytes]]:
    if info.compress_type not in _METHODS:
        raise IdxError(
            "the member's compression method is not supported",
            part="container",
            filename=_shown(filename, info),
            offset=info.header_offset,
            expected="stored or deflated",
            found=f"method {info.compress_type}",
        )
    with _explaining_damage(_file_of(opened), filename):
        file = opened.open(info)
    with file:
        yield file


@contextlib.contextmanager
def _open_member(
    opened: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    filename: str,
    argument: str | None,
    is_content: bool,
) -> Iterator[StreamSource]:
    explaining = functools.partial(_explaining_damage, _file_of(opened), filename)
    with (
        _opened_member(opened, info, filename) as file,
        bounded.open_member(
            file,
            _packed_size(opened, info),
            _shown(filename, info),
            NAME,
            explaining,
            argument,
            is_content=is_content,
        ) as source,
    ):
        yield source


def _packed_size(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """The compressed size that a member states, at most the size of the archive."""
    return min(info.compress_size, _file_of(opened).seek(0, io.SEEK_END))


def _shown(filename: str, info: zipfile.ZipInfo) -> str:
    return f"{filename}: {info.filename}"


def _file_of(opened: zipfile.ZipFile) -> IO[bytes]:
    file = opened.fp
    assert file is not None
    return file


def _explaining_damage(
    archive: IO[bytes], filename: str
) -> contextlib.AbstractContextManager[None]:
    return explaining_damage(NAME, archive, filename, ZIP_ERRORS)
