"""Copy what a run has decoded to its place, in parts that several threads can copy at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .runs import Memory

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


def split(memory: Memory, shift: int) -> list[Part]:
    """Cut bytes into parts, to be copied in any order.

    Parameters
    ----------
    memory : ndarray
    shift : int
        How many bytes before them their place is, in the same memory; 0 if it is elsewhere.
    """
    parts = []
    for start in range(0, len(memory), PART):
        part = memory[start : start + PART]
        cut = max(len(part) - shift, 0)
        parts.append(Part(start, part[:cut], part[cut:].copy()))
    return parts
