"""From member to member of a gzip file: their headers, trailers and padding."""

from __future__ import annotations

import struct

from ..errors import ChecksumError, GzipError, TrailingDataError, TruncatedError
from .container import MAGIC, TRAILER_SIZE, header_size
from .feed import Feed

# RFC 1952 sets no limit to a name or a comment. A file without an end to one would have to be kept
# in memory as a whole.
MAX_MEMBER_HEADER = 1 << 20


def skip_padding(feed: Feed) -> bool:
    """Skip zeros after a member, as `gzip` does, in this chunk; False if there are none."""
    feed.fill(len(MAGIC))
    data = feed.unread
    if not len(data) or data[0]:
        return False
    feed.skip(int((data != 0).argmax()) or len(data))
    return True


def enter(feed: Feed, filename: str, member: int, position: int) -> bool:
    """Read the header of a member; False at the end of the file.

    Parameters
    ----------
    feed : Feed
        Where the member before ends.
    filename : str
    member : int
        Its number, from 1.
    position : int
        Where in the unpacked stream its data begin.

    Raises
    ------
    GzipError, TruncatedError
        If the header is damaged, cut short or longer than 1 MiB.
    TrailingDataError
        If something else follows the last member.
    """
    feed.fill(len(MAGIC))
    data = memoryview(feed.unread)
    if not len(data):
        return False
    if data[:2] != MAGIC[: len(data)]:
        raise TrailingDataError(
            f"something else follows gzip member {member - 1}",
            filename=filename,
            offset=feed.offset,
            position=position,
            expected="the end of the file or another member",
            found=bytes(data[:4]).hex(" "),
        )
    size = header_size(data, filename, feed.offset, position, member)
    while size is None:
        if feed.at_end:
            raise TruncatedError(
                f"the header of gzip member {member} is cut short",
                filename=filename,
                offset=feed.offset + len(data),
                position=position,
                expected="a whole header",
                found=f"{len(data):,} bytes",
            )
        if len(data) > MAX_MEMBER_HEADER:
            raise GzipError(
                f"the header of gzip member {member} is too long",
                filename=filename,
                offset=feed.offset,
                position=position,
                expected=f"at most {MAX_MEMBER_HEADER:,} bytes",
                found="more",
            )
        feed.grow()
        data = memoryview(feed.unread)
        size = header_size(data, filename, feed.offset, position, member)
    feed.skip(size)
    return True


def leave(feed: Feed, filename: str, member: int, position: int, crc: int, size: int) -> None:
    """Read the trailer of a member and hold it against the data's CRC-32 and length.

    Parameters
    ----------
    feed, filename, member
        As for `enter`.
    position : int
        Where in the unpacked stream its data end.
    crc, size : int
        CRC-32 and length of the data.

    Raises
    ------
    TruncatedError
        If the file ends inside the trailer.
    ChecksumError
        If either differs; the length modulo 2^32, which is what the format stores.
    """
    feed.fill(TRAILER_SIZE)
    data = memoryview(feed.unread)
    if len(data) < TRAILER_SIZE:
        raise TruncatedError(
            f"the trailer of gzip member {member} is cut short",
            filename=filename,
            offset=feed.offset + len(data),
            position=position,
            expected=f"{TRAILER_SIZE} bytes",
            found=f"{len(data)} bytes",
        )
    stored_crc, stored_size = struct.unpack_from("<II", data)
    if stored_crc != crc:
        raise ChecksumError(
            f"the CRC-32 of gzip member {member} is wrong: the data are damaged",
            filename=filename,
            offset=feed.offset,
            position=position,
            expected=f"0x{stored_crc:08x}",
            found=f"0x{crc:08x}",
        )
    if stored_size != size & 0xFFFFFFFF:
        raise ChecksumError(
            f"the length of gzip member {member} is wrong: the data are damaged",
            filename=filename,
            offset=feed.offset + 4,
            position=position,
            expected=stored_size,
            found=size & 0xFFFFFFFF,
        )
    feed.skip(TRAILER_SIZE)
