"""Mutation of IDX files, raw and gzip, that keeps most of each file whole.

A file is taken apart into its content and its container; one of them is changed by the fuzzer, or
exchanged for another; then it is packed again, with lengths and checksums that are right. What
cannot be taken apart, and one file of four, is changed as mere bytes.
"""

import gzip
import random
import struct
import zlib

import atheris

_TYPES = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E)
_SIZES = {0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}
_NUMBERS = (0, 1, 2, 3, 28, 255, 256, 65535, 65536, 1 << 31, (1 << 32) - 1)


def mutate(data, max_size, seed):
    """As `atheris.Setup` calls a custom mutator."""
    choose = random.Random(seed)
    content = _unpack(data)
    if content is None or choose.random() < 0.25:
        return atheris.Mutate(data, len(data)) if data else b"\0"
    kind = choose.randrange(4)
    if kind == 0:
        content = atheris.Mutate(content, len(content)) if content else b"\0"
    elif kind == 1:
        content = _with_number(content, choose)
    elif kind == 2:
        content = _new(choose)
    return _pack(content, choose)[:max_size]


def _unpack(data):
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)[:65536]
    except (OSError, EOFError, zlib.error):
        return None


def _new(choose):
    """A file whose header is true, or nearly so."""
    code = choose.choice(_TYPES)
    ndim = choose.choice((0, 1, 1, 2, 3, 3, 4, 64, 65))
    shape = [choose.choice(_NUMBERS[:6]) for _ in range(ndim)]
    size = _SIZES.get(code, 1)
    for length in shape:
        size *= length
    size = min(size, 20_000) + choose.choice((0, 0, 0, 0, -1, 1))
    payload = choose.randbytes(64) * (max(size, 0) // 64 + 1)
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + payload[: max(size, 0)]


def _with_number(content, choose):
    """One of the header's fields changed."""
    fields = bytearray(content)
    if len(fields) < 8 or choose.random() < 0.3:
        at = choose.randrange(4)
        fields[at : at + 1] = bytes([choose.choice((*_TYPES, *range(5), 64, 65, 255))])
    else:
        at = 4 + 4 * choose.randrange(min(len(fields) // 4 - 1, 4))
        fields[at : at + 4] = struct.pack(">I", choose.choice(_NUMBERS))
    return bytes(fields)


def _pack(content, choose):
    """Raw, or in a few members of different make, with or without something between them."""
    if choose.random() < 0.2:
        return content
    pieces = []
    for _ in range(choose.choice((1, 1, 1, 2, 3))):
        size = choose.randint(0, len(content))
        pieces.append(content[:size])
        content = content[size:]
    pieces[-1] += content
    packed = b""
    for piece in pieces:
        packed += _member(piece, choose)
        packed += choose.choice((b"",) * 6 + (b"\0", bytes(9), b"x"))
    return packed


def _member(data, choose):
    level, memory = choose.choice((0, 1, 6, 9)), choose.choice((1, 8))
    strategy = choose.choice((0, 0, 2, 3, 4))
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    stream = packer.compress(data) + packer.flush()
    flags = choose.choice((0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 32, "bgzf"))
    if flags == "bgzf":
        flags, size = 4, len(stream) + 25 + choose.choice((0, 0, 1))
        extra = struct.pack("<2sHH", b"BC", 2, size & 0xFFFF)
    else:
        extra = b"ab\1\0x"
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff"
    if flags & 4:
        header += struct.pack("<H", len(extra)) + extra
    header += b"name\0" * (flags >> 3 & 1) + b"comment\0" * (flags >> 4 & 1)
    if flags & 2:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    wrong = choose.choice((0,) * 15 + (1,))
    return header + stream + struct.pack("<II", zlib.crc32(data) ^ wrong, len(data))
