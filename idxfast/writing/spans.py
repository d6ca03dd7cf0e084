"""Which items of a file have been written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Spans:
    """A set of whole numbers from 0 on, kept as spans without gaps.

    Attributes
    ----------
    count : int
        How many numbers there are.
    """

    def __init__(self) -> None:
        self.count = 0
        # Where each span starts, and where it ends. Between two spans there is a gap.
        self._starts: list[int] = []
        self._stops: list[int] = []

    @property
    def end(self) -> int:
        """The number after the highest one."""
        return self._stops[-1] if self._stops else 0

    @property
    def first_gap(self) -> int:
        """The lowest number that is missing."""
        return self._stops[0] if self._starts and self._starts[0] == 0 else 0

    def add(self, start: int, stop: int) -> None:
        """Add the numbers from `start` to before `stop`."""
        if start == stop:
            return
        # The spans that the new one overlaps or touches become one with it.
        first, last = bisect_left(self._stops, start), bisect_right(self._starts, stop)
        before = sum(self._stops[first:last]) - sum(self._starts[first:last])
        if first < last:
            start, stop = min(start, self._starts[first]), max(stop, self._stops[last - 1])
        self._starts[first:last], self._stops[first:last] = [start], [stop]
        self.count += stop - start - before
