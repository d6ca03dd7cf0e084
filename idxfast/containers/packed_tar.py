"""IDX files in compressed tar files, which can only be unpacked in order.

The archive is unpacked twice: once for the IDX headers of its members, and once for the member that
is read. Only these headers are kept.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from ..errors import IdxError, SizeError
from ..format import Header
from ..gzip.stream import MAX_RATIO
from ..storage.source import Source
from ..storage.source_file import SourceFile
from ..storage.streams import StreamSource
from . import bounded, simple, tar
from .members import argument_of, choose, explain_member, is_content
from .packed import MAX_HEADERS, MAX_PIECE, Bounded, unpacked, unpacked_start
from .request import Request

NAME = "tar"

# A tar archive is recognised by its 258th to 262nd byte.
MAGIC, MAGIC_AT = b"ustar", 257
# The most members of an archive. More would take too much memory for the size of the file.
MAX_MEMBERS = 10_000
# How many bytes after the member are unpacked at a time.
_REST = 256 << 10
# No archive may unpack to more than MAX_RATIO times its size, or MIN_LIMIT bytes if that is more.
# gzip cannot exceed this ratio. bzip2 could reach 20,000, which would take too long.
MIN_LIMIT = 64 << 20


class _Member(NamedTuple):
    """A file in the archive: where it begins, and its header or what is wrong with it."""

    offset: int
    header: Header | None
    error: IdxError | None

    def read_header(self) -> Header:
        if self.error is not None:
            raise self.error
        assert self.header is not None
        return self.header


def is_packed_tar(source: Source) -> bool:
    """Whether a compressed file holds a tar archive."""
    start = unpacked_start(cast("BinaryIO", SourceFile(source)), MAGIC_AT + len(MAGIC))
    return start[MAGIC_AT:] == MAGIC


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read the only IDX file of an archive, or the member that the caller named.

    Raises
    ------
    IndexError, SizeError
        As from `Request.part`. A SizeError, too, if the archive or the member is larger, or
        announces more, than the compressed size can justify.
    IdxError
        If the archive or the member is damaged.
    """
    assert not isinstance(source, StreamSource)
    member, found = _find(source)
    name = f"{source.name}: {member}"
    opened = functools.partial(_open_member, source, name, found.offset)
    is_whole = not request.is_part
    try:
        header = request.stated or found.read_header()
        request.part(header, name)
        request = bounded.limited(request, header, source.size, name, NAME)
        with opened(is_whole=is_whole) as file:
            return simple.read(file, request)
    except IdxError as error:
        if request.stated is None:
            explain_member(error, opened(), NAME)
        raise


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of the member that `read` reads; the rest may be missing or damaged."""
    assert not isinstance(source, StreamSource)
    return _find(source)[1].read_header()


def _find(source: Source) -> tuple[str, _Member]:
    """The member to read, and its name."""
    members: list[tuple[str, _Member]] = []
    with _open(source) as (opened, content):
        for info in _files(opened, content, source):
            header, error = None, None
            try:
                header = tar.read_member_header(opened, info, source.name)
            except IdxError as caught:
                error = caught.with_traceback(None)  # which keeps the archive alive
            members.append((info.name, _Member(info.offset, header, error)))
    return choose(members, source, NAME, _Member.read_header)


@contextlib.contextmanager
def _open(source: Source) -> Iterator[tuple[tarfile.TarFile, Bounded]]:
    file = cast("BinaryIO", SourceFile(source.in_order()))
    with unpacked(file, source.name) as content:
        bounded_content = Bounded(content)
        bounded_content.left = MAX_PIECE
        with tar.open_file(cast("BinaryIO", bounded_content), source.name) as opened:
            yield opened, bounded_content


def _files(opened: tarfile.TarFile, content: Bounded, source: Source) -> Iterator[tarfile.TarInfo]:
    """The members that are files, within the bounds."""
    limit, headers = _limit(source), 0
    for number, info in enumerate(tar.infos(opened)):
        headers += info.offset_data - info.offset
        end = info.offset_data + info.size
        if number == MAX_MEMBERS or headers > MAX_HEADERS or end > limit:
            raise _too_large(source, info.offset)
        if tar.is_file(info):
            content.left = sys.maxsize
            yield info
        content.left = MAX_PIECE


def _read_rest(content: BinaryIO, source: Source) -> None:
    """Unpack what follows the member, since checksums are at the end of the compressed file."""
    while content.read(_REST):
        if content.tell() > _limit(source):
            raise _too_large(source, content.tell())


def _limit(source: Source) -> int:
    """The most bytes that the archive may unpack to."""
    return max(MAX_RATIO * source.size, MIN_LIMIT)


def _too_large(source: Source, position: int) -> SizeError:
    return SizeError(
        "the compressed tar file holds more than can be searched: unpack it",
        part="container",
        filename=source.name,
        position=position,
        expected=f"at most {MAX_MEMBERS:,} members, {MAX_HEADERS:,} bytes of headers and "
        f"{_limit(source):,} bytes",
        found="more",
    )


@contextlib.contextmanager
def _open_member(
    source: Source, name: str, offset: int, *, is_whole: bool = False
) -> Iterator[StreamSource]:
    """Open a member; if `is_whole`, what follows it is verified, too, once it has been read."""
    file = cast("BinaryIO", SourceFile(source.in_order()))
    with unpacked(file, source.name) as content:
        explaining = functools.partial(tar.explaining, content, source.name)
        with explaining():
            bounded_content = Bounded(content)
            bounded_content.left = MAX_PIECE
            opened = tarfile.TarFile(fileobj=cast("BinaryIO", bounded_content))
        # The caller's code runs while the member is open: its errors are not explained.
        with opened:
            with explaining():
                files = _files(opened, bounded_content, source)
                info = next((info for info in files if info.offset == offset), None)
            if info is None:
                raise _changed(source)
            with bounded.open_member(
                tar.open_member(opened, info),
                source.size,
                name,
                NAME,
                explaining,
                argument_of(source, NAME),
                is_content=is_content(source),
            ) as member:
                yield member
        if is_whole:
            _read_rest(content, source)


def _changed(source: Source) -> IdxError:
    return IdxError(
        "the archive has been replaced or written to while it was read",
        part="container",
        filename=source.name,
        offset=0,
        expected="the same members as before",
        found="others",
    )
