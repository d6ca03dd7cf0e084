"""gzip files of many small blocks and members, for segments as small."""

import gzip
import struct
import zlib

import numpy as np

from files.handmade import Deflate, deflate, member

DICE = np.random.default_rng(6)


def images(count):
    """Blots on zeros, much like handwriting."""
    out = np.zeros((count, 28, 28), np.uint8)
    out[:, 8:17, 9:16] = DICE.integers(0, 256, (count, 9, 7))
    return out.tobytes()


def small_blocks(data, memory=4):
    """Dynamic blocks of some 1,000 symbols, with matches that lead to the blocks before."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, memory)
    return packer.compress(data) + packer.flush()


def in_members(data, *sizes):
    pieces, at = [], 0
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(member(data[at : at + size], body=small_blocks(data[at : at + size])))
        at += size
    return b"".join(pieces)


IMAGES = images(400)
LETTERS = DICE.integers(0, 30, 100_000, np.uint8).tobytes()

FILES = {
    "images": member(IMAGES, body=small_blocks(IMAGES, 6)),
    "small blocks": member(IMAGES, body=small_blocks(IMAGES)),
    "letters": member(LETTERS, body=small_blocks(LETTERS)),
    "stored": gzip.compress(LETTERS, 0),
    "one fixed block": member(LETTERS, body=Deflate().fixed([*LETTERS], True).pack()),
    "members": in_members(IMAGES, 30_000, 70_001, 1),
    "many members": in_members(LETTERS, 5_000, 10, 900),
    "zeros": gzip.compress(bytes(8_000_000), 9),
    "padding": in_members(LETTERS, 30_000) + bytes(5_000),
}

CONTENTS = {name: gzip.decompress(file) for name, file in FILES.items()}


def blocks(data, size=9_000):
    """BGZF's."""
    pieces = []
    for at in range(0, len(data), size):
        part = data[at : at + size]
        body = deflate(part)
        extra = b"BC\2\0" + struct.pack("<H", 12 + 6 + len(body) + 8 - 1)
        pieces.append(member(part, extra=extra, body=body))
    return b"".join(pieces)
