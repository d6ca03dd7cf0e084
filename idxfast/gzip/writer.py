"""Encode data as a gzip file: one member, or many small ones that can be read from anywhere."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from ..native.checksum import crc32
from ..native.encoder import encode
from ..workers import Workers, call_aside
from .container import BGZF_END, pack_bgzf_header, pack_header, pack_trailer

if TYPE_CHECKING:
    from typing_extensions import Buffer

# What bgzip puts into a block: with it, even data that do not compress stay below 64 KiB.
BLOCK_SIZE = 0xFF00
# Bytes from which on a member takes long enough, some 10 ms, for Ctrl-C to come meanwhile.
MIN_ASIDE = 1 << 20


def encode_member(data: memoryview, level: int) -> Generator[Buffer, None, None]:
    """The pieces of one gzip member."""
    if len(data) < MIN_ASIDE:
        stream = encode(data, level)
    else:
        stream = call_aside(partial(encode, data), level)
    yield pack_header(level)
    yield stream
    yield pack_trailer(crc32(data), len(data))


def encode_blocks(data: memoryview, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of a BGZF file, end-of-file block included."""

    def encode_block(start: int) -> bytes:
        block = data[start : start + BLOCK_SIZE]
        stream = encode(block, level)
        header = pack_bgzf_header(level, len(stream))
        return b"".join([header, stream, pack_trailer(crc32(block), len(block))])

    with Workers(threads) as workers:
        yield from workers.map(encode_block, range(0, len(data), BLOCK_SIZE))
    yield BGZF_END
