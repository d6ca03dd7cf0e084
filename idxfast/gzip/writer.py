"""Encode data as a gzip file: one member, or BGZF blocks, which can be read from anywhere.

There are two encoders. Run-length coding (`encode_runs`) makes matches of runs of equal bytes
alone, and is much faster. A search (`encode`) finds other repeated sequences, too. Samples of the
data show which one to use. Pieces that are coded as runs are watched for such sequences as well.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..native.deflate import combine_crc32, crc32, encode, encode_runs
from ..threads.ordered_map import Workers, call_interruptibly
from ..typing import Memory
from .members import MAGIC, TRAILER_SIZE

if TYPE_CHECKING:
    from typing_extensions import Buffer

_FEXTRA = 4
# The empty member that marks the end of a BGZF file.
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
# What a member without data holds after its header.
EMPTY_MEMBER = bytes.fromhex("03000000000000000000")
# The bytes of a block, as bgzip chooses them: even if they do not compress, the block stays below
# 64 KiB.
BLOCK_SIZE = 0xFF00
# The bytes that a thread encodes at a time: some milliseconds, with an overhead of 1%. A
# search of more takes so long that Ctrl-C has to be able to interrupt it.
PIECE_SIZE = 16 * BLOCK_SIZE
# One block in BLOCKS_PER_SAMPLE is a sample, but there are at least MIN_SAMPLES. As each piece is
# watched for repeats, more samples would add little.
BLOCKS_PER_SAMPLE = 256
MIN_SAMPLES = 8
# A piece is searched if a search is estimated to save more than 1/MIN_SAVING of its size as runs.
# For the pieces of MNIST and Fashion-MNIST the estimate is 3 to 10%.
MIN_SAVING = 8
# The libdeflate levels at which each level searches. The smallest result is taken, because higher
# levels are not always better: levels below 6 make ramps of numbers up to 6 times as large as zlib
# does, and levels 7 to 9 make steps with noise up to 2% larger than level 6.
SEARCHES = {level: tuple(range(6, max(level, 6) + 1)) for level in range(1, 13)} | {0: (0,)}
# At least level 7 where a piece repeats itself: level 6 makes a ramp of bytes, each value 50 times,
# 5 times as large as level 7, and takes as long.
SEARCHES_OF_REPEATS = SEARCHES | dict.fromkeys(range(1, 7), (7,))
# For BGZF blocks: bgzip's levels 7, 8 and 9 are libdeflate's 8, 10 and 12.
BLOCK_SEARCHES = {level: (6, 8, 10, 12)[: max(level - 5, 1)] for level in range(1, 13)} | {0: (0,)}
# Up to FAST_LEVEL, runs are enough if they take up at most 1/MAX_EXCESS more than a search; above,
# if they take up no more. For MNIST, where runs take up 1/150 more than level 6, 1 draw of 8 blocks
# in 500 exceeds the limit.
FAST_LEVEL = 6
MAX_EXCESS = 32


class Content(Protocol):
    """Bytes to encode. No other thread can change a slice once it has been taken."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Memory: ...


def encode_member(content: Content, level: int, threads: int) -> Generator[Buffer, None, None]:
    """One gzip member in pieces: coded as runs as far as runs are enough, the rest searched."""
    crc = size = 0
    yield pack_header(level)
    searches = SEARCHES[level]
    with _workers(content, threads) as workers:
        if _are_runs_enough(content, level, workers):
            searches = SEARCHES_OF_REPEATS[level]
            with contextlib.closing(_encode_pieces(content, workers)) as pieces:
                for stream, piece_crc, piece_size in pieces:
                    crc = combine_crc32(crc, piece_crc, piece_size)
                    size += piece_size
                    yield stream
    if size < len(content):
        # A search needs all data at once, and cannot be stopped.
        rest = content[size:]
        yield _search(rest, searches)
        crc = combine_crc32(crc, crc32(rest), len(rest))
    yield pack_trailer(crc, len(content))


def _search(data: Memory, searches: tuple[int, ...]) -> memoryview:
    """The smallest of the streams that the searches give."""
    if len(data) <= PIECE_SIZE and len(searches) == 1:
        return encode(data, searches[0])
    return min((call_interruptibly(partial(encode, data), search) for search in searches), key=len)


def _encode_pieces(
    data: Content, workers: Workers
) -> Generator[tuple[Buffer, int, int], None, None]:
    """Pieces as runs, with CRC-32s and sizes, until a piece needs a search.

    The piece before that one is left to the search as well, because it may hold what is repeated.
    """

    def encode_piece(start: int) -> tuple[bool, tuple[Buffer, int, int]]:
        piece = data[start : start + PIECE_SIZE]
        repeats: list[int] = []
        stream = encode_runs(piece, start + PIECE_SIZE >= len(data), repeats)
        return _needs_search(len(stream), repeats), (stream, crc32(piece), len(piece))

    before = None
    starts = range(0, len(data), PIECE_SIZE)
    with contextlib.closing(workers.map(encode_piece, starts)) as pieces:
        for needs_search, piece in pieces:
            if needs_search:
                return
            if before:
                yield before
            before = piece
    if before:
        yield before


