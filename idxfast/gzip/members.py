"""From member to member of a gzip file: what stands before, between and behind them."""

from __future__ import annotations

import struct

from ..errors import ChecksumError, TrailingDataError, TruncatedError
from .container import MAGIC, TRAILER_SIZE, header_size
from .segments import Feed


def enter(feed: Feed, filename: str, member: int) -> bool:
    """Read over the header of a member (counted from 1); False if the file has no more of them.

    The file starts with one. Zero padding before the others is read over, too, as `gzip` does.

    Raises
    ------
    GzipError, TruncatedError
        If the header is damaged or cut short.
    TrailingDataError
        If something else follows the last member.
    """
    feed.fill(len(MAGIC))
    data = feed.unread
    while len(data) and data[0] == 0:
        feed.skip(_zeros(data))
        feed.fill(len(MAGIC))
        data = feed.unread
    if not len(data):
        return False
    if data[:2] != MAGIC[: len(data)]:
        raise TrailingDataError(
            f"something else follows gzip member {member - 1}",
            filename=filename,
            offset=feed.offset,
            expected="the end of the file or another member",
            found=bytes(data[:4]).hex(" "),
        )
    size = header_size(data, filename, feed.offset, member)
    while size is None:
        if feed.at_end:
            raise TruncatedError(
                f"the header of gzip member {member} is cut short",
                filename=filename,
                offset=feed.offset,
                expected="a whole header",
                found=f"{len(data)} bytes",
            )
        feed.grow()
        data = feed.unread
        size = header_size(data, filename, feed.offset, member)
    feed.skip(size)
    return True


def leave(feed: Feed, filename: str, member: int, crc: int, size: int) -> None:
    """Read the trailer of a member and hold it against the data's CRC-32 and length.

    Raises
    ------
    TruncatedError
        If the file ends inside the trailer.
    ChecksumError
        If either differs; the length modulo 2^32, which is what the format stores.
    """
    feed.fill(TRAILER_SIZE)
    data = feed.unread
    if len(data) < TRAILER_SIZE:
        raise TruncatedError(
            f"the trailer of gzip member {member} is cut short",
            filename=filename,
            offset=feed.offset + len(data),
            expected=f"{TRAILER_SIZE} bytes",
            found=f"{len(data)} bytes",
        )
    stored_crc, stored_size = struct.unpack_from("<II", data)
    if stored_crc != crc:
        raise ChecksumError(
            f"the CRC-32 of gzip member {member} is wrong: the data are damaged",
            filename=filename,
            offset=feed.offset,
            expected=f"0x{stored_crc:08x}",
            found=f"0x{crc:08x}",
        )
    if stored_size != size & 0xFFFFFFFF:
        raise ChecksumError(
            f"the length of gzip member {member} is wrong: the data are damaged",
            filename=filename,
            offset=feed.offset + 4,
            expected=stored_size,
            found=size & 0xFFFFFFFF,
        )
    feed.skip(TRAILER_SIZE)


def _zeros(data: memoryview) -> int:
    """How many zeros `data` starts with, as far as it was looked at: one at the least."""
    piece = bytes(data[: 64 << 10])
    return len(piece) - len(piece.lstrip(b"\0"))
