"""What the standard library's zlib is good for here: a look at the first bytes of a stream
without decoding a whole segment, and the reason why a stream is damaged."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from ..errors import GzipError, TruncatedError
from ..source import Source
from .container import TRAILER_SIZE
from .members import enter
from .segments import Feed

_RAW = -15  # zlib's number for DEFLATE without a wrapper
_PIECE = 4096
_SINK = 1 << 20


class Damage(NamedTuple):
    """What zlib says of a DEFLATE stream: why, at which byte of the file, after how much data."""

    reason: str | None  # None: it ends early
    offset: int
    unpacked: int


def read_prefix(source: Source, count: int) -> bytes:
    """The first bytes of the unpacked stream, as many as asked or all there are; unverified.

    Raises
    ------
    IdxError
        If the container or the compressed data are damaged that early.
    """
    feed = Feed(source, chunk=_PIECE)
    prefix = b""
    member = 1
    while len(prefix) < count and enter(feed, source.name, member):
        inflater = zlib.decompressobj(_RAW)
        while not inflater.eof and len(prefix) < count:
            feed.fill(1)
            piece = feed.unread
            if not piece:
                raise TruncatedError(
                    f"the compressed data of gzip member {member} end early",
                    filename=source.name,
                    offset=feed.offset,
                    expected="more compressed data",
                    found="the end of the file",
                )
            try:
                prefix += inflater.decompress(piece, count - len(prefix))
            except zlib.error as error:
                raise GzipError(
                    f"the compressed data of gzip member {member} are damaged: {_reason(error)}",
                    filename=source.name,
                    offset=feed.offset,
                    expected="a DEFLATE stream",
                    found=_reason(error),
                ) from None
            feed.skip(len(piece) - len(inflater.unconsumed_tail) - len(inflater.unused_data))
        feed.fill(TRAILER_SIZE)
        feed.skip(min(TRAILER_SIZE, len(feed.unread)))
        member += 1
    return prefix


def find_damage(source: Source, offset: int) -> Damage | None:
    """Where and why a DEFLATE stream that starts at an offset is damaged; None if zlib accepts it.

    It decodes all of the stream up to there, at zlib's pace.
    """
    inflater = zlib.decompressobj(_RAW)
    unpacked = 0
    while not inflater.eof:
        piece = source.read(offset, _PIECE)
        if not piece:
            return Damage(None, offset, unpacked)
        before, unpacked_before = inflater.copy(), unpacked
        try:
            unpacked += _drain(inflater, piece)
        except zlib.error:
            return _find_in_piece(before, piece, offset, unpacked_before)
        offset += len(piece)
    return None


def _find_in_piece(inflater: zlib._Decompress, piece: bytes, offset: int, unpacked: int) -> Damage:
    """The byte of a piece at which zlib gives up."""
    for at in range(len(piece)):
        try:
            unpacked += _drain(inflater, piece[at : at + 1])
        except zlib.error as error:
            return Damage(_reason(error), offset + at, unpacked)
    raise AssertionError("zlib refused a piece and then took it byte by byte")


def _drain(inflater: zlib._Decompress, piece: bytes) -> int:
    """Feed a piece, let the data go, and return how many they were."""
    count = len(inflater.decompress(piece, _SINK))
    while inflater.unconsumed_tail:
        count += len(inflater.decompress(inflater.unconsumed_tail, _SINK))
    return count


def _reason(error: zlib.error) -> str:
    """zlib's words without Python's: "Error -3 while decompressing data: invalid block type"."""
    return str(error).rpartition(": ")[2]
