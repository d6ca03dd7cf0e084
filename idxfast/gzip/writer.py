"""Encode data as a gzip file: one member, or many small ones that can be read from anywhere."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from ..native.checksum import combine_crc32, crc32
from ..native.encoder import encode
from ..native.run_length import encode_runs
from ..workers import Workers, call_aside
from .container import BGZF_END, pack_bgzf_header, pack_header, pack_trailer

if TYPE_CHECKING:
    from typing_extensions import Buffer

# What bgzip puts into a block: with it, even data that do not compress stay below 64 KiB.
BLOCK_SIZE = 0xFF00
# What a thread encodes at a time, of blocks 16: some milliseconds, with a hundredth of that around
# them. A larger whole takes long enough for Ctrl-C to come meanwhile.
PIECE_SIZE = 16 * BLOCK_SIZE
# From one block in so many it is seen whether runs are enough.
SAMPLED = 64
# Up to this level runs are enough with one part in so many more; above it, size is all that counts.
FAST_LEVEL = 6
MORE = 64


def encode_member(data: memoryview, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of one gzip member."""
    yield pack_header(level)
    with _workers(data, threads) as workers:
        if _are_runs_enough(data, level, workers):
            yield from _encode_pieces(data, workers)
            return
    # The search wants all of it at once, and then nothing stops it.
    is_short = len(data) <= PIECE_SIZE
    yield encode(data, level) if is_short else call_aside(partial(encode, data), level)
    yield pack_trailer(crc32(data), len(data))


def _encode_pieces(data: memoryview, workers: Workers) -> Generator[Buffer, None, None]:
    """A member's data as runs, and its trailer."""

    def encode_piece(start: int) -> tuple[Buffer, int, int]:
        piece = data[start : start + PIECE_SIZE]
        is_last = start + PIECE_SIZE >= len(data)
        return encode_runs(piece, is_last), crc32(piece), len(piece)

    crc = 0
    pieces = workers.map(encode_piece, range(0, len(data), PIECE_SIZE))
    for stream, piece_crc, piece_size in pieces:
        crc = combine_crc32(crc, piece_crc, piece_size)
        yield stream
    yield pack_trailer(crc, len(data))


def encode_blocks(data: memoryview, level: int, threads: int) -> Generator[Buffer, None, None]:
    """The pieces of a BGZF file, end-of-file block included."""
    with _workers(data, threads) as workers:
        runs = _are_runs_enough(data, level, workers)

        def encode_block(start: int) -> bytes:
            block = data[start : start + BLOCK_SIZE]
            stream = encode_runs(block, True) if runs else encode(block, level)
            header = pack_bgzf_header(level, len(stream))
            return b"".join([header, stream, pack_trailer(crc32(block), len(block))])

        # A search in a single block may take 20 ms, for which Ctrl-C has to wait.
        size = PIECE_SIZE if runs else BLOCK_SIZE

        def encode_piece(start: int) -> bytes:
            stop = min(start + size, len(data))
            return b"".join(map(encode_block, range(start, stop, BLOCK_SIZE)))

        yield from workers.map(encode_piece, range(0, len(data), size))
    yield BGZF_END


def _workers(data: memoryview, threads: int) -> Workers:
    """No more threads than there are pieces."""
    return Workers(min(threads, (len(data) - 1) // PIECE_SIZE + 1))


def _are_runs_enough(data: memoryview, level: int, workers: Workers) -> bool:
    """Whether data become about as small as at this level without a search for repeats.

    It depends on the data alone, so that equal data are equal files.
    """
    if level == 0:
        return False  # stored

    def sizes(start: int) -> tuple[int, int]:
        block = data[start : start + BLOCK_SIZE]
        return len(encode_runs(block, True)), len(encode(block, level))

    samples = [*workers.map(sizes, range(0, len(data), SAMPLED * BLOCK_SIZE))]
    runs = sum(size for size, _ in samples)
    searched = sum(size for _, size in samples)
    return runs <= searched + (searched // MORE if level <= FAST_LEVEL else 0)
