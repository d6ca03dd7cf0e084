"""Seekable files made by hand, after the specification, by the standard library alone."""

import math
import struct
import zlib

from files.handmade import deflate, idx

END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
FULL = 16_372


def block(data, level=6):
    """A BGZF block; level 0 stores the data."""
    body = deflate(data, level)
    header = b"\x1f\x8b\x08\4\0\0\0\0\0\xff" + struct.pack("<H2sHH", 6, b"BC", 2, len(body) + 25)
    return header + body + struct.pack("<II", zlib.crc32(data), len(data))


def table(pairs, first, count, /, **wrong):
    """One table of (packed, unpacked) sizes; fields may be given other values than the right ones.

    The CRC-32 is that of the fields as they are.
    """
    sizes = b"".join(struct.pack("<HH", packed - 1, unpacked) for packed, unpacked in pairs)
    content = sizes + struct.pack("<QI", wrong.get("first", first), wrong.get("count", count))
    field = content + struct.pack("<I", zlib.crc32(content) ^ wrong.get("crc", 0))
    xlen, size = len(field) + 10, len(field) + 32
    return (
        wrong.get("start", b"\x1f\x8b\x08\4\0\0\0\0\0\xff")
        + struct.pack("<H", wrong.get("xlen", xlen))
        + wrong.get("bc", b"BC\2\0")
        + struct.pack("<H", wrong.get("size", size - 1))
        + wrong.get("name", b"IX")
        + struct.pack("<H", wrong.get("length", len(field)))
        + field
        + wrong.get("body", b"\3\0" + bytes(8))
    )


def tables(pairs, **wrong):
    first, count = sum(packed for packed, _ in pairs), math.ceil(len(pairs) / FULL)
    return b"".join(
        table(pairs[at : at + FULL], first, count, **wrong) for at in range(0, len(pairs), FULL)
    )


def seekable(code, shape, pieces, level=6, make=tables):
    """A file whose blocks hold these pieces of the payload; `make` makes its tables."""
    data = [idx(code, *shape), *pieces]
    blocks = [block(piece, level if number else 0) for number, piece in enumerate(data)]
    pairs = [(len(packed), len(piece)) for packed, piece in zip(blocks, data, strict=True)]
    return b"".join(blocks) + make(pairs) + END
