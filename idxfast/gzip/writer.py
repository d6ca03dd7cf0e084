"""Encode data as a gzip file: one member, or many small ones that can be read from anywhere."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..native.checksum import combine_crc32, crc32
from ..native.encoder import encode
from ..native.run_length import encode_runs
from ..threads.ordered_map import Workers, call_aside
from ..typing import Memory
from .container import BGZF_END, pack_bgzf_header, pack_header, pack_trailer

if TYPE_CHECKING:
    from typing_extensions import Buffer

# What bgzip puts into a block: with it, even data that do not compress stay below 64 KiB.
BLOCK_SIZE = 0xFF00
# Bytes that a thread encodes at a time: some milliseconds, of which what is around them takes 1%.
# A search in more takes so long that Ctrl-C may come meanwhile.
PIECE_SIZE = 16 * BLOCK_SIZE
# One block in SAMPLED shows whether runs are enough, and at least MIN_SAMPLES blocks do. Each piece
# is watched for repeats as well, so more samples would add little.
SAMPLED = 256
MIN_SAMPLES = 8
# A piece is searched if a search is estimated to save more than 1/DOUBTFUL of its size as runs. For
# the pieces of MNIST and Fashion-MNIST the estimate is 3 to 10%.
DOUBTFUL = 8
# libdeflate's levels at which each level searches. Of the outcomes the smallest is taken, for its
# levels are not in order: of ramps of numbers, those below 6 make up to 6 times as much as zlib's,
# and of steps with noise, 7 to 9 make up to 2% more than 6.
SEARCHES = {level: tuple(range(6, max(level, 6) + 1)) for level in range(1, 13)} | {0: (0,)}
# But where a piece is found to repeat itself, level 7 is the least: of a ramp of bytes, each value
# 50 times, 6 makes 5 times as much as 7, and takes as long.
SEARCHES_OF_REPEATS = SEARCHES | dict.fromkeys(range(1, 7), (7,))
# And of a block: bgzip's levels 7, 8 and 9 are libdeflate's 8, 10 and 12.
BLOCK_SEARCHES = {level: (6, 8, 10, 12)[: max(level - 5, 1)] for level in range(1, 13)} | {0: (0,)}
# Up to this level runs are enough with one part in so many more; above it, size is all that counts.
# Of MNIST, where runs take up 1/150 more than level 6, 1 draw of 8 blocks in 500 passes the limit.
FAST_LEVEL = 6
MORE = 32


class Content(Protocol):
    """Bytes; no other thread can change the parts that are taken from them."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Memory: ...


def encode_member(content: Content, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of one gzip member: as runs as far as these are enough, and the rest searched."""
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
        # The search wants all of it at once, and then nothing stops it.
        rest = content[size:]
        yield _search(rest, searches)
        crc = combine_crc32(crc, crc32(rest), len(rest))
    yield pack_trailer(crc, len(content))


def _search(data: Memory, searches: tuple[int, ...]) -> memoryview:
    """The smallest stream of some searches."""
    if len(data) <= PIECE_SIZE and len(searches) == 1:
        return encode(data, searches[0])
    return min((call_aside(partial(encode, data), search) for search in searches), key=len)


def _encode_pieces(
    data: Content, workers: Workers
) -> Generator[tuple[Buffer, int, int], None, None]:
    """The pieces up to the first that needs a search, as runs, with CRC-32s and sizes.

    The piece before that one is left to the search as well: it may hold what is repeated.
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


def encode_blocks(data: Content, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of a BGZF file, end-of-file block included."""
    with _workers(data, threads) as workers:
        runs = _are_runs_enough(data, level, workers)
        searches = BLOCK_SEARCHES[level]
        if runs and level <= FAST_LEVEL:
            searches = SEARCHES_OF_REPEATS[level]

        def pack_block(block: Memory, stream: memoryview) -> bytes:
            header = pack_bgzf_header(level, len(stream))
            return b"".join([header, stream, pack_trailer(crc32(block), len(block))])

        # A search in a single block may take 20 ms, for which Ctrl-C has to wait.
        def search_block(start: int) -> bytes:
            block = data[start : start + BLOCK_SIZE]
            return pack_block(block, min((encode(block, search) for search in searches), key=len))

        def encode_piece(start: int) -> bytes | None:
            """The blocks of a piece as runs; None if they need a search."""
            piece = data[start : start + PIECE_SIZE]
            blocks = [piece[at : at + BLOCK_SIZE] for at in range(0, len(piece), BLOCK_SIZE)]
            repeats: list[int] = []
            streams = [encode_runs(block, True, repeats) for block in blocks]
            if _needs_search(sum(map(len, streams)), repeats):
                return None
            return b"".join(map(pack_block, blocks, streams))

        if not runs:
            yield from workers.map(search_block, range(0, len(data), BLOCK_SIZE))
        else:
            starts = range(0, len(data), PIECE_SIZE)
            with contextlib.closing(workers.map(encode_piece, starts)) as pieces:
                for start, piece in zip(starts, pieces, strict=True):
                    stop = min(start + PIECE_SIZE, len(data))
                    if piece is None:
                        yield from workers.map(search_block, range(start, stop, BLOCK_SIZE))
                    else:
                        yield piece
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
        return _sizes(data[start : start + BLOCK_SIZE], SEARCHES[level][-1])

    samples = [*workers.map(sizes, _samples(data))]
    runs = sum(size for size, _ in samples)
    searched = sum(size for _, size in samples)
    return runs <= searched + _tolerated(searched, level)


def _needs_search(size: int, repeats: list[int]) -> bool:
    """Whether a search would save much of a piece.

    As runs, it takes up `size` bytes; `repeats` are estimates of what a search would save, block by
    block.
    """
    return sum(repeats) * DOUBTFUL > size


def _sizes(block: Memory, search: int) -> tuple[int, int]:
    """What a block takes up as runs, and what it does searched."""
    return len(encode_runs(block, True)), len(encode(block, search))


def _tolerated(size: int, level: int) -> int:
    """How much more than the search's size is not worth the search."""
    return size // MORE if level <= FAST_LEVEL else 0


def _samples(data: Content) -> Iterator[int]:
    """Where the blocks start that are looked at: one in each group, each time elsewhere in it.

    The content of each block decides where the next one is. So the places cannot be known from the
    size alone, and equal data still give equal files.
    """
    blocks = -(-len(data) // BLOCK_SIZE)
    group = min(SAMPLED, blocks // MIN_SAMPLES)
    crc = crc32(data[:BLOCK_SIZE])
    for first in range(0, blocks, group):
        start = BLOCK_SIZE * (first + crc % min(group, blocks - first))
        yield start
        crc = crc32(data[start : start + BLOCK_SIZE], crc)
