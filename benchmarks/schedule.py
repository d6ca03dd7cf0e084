"""A simulation of `idxfast.gzip.pool` on any number of cores.

Each thread is a generator: it yields the seconds that its next piece of work takes, or None to
wait for the others. The order of the work follows the rules of the pool, and the costs of its parts
were measured (costs.py). The simulation leaves out how threads slow each other down, above all by
sharing memory bandwidth, and positions that look like the start of a block but are not.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from costs import Costs, segment_step

from idxfast.gzip.pool import APPENDING

Work = Iterator[float | None]


class Stream(NamedTuple):
    """A .gz file as the simulation sees it; its unpacked bytes are spread evenly over it."""

    blocks: Sequence[float]  # packed bytes at which blocks start, and at which the last one ends
    total: int  # unpacked bytes


@dataclass(eq=False)
class _Segment:
    """As `idxfast.gzip.segments.Segment`."""

    first: float
    start: float
    stop: float
    is_ready: bool = False


def simulate(stream: Stream, costs: Costs, threads: int) -> float:
    """Return the seconds that a load takes on `threads` threads with a core each."""
    return _Pool(stream, costs, threads).decode()


def serial_seconds(stream: Stream, costs: Costs) -> float:
    """Return the seconds of the work that only the leader does: all but the symbols."""
    return stream.total * (costs.copies + costs.crc + costs.fresh)


class _Pool:
    """As `idxfast.gzip.pool.Pool`."""

    def __init__(self, stream: Stream, costs: Costs, threads: int) -> None:
        self._costs, self._threads = costs, threads
        self._blocks, self._size = stream.blocks, stream.blocks[-1]
        self._ratio = stream.total / (self._size - stream.blocks[0])
        self._step = segment_step(int(self._size), stream.total)
        self._front = stream.blocks[0]  # the packed byte that the leader has reached
        self._segments: deque[_Segment] = deque()
        self._begun = 0.0
        self._has_leader = self._is_done = self._has_changed = False

    def decode(self) -> float:
        starts = (self._costs.start * (index + 1) for index in range(self._threads))
        ready = [(start, index, self._work()) for index, start in enumerate(starts)]
        waiting: list[tuple[int, Work]] = []
        now = 0.0
        while ready:
            now, index, work = heapq.heappop(ready)
            try:
                seconds = next(work)
            except StopIteration:
                continue
            if seconds is None:
                waiting.append((index, work))
            else:
                heapq.heappush(ready, (now + seconds, index, work))
            if self._has_changed:
                self._has_changed = False
                for index, work in waiting:
                    heapq.heappush(ready, (now + self._costs.hand_over, index, work))
                waiting.clear()
        return now

    def _work(self) -> Work:
        while not self._is_done:
            if not self._has_leader and self._can_lead():
                self._has_leader = True
                yield from self._lead()
            elif (segment := self._begin_segment()) is not None:
                yield from self._decode_symbols(segment)
            else:
                yield None

    def _can_lead(self) -> bool:
        if not self._segments:
            return True
        return self._segments[0].is_ready or self._front < self._segments[0].first

    def _begin_segment(self) -> _Segment | None:
        if len(self._segments) >= self._threads:
            return None
        first = max(self._begun, self._front)
        begun = self._step * len(self._segments)
        work = first - self._front - begun + begun // APPENDING
        first += max(self._step - work, 0)
        if first >= self._size:
            return None
        self._begun = first + self._step
        segment = _Segment(first, self._block_from(first), self._block_from(self._begun))
        self._segments.append(segment)
        return segment

    def _decode_symbols(self, segment: _Segment) -> Work:
        costs = self._costs
        search = 8 * (segment.start - segment.first) * costs.search
        yield search + (segment.stop - segment.start) * (costs.read + costs.symbols)
        segment.is_ready = self._has_changed = True

    def _lead(self) -> Work:
        costs = self._costs
        after = self._ratio * (costs.crc + costs.fresh)
        while self._front < self._size:
            if not self._can_lead():
                self._has_leader, self._has_changed = False, True
                return
            segment = self._segments[0] if self._segments else None
            if segment and segment.is_ready and self._front >= segment.start:
                yield (segment.stop - segment.start) * (self._ratio * costs.copies + after)
                self._front = segment.stop
                self._segments.popleft()
                self._has_changed = True
            else:
                stop = self._blocks[bisect_right(self._blocks, self._front)]
                yield (stop - self._front) * (costs.read + costs.decode + after)
                self._front = stop
        self._is_done = self._has_changed = True

    def _block_from(self, offset: float) -> float:
        """Return where the first block at or after an offset starts, or else the end."""
        return self._blocks[min(bisect_left(self._blocks, offset), len(self._blocks) - 1)]
