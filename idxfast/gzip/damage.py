"""Where and why a DEFLATE stream is damaged: the standard library's zlib finds out, and says."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from ..errors import GzipError
from ..source import Source

RAW = -15  # zlib's number for DEFLATE without a wrapper
_PIECE = 4096
_SINK = 64 << 10


class Damage(NamedTuple):
    """What zlib says of a DEFLATE stream: why, at which byte of the file, after how much data."""

    reason: str | None  # None: it ends early, or goes on for too long
    offset: int
    unpacked: int


def find_damage(source: Source, offset: int, limit: int | None = None) -> Damage | None:
    """Where and why a DEFLATE stream that starts at an offset is damaged; None if zlib accepts it.

    It decodes all of the stream up to there, at zlib's pace, or until there are more bytes of data
    than the limit.
    """
    inflater = zlib.decompressobj(RAW)
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
        if limit is not None and unpacked > limit:
            return Damage(None, offset, unpacked)
    return None


def _find_in_piece(inflater: zlib._Decompress, piece: bytes, offset: int, unpacked: int) -> Damage:
    """The byte of a piece at which zlib gives up."""
    for at in range(len(piece)):
        try:
            unpacked += _drain(inflater, piece[at : at + 1])
        except zlib.error as error:
            return Damage(reason_of(error), offset + at, unpacked)
    raise AssertionError("zlib refused a piece and then took it byte by byte")


def _drain(inflater: zlib._Decompress, piece: bytes) -> int:
    """Feed a piece, let the data go, and return how many they were."""
    count = len(inflater.decompress(piece, _SINK))
    # At the end of the stream, what follows it may be left there.
    while inflater.unconsumed_tail and not inflater.eof:
        count += len(inflater.decompress(inflater.unconsumed_tail, _SINK))
    return count


def reason_of(error: zlib.error) -> str:
    """zlib's words without Python's: "Error -3 while decompressing data: invalid block type"."""
    return str(error).rpartition(": ")[2]


def damaged(filename: str, member: int, reason: str, offset: int) -> GzipError:
    """The error for a member whose compressed data are damaged."""
    return GzipError(
        f"the compressed data of gzip member {member} are damaged: {reason}",
        filename=filename,
        offset=offset,
        expected="a DEFLATE stream",
        found=reason,
    )
