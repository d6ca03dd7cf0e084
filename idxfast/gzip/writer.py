"""Encode data as a gzip file: one member, or many small ones that can be read from anywhere."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..native.checksum import combine_crc32, crc32
from ..native.encoder import encode
from ..native.run_length import encode_runs
from ..typing import Memory
from ..workers import Workers, call_aside
from .container import BGZF_END, pack_bgzf_header, pack_header, pack_trailer

if TYPE_CHECKING:
    from typing_extensions import Buffer

# What bgzip puts into a block: with it, even data that do not compress stay below 64 KiB.
BLOCK_SIZE = 0xFF00
# Bytes that a thread encodes at a time: some milliseconds, of which what is around them takes 1%.
# A search in more takes so long that Ctrl-C may come meanwhile.
PIECE_SIZE = 16 * BLOCK_SIZE
# One block in so many shows whether runs are enough, and of small data so many blocks at least.
SAMPLED = 64
MIN_SAMPLES = 8
# libdeflate's levels at which each level searches. Of the outcomes the smallest is taken, for its
# levels are not in order: of ramps of numbers, those below 6 make up to 6 times as much as zlib's,
# and of steps with noise, 7 to 9 make up to 2% more than 6.
SEARCHES = {level: tuple(range(6, max(level, 6) + 1)) for level in range(1, 13)} | {0: (0,)}
# And of a block: bgzip's levels 7, 8 and 9 are libdeflate's 8, 10 and 12.
BLOCK_SEARCHES = {level: (6, 8, 10, 12)[: max(level - 5, 1)] for level in range(1, 13)} | {0: (0,)}
# Up to this level runs are enough with one part in so many more; above it, size is all that counts.
# Of MNIST, where runs take up 1/150 more than level 6, 1 draw of 8 blocks in 500 passes the limit.
FAST_LEVEL = 6
MORE = 32
# Its multiples, modulo 1, spread most evenly.
GOLDEN_RATIO = 0.618


class Content(Protocol):
    """Bytes; no other thread can change the parts that are taken from them."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Memory: ...


def encode_member(content: Content, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of one gzip member."""
    with _workers(content, threads) as workers:
        if _are_runs_enough(content, level, workers):
            yield pack_header(level)
            yield from _encode_pieces(content, workers)
            return
    # The search wants all of it at once, and then nothing stops it.
    data = content[:]
    yield pack_header(level)
    yield _search(data, SEARCHES[level])
    yield pack_trailer(crc32(data), len(data))


def _search(data: Memory, levels: tuple[int, ...]) -> memoryview:
    """The smallest stream of some levels."""
    is_fast = len(data) <= PIECE_SIZE and len(levels) == 1
    search = partial(encode, data) if is_fast else partial(call_aside, partial(encode, data))
    smallest = search(levels[0])
    for level in levels[1:]:
        smallest = min(smallest, search(level), key=len)
    return smallest


def _encode_pieces(data: Content, workers: Workers) -> Generator[Buffer, None, None]:
    """A member's data as runs, and its trailer."""

    def encode_piece(start: int) -> tuple[Buffer, int, int]:
        piece = data[start : start + PIECE_SIZE]
        is_last = start + PIECE_SIZE >= len(data)
        return encode_runs(piece, is_last), crc32(piece), len(piece)

    crc = 0
    starts = range(0, len(data), PIECE_SIZE)
    with contextlib.closing(workers.map(encode_piece, starts)) as pieces:
        for stream, piece_crc, piece_size in pieces:
            crc = combine_crc32(crc, piece_crc, piece_size)
            yield stream
    yield pack_trailer(crc, len(data))


def encode_blocks(data: Content, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of a BGZF file, end-of-file block included."""
    with _workers(data, threads) as workers:
        runs = _are_runs_enough(data, level, workers)

        def search_block(block: Memory) -> memoryview:
            return min((encode(block, search) for search in BLOCK_SEARCHES[level]), key=len)

        def encode_block(start: int) -> bytes:
            block = data[start : start + BLOCK_SIZE]
            stream = encode_runs(block, True) if runs else search_block(block)
            header = pack_bgzf_header(level, len(stream))
            return b"".join([header, stream, pack_trailer(crc32(block), len(block))])

        # A search in a single block may take 20 ms, for which Ctrl-C has to wait.
        size = PIECE_SIZE if runs else BLOCK_SIZE

        def encode_piece(start: int) -> bytes:
            stop = min(start + size, len(data))
            return b"".join(map(encode_block, range(start, stop, BLOCK_SIZE)))

        yield from workers.map(encode_piece, range(0, len(data), size))
    yield BGZF_END


def _workers(data: Content, threads: int) -> Workers:
    """As many threads as there are pieces, and no more than asked for."""
    return Workers(min(threads, len(data) // PIECE_SIZE + 1))


def _are_runs_enough(data: Content, level: int, workers: Workers) -> bool:
    """Whether samples of the data become about as small without a search for repeats.

    Data that are searched quickly are not worth samples, and level 0 stores.
    """
    if level == 0 or len(data) <= PIECE_SIZE:
        return False

    def sizes(start: int) -> tuple[int, int]:
        block = data[start : start + BLOCK_SIZE]
        return len(encode_runs(block, True)), len(encode(block, SEARCHES[level][-1]))

    samples = [*workers.map(sizes, _samples(len(data)))]
    runs = sum(size for size, _ in samples)
    searched = sum(size for _, size in samples)
    return runs <= searched + (searched // MORE if level <= FAST_LEVEL else 0)


def _samples(size: int) -> list[int]:
    """Where the blocks start that are looked at: one in each group, each time elsewhere in it.

    At equal distances all might be alike, as the margins are of volumes whose size is a power of
    two. They depend on the size alone, so that equal data are equal files.
    """
    blocks = -(-size // BLOCK_SIZE)
    group = min(SAMPLED, blocks // MIN_SAMPLES)
    return [
        BLOCK_SIZE * (first + int(number * GOLDEN_RATIO % 1 * min(group, blocks - first)))
        for number, first in enumerate(range(0, blocks, group))
    ]
