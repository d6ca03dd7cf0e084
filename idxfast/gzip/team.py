"""Decode one stream on several threads.

One thread decodes the stream from its start, as it would alone: it has the lead. The others run
ahead: each starts at a cut somewhere in what is left, takes the 32 KiB before it, which it cannot
know, for zeros, and keeps what it decodes in memory of its own. When the leader comes to the start
of a run, it goes on through it. As soon as, at the end of a segment, it has the same last 32 KiB as
the run had there, all that the run has decoded since is right: the leader adopts it, and the run's
thread takes the lead; or, if the run has ended, the leader goes on behind it. Runs do the same with
runs ahead of them. Whoever is free starts a run in the largest part that is left.

So a guess that is never confirmed costs the time of the thread that made it, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np

from ..helpers import Helper, join_helpers, start_helpers
from ..native.codec import WINDOW
from ..source import Progress, Source
from .decoder import Decoder
from .runs import Mark, Memory, Run
from .segments import STEP

# What a segment unpacks to, about: of 1 to 3 MiB, 3 MiB was fastest on MNIST (1 MiB took 1.03 times
# as long) and on Fashion-MNIST (1 MiB: 1.05, for the search); with 4 MiB one thread waits for the
# other (1.05).
UNPACKED_STEP = 3 << 20
# Compressed bytes of a segment, at the least.
MIN_STEP = 64 << 10
# Compressed bytes between one decoder and the next, at the least, for a run to start there.
MIN_GAP = 1 << 20
# The most bytes that a run unpacks before it is adopted.
SPAN = 32 << 20
# How far ahead of the leader the threads together decode, in spans: at least, and for each thread.
# Were it further, the runs would leave holes between them for the leader alone. By the simulation
# in benchmarks/, 8 threads decode 1 GiB packed like Fashion-MNIST 5.8 times as fast as one, and 3.7
# times without a horizon.
HORIZON = 3
HORIZON_PER_THREAD = 0.6
# How many bytes one job copies to their place.
COPY = 4 << 20
# How often, in seconds, progress is reported, and a thread without work looks for some.
PATIENCE = 0.05

Job = Callable[[], object]


def start_fraction(size: int, total: int) -> float:
    """Where in a gap a run starts, in a stream of so many bytes, packed and unpacked.

    Before the middle, for the decoder before it overlaps with it until both agree. That takes the
    longer the more the data compress, which is to be copied from far away. Of 0.43 to 0.485,
    Fashion-MNIST (1.8 to 1) was fastest from 0.47 on (0.43: 1.05 times as long), MNIST (4.7 to 1)
    at 0.43 (0.455: 1.3).
    """
    return max(0.35, 0.5 - 0.015 * total / size)


class Team:
    """The threads that decode what is left of a source.

    Parameters
    ----------
    decoder : Decoder
        Stands somewhere in the source, and is led to its end.
    source : Source
    threads : int
    progress : callable, optional
    """

    def __init__(
        self, decoder: Decoder, source: Source, threads: int, progress: Progress | None
    ) -> None:
        self._decoder = decoder
        self._source = source
        self._threads = min(threads, source.size // MIN_GAP + 1)
        self._progress = progress
        self._step = max(MIN_STEP, min(STEP, UNPACKED_STEP * source.size // decoder.total))
        self._fraction = start_fraction(source.size, decoder.total)
        # What follows is looked at and changed with the lock held. Only an error, and that all is
        # done, may also be noted without: whoever waits looks again soon. And where the decoder
        # stands is looked at while it moves: a guess that is off by a segment is as good.
        self._changed = threading.Condition()
        self._runs: list[Run] = []  # ahead of the decoder, in the order of the file
        self._copies: list[Job] = []
        self._spare: list[Memory] = []
        self._is_led = False
        self._is_done = False
        self._error: BaseException | None = None

    def decode(self) -> None:
        """Decode to the end of the source; when it returns or raises, no thread is left.

        The caller's thread only waits: Ctrl-C, which comes to it alone, finds it without a lock.
        """
        helpers: list[Helper] = []
        try:
            start_helpers(self._work, self._threads, helpers)
            for helper in helpers:
                while not helper.wait(PATIENCE):
                    self._report()
            # If there were none, or they had no memory to begin.
            self._work()
            if self._error is None:
                self._report()
        finally:
            self._is_done = True
            join_helpers(helpers)
            # Whoever raises it must not be what it leads to: such a cycle keeps all memory alive.
            error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            error = None

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._decoder.position, self._decoder.total)

    def _work(self) -> None:
        """Do one job after another until all is done."""
        try:
            while (job := self._next_job()) is not None:
                job()
        except BaseException as error:
            # Without the lock: there may be no memory to take it. Who waits looks up soon.
            self._error = self._error or error
            self._is_done = True

    def _next_job(self) -> Job | None:
        while True:
            with self._changed:
                if self._copies and self._error is None:
                    return self._copies.pop()
                if self._is_done:
                    return None
                if not self._is_led:
                    self._is_led = True
                    return self._lead
                run = self._start_run()
                if run is not None:
                    return partial(self._run_ahead, run)
                self._changed.wait(PATIENCE)

    def _start_run(self) -> Run | None:
        """A run in the largest gap, if that is worth it and there may be one more."""
        if sum(run.adopted_at is None for run in self._runs) >= self._threads - 1:
            return None
        size = 8 * self._source.size
        fronts = [self._decoder.bit, *(run.bit for run in self._runs)]
        span = SPAN * size // self._decoder.total
        spans = max(HORIZON, HORIZON_PER_THREAD * self._threads)
        horizon = self._decoder.bit + int(spans * span)
        stops = [*(run.start for run in self._runs), min(size, horizon)]
        gaps = [stop - front for front, stop in zip(fronts, stops, strict=True)]
        gap = max(gaps)
        if gap < 8 * MIN_GAP:
            return None
        index = gaps.index(gap)
        ahead = min(int(self._fraction * gap), span)
        space = WINDOW + min(SPAN, self._decoder.total)
        try:
            memory = self._spare.pop() if self._spare else np.empty(space, np.uint8)
        except MemoryError:
            return None  # the leader needs none
        run = Run(fronts[index] + ahead, self._step, memory)
        self._runs.insert(index, run)
        return run

    def _run_ahead(self, run: Run) -> None:
        """Decode a run until it is adopted, agrees with the next one, or can go no further."""
        try:
            more = run.open(self._source)
            while more:
                more = run.advance(self._next_mark(run.bit, run.start))
                with self._changed:
                    more &= run in self._runs and run.adopted_at is None and not self._is_done
                    if more:
                        window = run.window(run.marks[-1])
                        run.follower = self._agreement(run.bit, window, run.start)
                        more = run.follower is None
        except OSError:
            pass  # the leader will meet it, too
        with self._changed:
            run.is_active = False
            leads = run.adopted_at is not None and not self._is_done and self._adopt(run)
            self._changed.notify_all()
        if leads:
            self._lead()

    def _lead(self) -> None:
        """Decode until a run is adopted whose thread takes the lead, or to the end."""
        decoder = self._decoder
        while True:
            target = self._next_mark(decoder.bit)
            more = decoder.advance(self._step, target)
            with self._changed:
                self._is_done |= not more
                if self._is_done:
                    self._changed.notify_all()
                    return
                self._drop_passed(target)
                agreement = self._agreement(decoder.bit, decoder.window())
                if agreement is not None and not self._hand_over(*agreement):
                    self._changed.notify_all()
                    return

    def _drop_passed(self, target: int | None) -> None:
        """Forget the runs that the leader has passed, and the one whose mark turned out no cut."""
        bit, runs = self._decoder.bit, self._runs
        self._runs = [run for run in runs if run.bit >= bit]
        marks = self._runs[0].marks if self._runs else []
        if target is not None and bit > target and any(mark.bit == target for mark in marks):
            del self._runs[0]
        if len(self._runs) < len(runs):
            self._changed.notify_all()

    def _next_run(self, start: int) -> Run | None:
        """The first run ahead of one that starts at a bit."""
        return next((run for run in self._runs if run.start > start), None)

    def _next_mark(self, bit: int, start: int = -1) -> int | None:
        """The next place where the leader, or the run that starts at a bit, can be compared."""
        with self._changed:
            run = self._next_run(start)
            marks = run.marks if run else []
            return next((mark.bit for mark in marks if mark.bit > bit), None)

    def _agreement(self, bit: int, window: bytes, start: int = -1) -> tuple[Run, Mark] | None:
        """The run ahead that had the same window at the same place."""
        run = self._next_run(start)
        for mark in run.marks if run else []:
            if mark.bit == bit and run and run.window(mark) == window:
                return run, mark
        return None

    def _hand_over(self, run: Run, mark: Mark) -> bool:
        """Adopt a run from a mark on, or have its thread do so; return whether to lead on."""
        run.adopted_at = mark
        return not run.is_active and self._adopt(run)

    def _adopt(self, run: Run) -> bool:
        """Have the decoder stand where the run stands; return whether to lead on from there."""
        self._runs = self._runs[self._runs.index(run) + 1 :]
        assert run.adopted_at is not None
        start, stop = run.adopted_at.position, run.marks[-1].position
        out = np.asarray(self._decoder.adopt(run, run.adopted_at))
        # The decoder has copied the last window.
        parts = [
            slice(at, min(at + COPY, stop - WINDOW)) for at in range(start, stop - WINDOW, COPY)
        ]
        waiting = len(parts)
        if not parts:
            self._spare.append(run.memory)

        def copy(part: slice) -> None:
            nonlocal waiting
            np.copyto(out[part.start - start : part.stop - start], run.memory[part])
            with self._changed:
                waiting -= 1
                if not waiting:
                    self._spare.append(run.memory)

        self._copies += [partial(copy, part) for part in parts]
        self._changed.notify_all()
        if run.follower is not None and run.follower[0] in self._runs:
            return self._hand_over(*run.follower)
        return True