def encode_blocks(
    data: Content, level: int, threads: int, block_size: int = BLOCK_SIZE
) -> Generator[Buffer, None, None]:
    """BGZF blocks of `block_size` bytes of data, one or more at a time; the last may have fewer.

    There is no block without data, and no end-of-file block.
    """
    piece_size = PIECE_SIZE // block_size * block_size
    with _workers(data, threads) as workers:
        runs = _are_runs_enough(data, level, workers)
        searches = BLOCK_SEARCHES[level]
        if runs and level <= FAST_LEVEL:
            searches = SEARCHES_OF_REPEATS[level]

        def pack_block(block: Memory, stream: memoryview) -> bytes:
            header = pack_bgzf_header(level, len(stream))
            return b"".join([header, stream, pack_trailer(crc32(block), len(block))])

        # Ctrl-C has to wait for a search, which takes up to 20 ms for a block.
        def search_block(start: int) -> bytes:
            block = data[start : start + block_size]
            return pack_block(block, min((encode(block, search) for search in searches), key=len))

        def encode_piece(start: int) -> bytes | None:
            """The blocks of a piece as runs; None if they need a search."""
            piece = data[start : start + piece_size]
            blocks = [piece[at : at + block_size] for at in range(0, len(piece), block_size)]
            repeats: list[int] = []
            streams = [encode_runs(block, True, repeats) for block in blocks]
            if _needs_search(sum(map(len, streams)), repeats):
                return None
            return b"".join(map(pack_block, blocks, streams))

        if not runs:
            yield from workers.map(search_block, range(0, len(data), block_size))
        else:
            starts = range(0, len(data), piece_size)
            with contextlib.closing(workers.map(encode_piece, starts)) as pieces:
                for start, piece in zip(starts, pieces, strict=True):
                    stop = min(start + piece_size, len(data))
                    if piece is None:
                        yield from workers.map(search_block, range(start, stop, block_size))
                    else:
                        yield piece


def _workers(data: Content, threads: int) -> Workers:
    """As many threads as there are pieces, but at most `threads`."""
    return Workers(min(threads, len(data) // PIECE_SIZE + 1))


def _are_runs_enough(data: Content, level: int, workers: Workers) -> bool:
    """Whether samples of the data become about as small as runs as they do by a search.

    Small data are searched quickly and need no samples; level 0 does not compress.
    """
    if level == 0 or len(data) <= PIECE_SIZE:
        return False

    def sizes(start: int) -> tuple[int, int]:
        block = data[start : start + BLOCK_SIZE]
        return len(encode_runs(block, True)), len(encode(block, SEARCHES[level][-1]))

    runs, searched = map(sum, zip(*workers.map(sizes, _samples(data)), strict=True))
    return runs <= searched + (searched // MAX_EXCESS if level <= FAST_LEVEL else 0)


def _needs_search(size: int, repeats: list[int]) -> bool:
    """Whether a search would save much of a piece that takes up `size` bytes as runs.

    `repeats` holds estimates of what it would save, block by block.
    """
    return sum(repeats) * MIN_SAVING > size


def _samples(data: Content) -> Iterator[int]:
    """Where the samples start: one block in each group, each time at another place in the group.

    The content of one sample decides where the next one is. So the places cannot be known from the
    size alone, and yet equal data give equal files.
    """
    blocks = -(-len(data) // BLOCK_SIZE)
    group = min(BLOCKS_PER_SAMPLE, blocks // MIN_SAMPLES)
    crc = crc32(data[:BLOCK_SIZE])
    for first in range(0, blocks, group):
        start = BLOCK_SIZE * (first + crc % min(group, blocks - first))
        yield start
        crc = crc32(data[start : start + BLOCK_SIZE], crc)


def pack_header(level: int, flags: int = 0) -> bytes:
    """A member's header, without time stamp and name, so that equal data give equal files."""
    # XFL, as gzip sets it: 2 for the densest compression, 4 for the fastest.
    extra_flags = 2 if level >= 8 else 4 if level <= 1 else 0
    return MAGIC + struct.pack("<BBIBB", 8, flags, 0, extra_flags, 255)


def pack_bgzf_header(level: int, deflate_size: int) -> bytes:
    """The header of a BGZF block with `deflate_size` bytes of compressed data."""
    header = pack_header(level, _FEXTRA)
    size = len(header) + 8 + deflate_size + TRAILER_SIZE
    return header + struct.pack("<H2sHH", 6, b"BC", 2, size - 1)


def pack_trailer(crc: int, size: int) -> bytes:
    """A member's trailer: the CRC-32 of the data, and their length modulo 2^32."""
    return struct.pack("<II", crc, size & 0xFFFFFFFF)
