"""gzip members (RFC 1952): what stands around the compressed data."""

from __future__ import annotations

import struct

from ..errors import GzipError
from ..native.checksum import crc32
from ..native.members import CHECKSUM, FLAGS, METHOD, NONE, read_header

MAGIC = b"\x1f\x8b"
TRAILER_SIZE = 8

_FEXTRA = 4

# BGZF (the SAM/BAM specification, section 4.1): members of at most 64 KiB that state their own
# size in an extra field, "BC", and an empty one that marks the end of the file.
BGZF_MAX_SIZE = 65536
BGZF_HEADER_SIZE = 18
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def header_size(
    data: memoryview, filename: str, offset: int, position: int, member: int
) -> int | None:
    """Bytes of the member header that `data` starts with, or None if it does not end inside.

    Parameters
    ----------
    data : memoryview
        The first two bytes are known to be `MAGIC`.
    filename : str
    offset, position, member : int
        Where `data` starts in the file, where its data begin in the unpacked stream, and which
        member this is, from 1: for messages.

    Raises
    ------
    GzipError
        If the method is not DEFLATE, a reserved flag is set, or the header's own checksum
        (FHCRC) is wrong.
    """
    size, fault = read_header(data, 0)
    if fault == METHOD:
        raise GzipError(
            f"gzip member {member} has compression method {data[2]}",
            filename=filename,
            offset=offset + 2,
            position=position,
            expected="method 8 (DEFLATE)",
            found=data[2],
        )
    if fault == FLAGS:
        raise GzipError(
            f"gzip member {member} has reserved flags set",
            filename=filename,
            offset=offset + 3,
            position=position,
            expected="flags below 0x20",
            found=f"0x{data[3]:02x}",
        )
    if fault == CHECKSUM:
        (stored,) = struct.unpack_from("<H", data, size)
        raise GzipError(
            f"the checksum of the header of gzip member {member} is wrong",
            filename=filename,
            offset=offset + size,
            position=position,
            expected=f"0x{stored:04x}",
            found=f"0x{crc32(data[:size]) & 0xFFFF:04x}",
        )
    return size if fault == NONE else None


def is_bgzf(start: bytes) -> bool:
    """Whether a gzip file starts with a BGZF block, as bgzip writes one."""
    return start[:4] == MAGIC + bytes([8, _FEXTRA]) and start[10:16] == b"\x06\x00BC\x02\x00"


def pack_header(level: int) -> bytes:
    """The header of a plain member: no time stamp, no name, so that equal data are equal files."""
    return MAGIC + struct.pack("<BBIBB", 8, 0, 0, _extra_flags(level), 255)


def pack_bgzf_header(level: int, deflate_size: int) -> bytes:
    """The header of a BGZF block around so many bytes of compressed data."""
    header = MAGIC + struct.pack("<BBIBB", 8, _FEXTRA, 0, _extra_flags(level), 255)
    size = len(header) + 8 + deflate_size + TRAILER_SIZE
    return header + struct.pack("<H2sHH", 6, b"BC", 2, size - 1)


def pack_trailer(crc: int, size: int) -> bytes:
    """CRC-32 and length, modulo 2^32, of the data."""
    return struct.pack("<II", crc, size & 0xFFFFFFFF)


def _extra_flags(level: int) -> int:
    """XFL, as gzip sets it: 2 for the densest compression, 4 for the fastest."""
    return 2 if level >= 8 else 4 if level <= 1 else 0
