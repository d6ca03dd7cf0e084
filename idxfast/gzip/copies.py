"""Copy what a run has decoded to its place, in parts that several threads can copy at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..native.codec import WINDOW
from ..typing import Memory

# How many bytes one part has.
PART = 4 << 20


class Part(NamedTuple):
    """Some bytes that go to a place."""

    start: int  # of the destination
    head: Memory
    tail: Memory  # a copy of the rest, which stands where other bytes go

    def copy_to(self, out: Memory) -> None:
        """Copy the bytes to their place in the destination."""
        cut = self.start + len(self.head)
        np.copyto(out[self.start : cut], self.head)
        out[cut : cut + len(self.tail)] = self.tail


def begin(out: Memory, memory: Memory, shift: int) -> list[Part]:
    """Copy a run's last window to its place; return the rest, to be copied in any order.

    Parameters
    ----------
    out, memory : ndarray
        The place, and the run's bytes.
    shift : int
        How far before the bytes their place is, if that is in the same memory, a window at the
        least; 0 if it is elsewhere.
    """
    rest = max(len(memory) - WINDOW, 0)
    if shift < PART:
        parts = split(memory[:rest], shift)
    else:
        # All of each part stands where another one goes.
        np.copyto(out[:rest], memory[:rest])
        parts = []
    # Only now: what stands there is kept in the last part's tail.
    np.copyto(out[rest:], memory[rest:])
    return parts


def split(memory: Memory, shift: int) -> list[Part]:
    """Cut bytes into parts, to be copied in any order to a place `shift` bytes before them."""
    parts = []
    for start in range(0, len(memory), PART):
        part = memory[start : start + PART]
        cut = max(len(part) - shift, 0)
        parts.append(Part(start, part[:cut], part[cut:].copy()))
    return parts
