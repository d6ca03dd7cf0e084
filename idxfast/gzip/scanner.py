"""Decode a stream without keeping it: to gather points in it, or to get to a part of it."""

from __future__ import annotations

import numpy as np

from ..storage.source import Source
from ..threads.count import choose_threads
from ..threads.ordered_map import map_serially
from ..typing import Memory
from .decoder import NEVER, PIECE, WINDOW_SIZE, Decoder
from .members import BGZF_MAX_SIZE
from .points import Gatherer, Point, Points, unpack_window
from .pool import Pool
from .segments import Segment
from .small_members import Map
from .stream import MIN_SIZE

# The distance of points in bytes, compressed or unpacked.
SPACING = 1 << 20
# The points take at most LEAST bytes, or 1/PART of the size of the file if that is more.
LEAST = 4 << 20
PART = 32
# How many bytes of memory a scanner has. If it works alone, they stay in the second-level cache. If
# other threads help, their segments have to fit, each of which unpacks to about 1.5 MiB.
MEMORY = 512 << 10
SHARED_MEMORY = 4 << 20
# A piece may become somewhat longer than was asked for.
ROOM = PIECE + BGZF_MAX_SIZE


class Scanner(Decoder):
    """A decoder that keeps no more than the end of what it has decoded.

    Parameters
    ----------
    source : Source
    total : int
        How many bytes the unpacked stream should have.
    gatherer : Gatherer, optional
        To make points on the way.
    memory_size : int
    """

    def __init__(
        self,
        source: Source,
        total: int,
        gatherer: Gatherer | None = None,
        memory_size: int = MEMORY,
    ) -> None:
        super().__init__(source)
        self.total = total
        self._gatherer = gatherer
        self._memory: Memory = np.empty(memory_size, np.uint8)
        self._hold_from(0)

    @property
    def origin(self) -> int:
        """The position where the part of the unpacked stream that is still held begins."""
        return self._origin

    def begin(self, point: Point) -> None:
        """Begin at a point."""
        window = unpack_window(point)
        self._memory[: len(window)] = window
        self.move_to(point.place)
        self._hold_from(self.position - len(window))

    def advance(
        self, max_bytes: int = PIECE, map: Map = map_serially, *, block_stop: int = NEVER
    ) -> bool:
        """As `Decoder.advance`. Data more than 32 KiB before the piece may be lost."""
        self._make_room(ROOM)
        if self._gatherer is not None:
            block_stop = min(block_stop, self._gatherer.visit(self))
            max_bytes = min(max_bytes, self._gatherer.spacing)
        return super().advance(max_bytes, map, block_stop=block_stop)

    def append(self, segment: Segment) -> bool:
        """As `Decoder.append`; False, too, if the segment is too long."""
        if not self._make_room(segment.symbols.size):
            return False
        if self._gatherer is not None and segment.start == self.input.source_bit:
            self._gatherer.visit(self, segment.symbols)
        return super().append(segment)

    def read_into(self, memory: Memory, start: int, end_bit: int) -> None:
        """Fill memory with the stream from a position on, which is not before `origin`.

        The source is not decoded beyond the block that ends at `end_bit`. Errors as in `advance`.
        """
        at = 0
        while at < len(memory):
            held = self._out[start + at - self.origin : self.position - self.origin]
            piece = held[: len(memory) - at]
            memory[at : at + len(piece)] = piece
            at += len(piece)
            if at == len(memory):
                return
            if self.input.source_bit >= end_bit or not self.advance(block_stop=end_bit):
                raise self.truncated()

    def _make_room(self, size: int) -> bool:
        """Make room for `size` bytes or the rest of the stream; False if there is not enough."""
        at = self.position - self._origin
        if len(self._out) - at < size and self._origin + len(self._out) < self.total:
            kept = min(at, WINDOW_SIZE)
            self._memory[:kept] = self._memory[at - kept : at]
            self._hold_from(self.position - kept)
            at = kept
        return len(self._out) - at >= size or self._origin + len(self._out) >= self.total

    def _hold_from(self, origin: int) -> None:
        """Hold the unpacked stream from a position on, as far as it should go."""
        self.write_to(self._memory[: self.total - origin], origin)


def find_points(source: Source, total: int, threads: int | None = None) -> Points:
    """Gather points in one pass over a source, and verify each member.

    Memory is bounded: neither the stream nor the file is kept.

    Parameters
    ----------
    source : Source
        Starts with a gzip member.
    total : int
        How many bytes the unpacked stream should have.
    threads : int, optional
        As for `GzipStream`.

    Raises
    ------
    GzipError, TruncatedError, TrailingDataError
        If the file is damaged, cut short, or followed by something else, or if the stream does not
        have `total` bytes.
    """
    count = choose_threads(threads) if min(source.size, total) >= MIN_SIZE else 1
    gatherer = Gatherer(SPACING, max(LEAST, source.size // PART))
    scanner = Scanner(source, total, gatherer, MEMORY if count == 1 else SHARED_MEMORY)
    if count > 1:
        Pool(scanner, source, count, None).decode()
    # Everything, or what the pool has left if it could start no thread.
    while scanner.advance():
        pass
    if scanner.position < total:
        raise scanner.truncated()
    end = scanner.place
    assert end is not None
    return Points(gatherer.points, end)
