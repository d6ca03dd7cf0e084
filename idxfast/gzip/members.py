"""gzip members (RFC 1952): the headers, trailers and padding around the compressed data."""

from __future__ import annotations

import struct

from ..errors import ChecksumError, GzipError, TrailingDataError, TruncatedError
from ..native.deflate import crc32
from ..native.inflate import CHECKSUM, FLAGS, METHOD, NONE, read_header
from .input_buffer import InputBuffer

MAGIC = b"\x1f\x8b"
TRAILER_SIZE = 8

# BGZF (the SAM/BAM specification, section 4.1) consists of blocks: members of at most 64 KiB that
# state their own size in an extra field, "BC".
BGZF_MAX_SIZE = 65536
BGZF_HEADER_SIZE = 18

# RFC 1952 does not limit names and comments. Without a limit, a header whose name never ends would
# be kept in memory as a whole.
MAX_MEMBER_HEADER = 1 << 20


def is_bgzf(start: bytes) -> bool:
    """Whether a gzip file starts with a BGZF block, as bgzip writes one."""
    return start[:4] == MAGIC + b"\x08\x04" and start[10:16] == b"\x06\x00BC\x02\x00"


def skip_padding(input: InputBuffer) -> bool:
    """Skip zeros after a member in this chunk, as `gzip` does; False if there are none."""
    input.fill(len(MAGIC))
    data = input.unread
    if not len(data) or data[0]:
        return False
    input.skip(int((data != 0).argmax()) or len(data))
    return True


def read_member_header(input: InputBuffer, member: int, position: int) -> bool:
    """Read a member's header; False at the end of the file.

    Parameters
    ----------
    input : InputBuffer
        At the end of the previous member.
    member : int
        The member's number, from 1.
    position : int
        Where in the unpacked stream the member's data begin.

    Raises
    ------
    GzipError, TruncatedError
        If the header is damaged, cut short or longer than 1 MiB.
    TrailingDataError
        If something else follows the last member.
    """
    input.fill(len(MAGIC))
    start = input.unread[:4].tobytes()
    if not start:
        return False
    if start[:2] != MAGIC[: len(start)]:
        reason = f"something else follows gzip member {member - 1}"
        expected = "the end of the file or another member"
        found = start.hex(" ")
        raise input.fault(TrailingDataError, reason, position, expected, found, part="end")
    header = f"the header of gzip member {member} is"
    while (size := _header_size(input, member, position)) is None:
        count = len(input.unread)
        if input.at_end:
            reason, found = f"{header} cut short", f"{count:,} bytes"
            raise input.fault(
                TruncatedError, reason, position, "a whole header", found, ahead=count
            )
        if count > MAX_MEMBER_HEADER:
            expected = f"at most {MAX_MEMBER_HEADER:,} bytes"
            raise input.fault(GzipError, f"{header} too long", position, expected, "more")
        input.grow()
    input.skip(size)
    return True


def verify_trailer(input: InputBuffer, member: int, position: int, crc: int, size: int) -> None:
    """Compare a member's trailer with the CRC-32 and the length of its data.

    Parameters
    ----------
    input, member
        As for `read_member_header`.
    position : int
        Where in the unpacked stream the member's data end.
    crc, size : int
        The CRC-32 and the length of the data.

    Raises
    ------
    TruncatedError
        If the file ends inside the trailer.
    ChecksumError
        If either differs. The trailer holds the length modulo 2^32.
    """
    input.fill(TRAILER_SIZE)
    data = memoryview(input.unread)
    count = len(data)
    if count < TRAILER_SIZE:
        reason = f"the trailer of gzip member {member} is cut short"
        expected, found = f"{TRAILER_SIZE} bytes", f"{count} bytes"
        raise input.fault(TruncatedError, reason, position, expected, found, ahead=count)
    stored_crc, stored_size = struct.unpack_from("<II", data)
    if stored_crc != crc:
        reason = f"the CRC-32 of gzip member {member} is wrong: the data are damaged"
        expected, found = f"0x{stored_crc:08x}", f"0x{crc:08x}"
        raise input.fault(ChecksumError, reason, position, expected, found)
    size &= 0xFFFFFFFF
    if stored_size != size:
        reason = f"the length of gzip member {member} is wrong: the data are damaged"
        raise input.fault(ChecksumError, reason, position, stored_size, size, ahead=4)
    input.skip(TRAILER_SIZE)


def _header_size(input: InputBuffer, member: int, position: int) -> int | None:
    """The size of the member header that comes next, or None if it continues after the chunk."""
    data = memoryview(input.unread)
    size, fault = read_header(data, 0)
    found: int | str
    if fault == METHOD:
        reason, at = f"gzip member {member} has compression method {data[2]}", 2
        expected, found = "method 8 (DEFLATE)", data[2]
    elif fault == FLAGS:
        reason, at = f"gzip member {member} has reserved flags set", 3
        expected, found = "flags below 0x20", f"0x{data[3]:02x}"
    elif fault == CHECKSUM:
        reason, at = f"the checksum of the header of gzip member {member} is wrong", size
        (stored,) = struct.unpack_from("<H", data, size)
        expected, found = f"0x{stored:04x}", f"0x{crc32(data[:size]) & 0xFFFF:04x}"
    else:
        return size if fault == NONE else None
    raise input.fault(GzipError, reason, position, expected, found, ahead=at)
