"""Decode one stream on several threads.

One thread decodes the stream from its start, as it would alone: it has the lead. The others run
ahead: each starts at a cut somewhere in what is left, takes the 32 KiB before it, which it cannot
know, for zeros, and keeps what it decodes in memory of its own. When the leader comes to the start
of a run, it goes on through it. As soon as, at the end of a segment, it has the same last 32 KiB as
the run had there, all that the run has decoded since is right: the leader adopts it, and the run's
thread takes the lead; or, if the run has ended, the leader goes on behind it. Runs do the same with
runs ahead of them. Whoever is free starts a run in the largest part that is left.

Fresh memory costs nearly as much as decoding into it. So if one run can reach the end of the
stream, the first one has its memory in the result, a little behind where its bytes belong, by a
guess; when it is adopted, they are moved to their place. Until then the leader writes only up to
what is still needed of it.

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
from ..typing import Memory
from .ahead import Ahead
from .copies import Part, begin
from .decoder import Decoder, NoSpace
from .runs import Mark, Run
from .segments import STEP

# What a segment unpacks to, about: of 1 to 3 MiB, 3 MiB was fastest on MNIST (1 MiB took 1.03 times
# as long) and on Fashion-MNIST (1 MiB: 1.05, for the search); with 4 MiB one thread waits for the
# other (1.05).
UNPACKED_STEP = 3 << 20
# Compressed bytes of a segment, at the least.
MIN_STEP = 64 << 10
# How far behind its guessed place a run stands in the result. On the data sets' images the guess
# was wrong by 80 KB at the most.
MARGIN = 256 << 10
# How many bytes there have to be behind the stream's end for that.
SPARE = 2 * MARGIN
# How often, in seconds, progress is reported, and a thread without work looks for some.
PATIENCE = 0.05

Job = Callable[[], object]


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
        self._progress = progress
        self._step = max(MIN_STEP, min(STEP, UNPACKED_STEP * source.size // decoder.total))
        # What follows is looked at and changed with the lock held. Only an error, and that all is
        # done, may also be noted without: whoever waits looks again soon. And where the decoder
        # stands is looked at while it moves: a guess that is off by a segment is as good.
        self._changed = threading.Condition()
        self._ahead = Ahead(source.size, decoder.total, threads)
        self._jobs: list[Job] = []
        # Of adopted runs, how many parts are not yet in their place.
        self._uncopied: dict[Run, int] = {}
        self._spare: list[Memory] = []
        self._is_led = False
        self._is_done = False
        self._lacks_space = False
        self._error: BaseException | None = None

    def decode(self) -> None:
        """Decode to the end of the source; when it returns or raises, no thread is left.

        After `NoSpace` all is in its place up to where the decoder stands.

        The caller's thread only waits: Ctrl-C, which comes to it alone, finds it without a lock.
        """
        helpers: list[Helper] = []
        try:
            # Now, while there is no leader who may be writing there.
            self._place_run()
            start_helpers(self._work, self._ahead.threads, helpers)
            for helper in helpers:
                while not helper.wait(PATIENCE):
                    self._report()
            # If there were none, or they had no memory to begin.
            self._work()
        finally:
            self._is_done = True
            try:
                join_helpers(helpers)
            finally:
                # Whoever raises it must not be what it leads to, nor may there be jobs that lead
                # here: such cycles keep all memory alive.
                error, self._error = self._error, None
                self._jobs.clear()
        try:
            if error is not None:
                raise error
        finally:
            error = None
        # The checksum of a run is made where it was decoded: it does not tell.
        if self._uncopied:
            raise AssertionError("what a run has decoded is not in its place")
        if self._lacks_space:
            raise NoSpace

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._decoder.position, self._decoder.total)

    def _work(self) -> None:
        """Do one job after another until all is done."""
        try:
            while (job := self._next_job()) is not None:
                try:
                    job()
                except NoSpace:
                    # No error yet. What has been adopted is copied all the same: one thread may go
                    # on behind it.
                    self._lacks_space = self._is_done = True
        except BaseException as error:
            # Without the lock: there may be no memory to take it. Who waits looks up soon.
            self._error = self._error or error
            self._is_done = True

    def _next_job(self) -> Job | None:
        while True:
            with self._changed:
                if not self._is_led:
                    self._is_led = True
                    return self._lead
                if self._jobs and self._error is None:
                    return self._jobs.pop()
                if self._is_done:
                    return None
                run = self._start_run()
                if run is not None:
                    return partial(self._run_ahead, run)
                self._changed.wait(PATIENCE)

    def _place_run(self) -> None:
        """Have a run in the result, if it can reach the end of the stream."""
        decoder = self._decoder
        place = self._ahead.find_place_of_last(decoder.bit, decoder.position)
        if place is None or len(decoder.memory(decoder.total)) < SPARE:
            return
        bit, position = place
        base = position + MARGIN - WINDOW
        run = Run(bit, self._step, decoder.memory(base), base)
        run.is_active = False
        self._ahead.runs = [run]
        self._ahead.placed = run
        self._jobs.append(partial(self._run_placed, run))

    def _run_placed(self, run: Run) -> None:
        with self._changed:
            run.is_active = run in self._ahead.runs and not self._is_done
        if run.is_active:
            self._run_ahead(run)

    def _start_run(self) -> Run | None:
        """A run in the largest gap, if that is worth it and there may be one more."""
        if self._ahead.guesses >= self._ahead.threads - 1:
            return None
        place = self._ahead.find_place(self._decoder.bit)
        memory = None if place is None else self._memory()
        if place is None or memory is None:
            return None
        index, bit = place
        run = Run(bit, self._step, memory)
        self._ahead.runs.insert(index, run)
        return run

    def _memory(self) -> Memory | None:
        """Memory for a run, if there is any; the leader needs none."""
        try:
            return self._spare.pop() if self._spare else np.empty(self._ahead.space, np.uint8)
        except MemoryError:
            return None

    def _run_ahead(self, run: Run) -> None:
        """Decode a run until it is adopted, agrees with the next one, or can go no further."""
        ahead = self._ahead
        try:
            more = run.open(self._source)
            while more:
                with self._changed:
                    target = ahead.next_mark(run.bit, run)
                more = run.advance(target)
                with self._changed:
                    self._make_way(run)
                    more &= run in ahead.runs and run.adopted_at is None and not self._is_done
                    if more:
                        run.follower = ahead.agreement(run.bit, run.window(run.marks[-1]), run)
                        more = run.follower is None
        except OSError:
            pass  # the leader will meet it, too
        with self._changed:
            run.is_active = False
            self._make_way(run)
            if run not in ahead.runs:
                ahead.drop(run)
            leads = run.adopted_at is not None and not self._is_done and self._adopt(run)
            self._changed.notify_all()
        if leads:
            self._lead()

    def _lead(self) -> None:
        """Decode until a run is adopted whose thread takes the lead, or to the end."""
        decoder, ahead = self._decoder, self._ahead
        while not self._is_done:
            with self._changed:
                target = ahead.next_mark(decoder.bit)
                decoder.confine(ahead.free_until(decoder.bit + 1))
            try:
                more = decoder.advance(self._step, target)
            except NoSpace:
                if decoder.has_all_space:
                    raise
                self._clear_result()
                continue
            with self._changed:
                if not more:
                    self._is_done = True
                    self._changed.notify_all()
                    return
                if ahead.drop_passed(decoder.bit, target):
                    self._changed.notify_all()
                agreement = ahead.agreement(decoder.bit, decoder.window())
                if agreement is not None and not self._hand_over(*agreement):
                    self._changed.notify_all()
                    return

    def _clear_result(self) -> None:
        """Have the run that stands in the result make way, and wait until it has."""
        with self._changed:
            run = self._ahead.placed
            if run is not None:
                run.is_in_the_way = True
                if not run.is_active:
                    self._make_way(run)
            while self._ahead.placed is not None and not self._is_done:
                self._changed.wait(PATIENCE)

    def _make_way(self, run: Run) -> None:
        """If a run is in the way, have it go on in memory of its own, or else stop."""
        if not run.is_in_the_way or run is not self._ahead.placed:
            return
        decoded = run.marks[-1].position if run.marks else 0
        memory = self._memory() if run in self._ahead.runs else None
        if memory is None or decoded > len(memory):
            self._ahead.drop(run)
        else:
            run.move_to(memory)
            self._ahead.placed = None
        self._changed.notify_all()

    def _hand_over(self, run: Run, mark: Mark) -> bool:
        """Adopt a run from a mark on, or have its thread do so; return whether to lead on."""
        run.adopted_at = mark
        return not run.is_active and self._adopt(run)

    def _adopt(self, run: Run) -> bool:
        """Have the decoder stand where the run stands; return whether to lead on from there."""
        decoder, ahead, mark = self._decoder, self._ahead, run.adopted_at
        assert mark is not None
        ahead.drop(run)
        end = decoder.position + run.marks[-1].position - mark.position
        if end > ahead.free_until(run.bit):
            self._clear_result()
        decoder.confine(ahead.free_until(run.bit))
        shift = 0 if run.base is None else run.base + mark.position - decoder.position
        out = decoder.adopt(run, mark)
        parts = begin(out, run.memory[mark.position :][: len(out)], shift)
        if parts:
            self._uncopied[run] = len(parts)
            self._jobs += [partial(self._copy, run, part, out) for part in parts]
        else:
            self._give_back(run)
        self._changed.notify_all()
        if run.follower is not None and run.follower[0] in self._ahead.runs:
            return self._hand_over(*run.follower)
        return True

    def _copy(self, run: Run, part: Part, out: Memory) -> None:
        """Copy a part of an adopted run; behind the last one, give back the run's memory."""
        part.copy_to(out)
        with self._changed:
            self._uncopied[run] -= 1
            if not self._uncopied[run]:
                del self._uncopied[run]
                self._give_back(run)

    def _give_back(self, run: Run) -> None:
        """Let another run have the memory of one that is through."""
        if run.base is None:
            self._spare.append(run.memory)
