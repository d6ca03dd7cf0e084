"""A simulation of `idxfast.gzip.team` on any number of cores.

Each thread is a generator: it yields the seconds that its next piece of work takes, or None to
wait for the others. What they do, and in which order, follows the team's own rules; how far a run
goes until it is confirmed was measured (survival.py), and so was what each part costs (costs.py).
Left out are what threads take from each other, above all of the memory's bandwidth, and false cuts.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from costs import Costs, segment_step

from idxfast.gzip.ahead import HORIZON, HORIZON_PER_THREAD, MIN_GAP, SPAN, start_fraction
from idxfast.gzip.copies import PART
from idxfast.gzip.runs import FIRST_STEPS

Work = Iterator[float | None]


class Stream(NamedTuple):
    """A .gz file as the simulation sees it: the same everywhere, but for what survives."""

    size: int  # packed bytes
    total: int  # unpacked bytes
    survival: Callable[[float], float]  # from a start to where a run is right, in packed bytes


class Outcome(NamedTuple):
    """How long a load takes, and how often it decodes a byte on average."""

    seconds: float
    decoded: float


@dataclass(eq=False)
class _Run:
    """As `idxfast.gzip.runs.Run`, in packed bytes of the file."""

    start: float
    is_placed: bool
    is_fresh: bool
    marks: list[float] = field(default_factory=list)
    is_active: bool = True
    is_adopted: bool = False
    adopted_at: float = 0
    follower: tuple[_Run, float] | None = None

    @property
    def front(self) -> float:
        return self.marks[-1] if self.marks else self.start


def simulate(stream: Stream, costs: Costs, threads: int) -> Outcome:
    """Let so many threads, each on a core of its own, load a file."""
    return _Team(stream, costs, threads).load()


class _Team:
    """As `idxfast.gzip.team.Team`."""

    def __init__(self, stream: Stream, costs: Costs, threads: int) -> None:
        self._stream, self._costs, self._threads = stream, costs, threads
        self._ratio = stream.total / stream.size
        self._step = segment_step(stream.size, stream.total)
        self._front = 0.0  # of the leader
        self._runs: list[_Run] = []
        self._may_place = True  # the first run, in the result
        self._copies: list[tuple[_Run, float, list[float]]] = []
        self._spare = 0
        self._is_led = self._is_done = self._has_changed = False
        self._decoded = 0.0

    def load(self) -> Outcome:
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
        return Outcome(now, self._decoded / self._stream.size)

    def _work(self) -> Work:
        while True:
            if self._copies:
                yield from self._copy(*self._copies.pop())
            elif self._is_done:
                return
            elif not self._is_led:
                self._is_led = True
                yield from self._lead()
            elif (run := self._start_run()) is not None:
                yield from self._run_ahead(run)
            else:
                yield None

    def _start_run(self) -> _Run | None:
        if sum(not run.is_adopted for run in self._runs) >= self._threads - 1:
            return None
        fronts = [self._front, *(run.front for run in self._runs)]
        span = SPAN / self._ratio
        spans = max(HORIZON, HORIZON_PER_THREAD * self._threads)
        horizon = self._front + spans * span
        stops = [*(run.start for run in self._runs), min(self._stream.size, horizon)]
        gaps = [stop - front for front, stop in zip(fronts, stops, strict=True)]
        gap = max(gaps)
        if gap < MIN_GAP:
            return None
        index = gaps.index(gap)
        fraction = start_fraction(self._stream.size, self._stream.total)
        ahead = min(fraction * gap, span)
        start = fronts[index] + ahead
        is_placed = self._may_place and (self._stream.size - start) * self._ratio <= SPAN
        self._may_place = False
        run = _Run(start, is_placed, is_fresh=is_placed or not self._spare)
        self._spare -= not run.is_fresh
        self._runs.insert(index, run)
        return run

    def _run_ahead(self, run: _Run) -> Work:
        yield self._costs.gap * self._costs.search
        run.marks.append(run.start)
        more = True
        while more:
            step = min(max(self._step / FIRST_STEPS, run.front - run.start), self._step)
            stop = self._next_stop(run.front, step, run.start)
            yield self._decode(stop - run.front, is_fresh=run.is_fresh)
            if (stop - run.start) * self._ratio > SPAN:
                break
            run.marks.append(stop)
            more = stop < self._stream.size and run in self._runs and not run.is_adopted
            if more:
                run.follower = self._agreement(run.front, run.start)
                more = run.follower is None
        run.is_active = False
        self._has_changed = True
        if run.is_adopted and self._adopt(run):
            yield from self._lead()

    def _lead(self) -> Work:
        while self._front < self._stream.size:
            stop = self._next_stop(self._front, self._step)
            yield self._decode(stop - self._front, is_fresh=True)
            self._front = stop
            count = len(self._runs)
            self._runs = [run for run in self._runs if run.front >= stop]
            self._has_changed |= len(self._runs) < count
            agreement = self._agreement(stop)
            if agreement is not None and not self._hand_over(*agreement):
                self._has_changed = True
                return
        self._is_done = self._has_changed = True

    def _next_stop(self, front: float, step: float, start: float = -1) -> float:
        """Where the next segment stops: a step away, or at a mark near there."""
        run = self._next_run(start)
        target = next((mark for mark in run.marks if mark > front), None) if run else None
        if target is not None and target - front <= 1.5 * step:
            return target
        return min(front + step, self._stream.size)

    def _next_run(self, start: float) -> _Run | None:
        return next((run for run in self._runs if run.start > start), None)

    def _agreement(self, front: float, start: float = -1) -> tuple[_Run, float] | None:
        run = self._next_run(start)
        if run and front in run.marks and front - run.start >= self._stream.survival(run.start):
            return run, front
        return None

    def _hand_over(self, run: _Run, mark: float) -> bool:
        run.is_adopted, run.adopted_at = True, mark
        return not run.is_active and self._adopt(run)

    def _adopt(self, run: _Run) -> bool:
        self._runs = self._runs[self._runs.index(run) + 1 :]
        self._front = run.front
        size = (run.front - run.adopted_at) * self._ratio
        parts = [PART] * int(size // PART) + [size % PART]
        waiting = [float(len(parts))]
        self._copies += [(run, part, waiting) for part in parts]
        self._has_changed = True
        if run.follower is not None and run.follower[0] in self._runs:
            return self._hand_over(*run.follower)
        return True

    def _copy(self, run: _Run, size: float, waiting: list[float]) -> Work:
        yield size * (self._costs.copy + self._costs.fresh * (not run.is_placed))
        waiting[0] -= 1
        self._spare += not waiting[0] and not run.is_placed

    def _decode(self, size: float, *, is_fresh: bool) -> float:
        """Seconds for a segment: read it, decode it, check it, look for the cut behind it."""
        costs = self._costs
        self._decoded += size
        unpacked = size * self._ratio * (costs.crc + costs.fresh * is_fresh)
        packed = size * (costs.read + costs.decode)
        return packed + unpacked + costs.gap * costs.search + costs.compare
