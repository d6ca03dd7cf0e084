"""Decode a part of a stream without knowing what stands before it."""

from __future__ import annotations

from typing import NamedTuple

from ..native.checksum import crc32
from ..native.codec import COMPLETE, CUT, WINDOW
from ..source import Source
from ..typing import Memory
from .segments import Feed, try_next

# How much shorter the first segment of a run is.
FIRST_STEPS = 4


class Mark(NamedTuple):
    """The start of a run, or the end of one of its segments."""

    bit: int  # in the source
    position: int  # in the run's memory
    crc: int  # of the run's bytes up to there


class Run:
    """Segments decoded one after another from a cut, as if zeros stood before it.

    Its bytes are wrong where they are copies from those zeros, directly or not. Of images few are,
    and ever fewer: zeros are what most of what is copied from far away is.

    Attributes
    ----------
    start : int
        A bit of the source: where it starts, or, before it is open, where its cut is looked for.
    step : int
        Compressed bytes of its segments, at the least. The first ones are shorter: the sooner
        another decoder can agree, the less is decoded twice.
    marks : list of Mark
        The start, and the end of each segment. Its thread alone adds to them, without a lock; when
        the last one is there, so is `is_complete`.
    memory : ndarray
        The window, then the run's bytes.
    base : int or None
        Where in the stream the memory stands, if it is a part of the result's.
    feed : Feed
        Stands at the last mark.
    is_complete : bool
        Whether the member has ended there.
    is_active : bool
        Whether a thread is working on it.
    is_in_the_way : bool
        Whether the leader waits for its part of the result's memory.
    adopted_at : Mark or None
        From where on what it has decoded is known to be right.
    follower : (Run, Mark) or None
        The run that this one came to agree with, and where; it has ended there.
    """

    feed: Feed

    def __init__(self, start: int, step: int, memory: Memory, base: int | None = None) -> None:
        self.start = start
        self.step = step
        self.marks: list[Mark] = []
        self.memory = memory
        self.base = base
        self.is_complete = False
        self.is_active = True
        self.is_in_the_way = False
        self.adopted_at: Mark | None = None
        self.follower: tuple[Run, Mark] | None = None

    @property
    def bit(self) -> int:
        """How far in the source it has come."""
        return self.marks[-1].bit if self.marks else self.start

    def open(self, source: Source) -> bool:
        """Find the cut; False if there is none near."""
        self.feed = Feed(source, self.start >> 3)
        if not self.feed.find_cut():
            return False
        self.memory[:WINDOW] = 0
        self.start = self.feed.bit
        self.marks.append(Mark(self.start, WINDOW, 0))
        return True

    def advance(self, target: int | None) -> bool:
        """Decode the next segment; False if there is none or it cannot be decoded."""
        bit, position, crc = self.marks[-1]
        step = min(max(self.step // FIRST_STEPS, bit - self.start >> 3), self.step)
        result, after = try_next(self.feed, self.memory, position, WINDOW, step, target)
        if result not in (CUT, COMPLETE):
            return False
        self.is_complete = result == COMPLETE
        self.marks.append(Mark(self.feed.bit, after, crc32(self.memory[position:after], crc)))
        return not self.is_complete

    def move_to(self, memory: Memory) -> None:
        """Go on in memory of its own, between two segments."""
        stop = self.marks[-1].position if self.marks else 0
        memory[:stop] = self.memory[:stop]
        self.memory, self.base = memory, None

    def window(self, mark: Mark) -> bytes:
        """The last bytes before a mark."""
        return self.memory[mark.position - WINDOW : mark.position].tobytes()
