"""Decode a stream without keeping it: to gather points in it, or to get to a part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ..storage.source import Progress, Source
from ..storage.streams import ForwardSource
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
# The points take at most MIN_LIMIT bytes, or 1/PART of the size of the file if that is more.
MIN_LIMIT = 4 << 20
PART = 32
# How many bytes of memory a scanner has. If it works alone, they stay in the second-level cache. If
# other threads help, their segments have to fit. Each unpacks to about 1.5 MiB.
MEMORY = 512 << 10
SHARED_MEMORY = 4 << 20
# A piece may become somewhat longer than was asked for.
ROOM = PIECE + BGZF_MAX_SIZE

# Called with the position of each piece of the stream, in order, and with the piece. The memory of
# the piece is used again afterwards. If several threads decode, each may call, but one at a time.
Consume: TypeAlias = Callable[[int, Memory], object]


class Scanner(Decoder):
    """A decoder that keeps no more than the end of what it has decoded.

    Parameters
    ----------
    source : Source
    total : int
        How many bytes the unpacked stream should have.
    gatherer : Gatherer, optional
        To make points on the way.
    consume : callable, optional
        Is handed what has been decoded. It may not have been verified yet.
    stop : int
        The position from which on nothing is needed.
    memory_size : int
    """

    def __init__(
        self,
        source: Source | ForwardSource,
        total: int,
        gatherer: Gatherer | None = None,
        *,
        consume: Consume | None = None,
        stop: int = NEVER,
        memory_size: int = MEMORY,
    ) -> None:
        super().__init__(source)
        self.total = total
        self._gatherer = gatherer
        self._consume = consume
        self._stop = stop
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
        """As `Decoder.advance`. Data more than 32 KiB before the piece may be lost.

        False, too, if nothing more is needed.
        """
        before = self.position
        if before >= self._stop:
            return False
        self._make_room(ROOM)
        if self._gatherer is not None:
            block_stop = min(block_stop, self._gatherer.visit(self))
            max_bytes = min(max_bytes, self._gatherer.spacing)
        max_bytes = min(max_bytes, self._stop - before)
        is_more = super().advance(max_bytes, map, block_stop=block_stop)
        self._hand_over(before)
        return is_more

    def append(self, segment: Segment) -> bool:
        """As `Decoder.append`; False, too, if the segment is too long."""
        if not self._make_room(segment.symbols.size):
            return False
        if self._gatherer is not None and segment.start == self.input.source_bit:
            self._gatherer.visit(self, segment.symbols)
        before = self.position
        is_next = super().append(segment)
        self._hand_over(before)
        return is_next

    def _hand_over(self, before: int) -> None:
        """Hand over what has been decoded from a position on."""
        if self._consume is not None and self.position > before:
            self._consume(before, self._out[before - self.origin : self.position - self.origin])

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


def find_points(
    source: Source, total: int, threads: int | None = None, consume: Consume | None = None
) -> Points:
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
    consume : callable, optional
        Is handed the whole stream, piece by piece. What it has been handed is verified only when
        this function returns.

    Raises
    ------
    GzipError, TruncatedError, TrailingDataError
        If the file is damaged, cut short, or followed by something else, or if the stream does not
        have `total` bytes.
    """
    gatherer = Gatherer(SPACING, max(MIN_LIMIT, source.size // PART))
    count = _choose_threads(source, total, threads)
    memory_size = MEMORY if count == 1 else SHARED_MEMORY
    scanner = Scanner(source, total, gatherer, consume=consume, memory_size=memory_size)
    _scan(scanner, source, count, None)
    if scanner.position < total:
        raise scanner.truncated()
    end = scanner.place
    assert end is not None
    return Points(gatherer.points, end)


def read_part(
    source: Source | ForwardSource,
    total: int,
    start: int,
    stop: int,
    consume: Consume,
    threads: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Hand over the part of the stream between two positions, and decode nothing after it.

    If the part is at the end of the stream, each member is verified, as by `find_points`. Otherwise
    only the members that end before the end of the part are.

    Parameters
    ----------
    source, total, threads
        As for `find_points`. A `ForwardSource` is read on one thread.
    start, stop : int
    consume : callable
        Is handed the part, piece by piece. It may have to be discarded, as with `find_points`.
    progress : callable, optional
        As for `GzipStream`; of the stream up to the end of the part.

    Raises
    ------
    GzipError, TruncatedError, TrailingDataError
        As `find_points` does, as far as the file is decoded.
    """
    end = NEVER if stop == total else stop
    count = _choose_threads(source, stop, threads)
    memory_size = MEMORY if count == 1 else SHARED_MEMORY
    consume = within(start, stop, consume)
    scanner = Scanner(source, total, consume=consume, stop=end, memory_size=memory_size)
    report = None
    if progress is not None:

        def report(done: int, _: int) -> None:
            progress(min(done, stop), stop)

    _scan(scanner, source, count, report)
    if scanner.position < stop:
        raise scanner.truncated()
    if report is not None:
        report(stop, stop)


def within(start: int, stop: int, consume: Consume) -> Consume:
    """A `Consume` that passes on only what lies between two positions."""

    def consume_part(position: int, piece: Memory) -> None:
        piece = piece[max(start - position, 0) : max(stop - position, 0)]
        if len(piece):
            consume(max(position, start), piece)

    return consume_part


def copy_into(memory: Memory, start: int) -> Consume:
    """A `Consume` that copies pieces into memory, which holds the stream from `start` on."""

    def copy(position: int, piece: Memory) -> None:
        memory[position - start : position - start + len(piece)] = piece

    return copy


def _choose_threads(source: Source | ForwardSource, size: int, threads: int | None) -> int:
    if isinstance(source, ForwardSource):
        return 1
    return choose_threads(threads) if min(source.size, size) >= MIN_SIZE else 1


def _scan(
    scanner: Scanner, source: Source | ForwardSource, threads: int, progress: Progress | None
) -> None:
    """Decode everything that is needed."""
    if threads > 1 and not isinstance(source, ForwardSource):
        Pool(scanner, source, threads, progress).decode()
    # If the pool could start a thread, little or nothing remains to be done here.
    while scanner.advance():
        if progress is not None:
            progress(scanner.position, scanner.total)
