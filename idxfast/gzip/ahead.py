"""The runs ahead of the leader: where another one may start, and with which one it agrees."""

from __future__ import annotations

from ..native.codec import WINDOW
from .runs import Mark, Run

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


def start_fraction(size: int, total: int) -> float:
    """Where in a gap a run starts, in a stream of so many bytes, packed and unpacked.

    Before the middle, for the decoder before it overlaps with it until both agree. That takes the
    longer the more the data compress, which is to be copied from far away. Of 0.43 to 0.485,
    Fashion-MNIST (1.8 to 1) was fastest from 0.47 on (0.43: 1.05 times as long), MNIST (4.7 to 1)
    at 0.43 (0.455: 1.3).
    """
    return max(0.35, 0.5 - 0.015 * total / size)


class Ahead:
    """The runs ahead of the leader, in the order of the file.

    Parameters
    ----------
    size, total : int
        Bytes of the stream, packed and unpacked.
    threads : int
        The most that decode it.

    Attributes
    ----------
    threads : int
        How many are of use.
    longest : int
        The most bytes that a run unpacks before it is adopted.
    space : int
        Bytes of memory that it needs for that.
    runs : list of Run
    placed : Run or None
        The one that stands in the result, as long as that is not free for the leader.
    """

    def __init__(self, size: int, total: int, threads: int) -> None:
        self.threads = min(threads, size // MIN_GAP + 1)
        self.longest = min(SPAN, total)
        self.space = WINDOW + self.longest
        self.runs: list[Run] = []
        self.placed: Run | None = None
        self._size = 8 * size
        self._total = total
        self._fraction = start_fraction(size, total)
        self._span = SPAN * self._size // total
        self._horizon = int(max(HORIZON, HORIZON_PER_THREAD * self.threads) * self._span)

    @property
    def guesses(self) -> int:
        """How many runs nobody has adopted yet."""
        return sum(run.adopted_at is None for run in self.runs)

    def find_place(self, bit: int) -> tuple[int, int] | None:
        """Where to start a run, in the largest gap, while the leader stands at a bit.

        Returns
        -------
        index, bit : int
            Its number among the runs, and a bit of the source; None if no gap is worth it.
        """
        fronts = [bit, *(run.bit for run in self.runs)]
        stops = [*(run.start for run in self.runs), min(self._size, bit + self._horizon)]
        gaps = [stop - front for front, stop in zip(fronts, stops, strict=True)]
        gap = max(gaps)
        if gap < 8 * MIN_GAP:
            return None
        index = gaps.index(gap)
        return index, fronts[index] + min(int(self._fraction * gap), self._span)

    def find_place_of_last(self, bit: int, position: int) -> tuple[int, int] | None:
        """Where a run may start that can reach the end, while the leader is the only one.

        Returns
        -------
        bit, position : int
            Of the source, and, by a guess, of the stream; None if no run can.
        """
        place = self.find_place(bit)
        if place is None:
            return None
        start = place[1]
        left = self._total - position
        between = left * (start - bit) // (self._size - bit)
        return None if left - between > self.longest else (start, position + between)

    def next_mark(self, bit: int, after: Run | None = None) -> int | None:
        """The next place behind a bit where the leader, or a run, can be compared."""
        run = self._next_run(after)
        marks = run.marks if run else []
        return next((mark.bit for mark in marks if mark.bit > bit), None)

    def agreement(
        self, bit: int, window: bytes, after: Run | None = None
    ) -> tuple[Run, Mark] | None:
        """The run ahead of the leader, or of a run, that had the same window at the same place."""
        run = self._next_run(after)
        if run is not None:
            # Where a member ends for the run, a block may start for the other: no bit tells. The
            # run may come to that end just now: its marks are taken before it is asked for.
            marks = list(run.marks)
            for mark in marks[:-1] if run.is_complete else marks:
                if mark.bit == bit and run.window(mark) == window:
                    return run, mark
        return None

    def _next_run(self, after: Run | None) -> Run | None:
        start = after.start if after else -1
        return next((run for run in self.runs if run.start > start), None)

    def drop_passed(self, bit: int, target: int | None) -> bool:
        """Forget the runs that the leader has passed, and the one whose mark turned out no cut.

        Return whether there were any.
        """
        passed = [run for run in self.runs if run.bit < bit]
        if len(passed) < len(self.runs) and target is not None and bit > target:
            first = self.runs[len(passed)]
            if any(mark.bit == target for mark in first.marks):
                passed.append(first)
        for run in passed:
            self.drop(run)
        return bool(passed)

    def drop(self, run: Run) -> None:
        """Forget a run that is passed, wrong, or adopted; its thread will stop."""
        if run in self.runs:
            self.runs.remove(run)
        if run is self.placed and not run.is_active:
            self.placed = None

    def free_until(self, bit: int) -> int:
        """Up to which position of the stream a leader at a bit may write.

        There the window starts before the first mark, at the bit or behind it, of the run that
        stands in the result; or, if there is none, before the bytes that it decodes just now.
        """
        run = self.placed
        if run is None or run.base is None:
            return self._total
        marks = list(run.marks)
        ahead = [mark for mark in marks if mark.bit >= bit] or marks[-1:]
        at = ahead[0].position - WINDOW if ahead else 0
        return min(run.base + at, self._total)
