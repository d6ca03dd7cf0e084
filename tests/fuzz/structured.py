"""Mutation of IDX files, raw and gzip, that keeps most of each file whole.

A file is taken apart into its content and its container; one of them is changed by the fuzzer, or
exchanged for another; then it is packed again, with lengths and checksums that are right. What
cannot be taken apart, and one file in four, is changed as plain bytes.
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
    if choose.random() < 0.3:
        return _seekable(content, choose)
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


def _seekable(content, choose):
    """In blocks, with a table that lists their sizes, now and then wrong ones that add up."""
    start = 4 + 4 * content[3] if len(content) > 3 else 4
    pieces, at = [content[:start]], start
    while at < len(content):
        size = choose.choice((1, 28, 300, 5_000))
        pieces.append(content[at : at + size])
        at += size
    blocks = [_block(piece, 6 if number else 0) for number, piece in enumerate(pieces)]
    sizes = [[len(block), len(piece)] for block, piece in zip(blocks, pieces, strict=True)]
    for column in (0, 1):
        if choose.random() < 0.2:
            one, other = choose.randrange(len(sizes)), choose.randrange(len(sizes))
            step = choose.choice((1, 1, 2, sizes[one][column]))
            sizes[one][column] -= step
            sizes[other][column] += step
    listed = b"".join(
        struct.pack("<HH", (packed - 1) & 0xFFFF, unpacked & 0xFFFF) for packed, unpacked in sizes
    )
    first = sum(map(len, blocks)) + choose.choice((0,) * 15 + (-1, 28))
    listed = (listed + struct.pack("<qI", first, choose.choice((1,) * 15 + (2,))))[-60_000:]
    field = b"IX" + struct.pack("<H", len(listed) + 4) + listed
    field += struct.pack("<I", zlib.crc32(listed) ^ choose.choice((0,) * 15 + (1,)))
    return b"".join([*blocks, _block(b"", 6, field), _block(b"", 6)])


def _block(data, level, field=b""):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    stream = packer.compress(data) + packer.flush()
    size = len(stream) + len(field) + 25
    extra = struct.pack("<H2sHH", len(field) + 6, b"BC", 2, size & 0xFFFF) + field
    trailer = struct.pack("<II", zlib.crc32(data), len(data))
    return b"\x1f\x8b\x08\4\0\0\0\0\0\xff" + extra + stream + trailer
