"""Cut the compressed bytes of a source into segments that start and stop at DEFLATE blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..native.blocks import HEADER_SPACE, find_block
from ..native.codec import (
    BAD_DATA,
    CLOSING_SPACE,
    COMPLETE,
    CUT,
    NO_SPACE,
    PREFIX_SPACE,
    decode_segment,
)
from ..source import Source
from ..typing import Memory

# Compressed bytes of a segment, at the least: from there on a cut is looked for. On Fashion-MNIST,
# 1 MiB took 1.015 times as long as 2 MiB, and 32 MiB, which is all of it at once, 0.995.
STEP = 2 << 20
# How far behind the step a cut should be found without reading on, and the least to read at once.
SEARCH = 128 << 10
CHUNK = 256 << 10
# How many cuts in a row may turn out to be none before a segment is decoded without. The search
# takes noise for a stored block once in 1.4 * 10^8 bits, for a dynamic one never (in 256 MB).
MAX_FALSE_CUTS = 2


class Segment(NamedTuple):
    """From one block start to another, in bits from the start of a chunk."""

    start: int
    stop: int
    is_cut: bool  # whether there is a cut at `stop`: it seems that a block starts there


class Feed:
    """The compressed bytes of a source, in order, a chunk at a time.

    Attributes
    ----------
    data : ndarray
        The chunk. In front of what is unread there is always room for the prefix of a segment.
    at_end : bool
        Whether the chunk holds all the rest of the source.
    """

    def __init__(self, source: Source, start: int = 0, *, chunk: int = CHUNK) -> None:
        self.data: Memory = np.empty(0, np.uint8)
        self.at_end = False
        self._source = source
        self._chunk = chunk
        self._base = start  # where in the source `data` starts
        self._bit = 0  # the first unread bit of `data`
        self._stop = 0  # the end of what `data` holds
        self._cut = 0  # the last cut that was found, as a bit of the source
        self._searched = 0  # there is no further cut before this bit of the source
        self.fill(chunk)

    @property
    def offset(self) -> int:
        """Where in the source the first unread byte stands."""
        return self._base + (self._bit >> 3)

    @property
    def bit(self) -> int:
        """Where in the source the first unread bit stands."""
        return 8 * self._base + self._bit

    @property
    def unread(self) -> memoryview:
        """The unread bytes of the chunk."""
        return memoryview(self.data[self._bit >> 3 : self._stop])

    def fill(self, wanted: int) -> None:
        """Have at least so many bytes unread in the chunk, or else all the rest."""
        index = self._bit >> 3
        kept = self._stop - index
        if kept >= wanted or self.at_end:
            return
        offset = self._base + index
        space = min(max(wanted, kept) + self._chunk, max(self._source.size - offset, kept))
        data = self.data
        if PREFIX_SPACE + space > len(data):
            data = np.empty(PREFIX_SPACE + space, np.uint8)
        data[PREFIX_SPACE : PREFIX_SPACE + kept] = self.data[index : self._stop]
        self.data = data
        self._base = offset - PREFIX_SPACE
        self._bit += 8 * (PREFIX_SPACE - index)
        self._stop = PREFIX_SPACE + kept
        free = memoryview(data[self._stop : PREFIX_SPACE + space])
        count = self._source.read_into(free, offset + kept)
        self._stop += count
        # A file that became shorter while it was read ends here, too.
        self.at_end = count < len(free) or self._base + self._stop >= self._source.size

    def grow(self) -> None:
        """Have four times as many bytes in the chunk, or else all the rest."""
        self.fill(4 * (self._stop - (self._bit >> 3)))

    def skip(self, count: int) -> None:
        """Have read so many bytes."""
        self._bit += 8 * count

    def move_to(self, bit: int) -> None:
        """Have read up to this bit of `data`."""
        self._bit = bit

    def find_cut(self) -> bool:
        """Have read up to the next cut; False if there is none in the chunk."""
        found = find_block(self.data[: self._stop], self._bit, 8 * self._stop)
        if found < 0:
            return False
        self._bit = found
        return True

    def segment(self, step: int, target: int | None = None) -> Segment:
        """The next segment: from the first unread bit to a cut at least `step` bytes on.

        If no cut is found, it is all that the chunk holds.

        Parameters
        ----------
        step : int
        target : int, optional
            A cut that is known, as a bit of the source: where to stop if it is at most one and a
            half steps away.
        """
        if target is not None and 0 < target - self.bit <= 8 * step * 3 // 2:
            # Two bytes more: the bits that start and stop it may be in bytes of their own.
            self.fill((target - self.bit >> 3) + CLOSING_SPACE + 2)
            if (target >> 3) + CLOSING_SPACE <= self._base + self._stop:
                self._cut = target
        if self._cut <= self.bit:
            self.fill(step + SEARCH)
            start, base = self._bit, 8 * self._base
            # What was searched in vain for one member need not be searched again for the next.
            first = max(start + 8 * step, self._searched - base)
            found = find_block(self.data[: self._stop], first, 8 * self._stop)
            if found < 0:
                self._searched = max(self._searched, base + 8 * (self._stop - HEADER_SPACE))
                return self.rest()
            self._cut = base + found
        return Segment(self._bit, self._cut - 8 * self._base, is_cut=True)

    def rest(self) -> Segment:
        """All that the chunk holds, as a segment."""
        return Segment(self._bit, 8 * self._stop, is_cut=False)

    def reject_cut(self) -> None:
        """Take the last cut for none, and look for another one behind it."""
        self._searched = self._cut + 1
        self._cut = 0


def try_next(
    feed: Feed, out: Memory, position: int, window: int, step: int, target: int | None = None
) -> tuple[int, int]:
    """Decode the next segment of a member, and have read it.

    It fails, too, at a cut that is none, and at a chunk that ends before the member does.

    Parameters
    ----------
    feed : Feed
    out, position, window
        As for `decode_segment`.
    step, target
        As for `Feed.segment`.

    Returns
    -------
    result : int
        As `decode_segment` gives it. After BAD_DATA and NO_SPACE the segment is still unread.
    position : int
        Where in `out` the segment's bytes end.
    """
    return _decode(feed, feed.segment(step, target), out, position, window)


def decode_next(
    feed: Feed,
    out: Memory,
    position: int,
    window: int,
    step: int,
    target: int | None = None,
    *,
    insist_on_space: bool = True,
    fits: bool = False,
) -> tuple[int, int]:
    """Decode the next segment of a member, and have read it, if that is possible at all.

    As `try_next`, but BAD_DATA is sure. If space is insisted on, NO_SPACE comes of no false cut,
    but perhaps of the zeros for which libdeflate takes what is missing behind the chunk. If it is
    known that all fits, there is no NO_SPACE.
    """
    false_cuts = 0
    while True:
        is_trusted = false_cuts <= MAX_FALSE_CUTS
        segment = feed.segment(step, target) if is_trusted else feed.rest()
        result, after = _decode(feed, segment, out, position, window)
        if result in (COMPLETE, CUT) or (result == NO_SPACE and not insist_on_space):
            return result, after
        if segment.is_cut:
            false_cuts += 1
            target = None
            feed.reject_cut()
        elif result == NO_SPACE and not fits:
            return NO_SPACE, after
        elif feed.at_end:
            return BAD_DATA, after
        else:
            feed.grow()


def _decode(
    feed: Feed, segment: Segment, out: Memory, position: int, window: int
) -> tuple[int, int]:
    result, end, after = decode_segment(feed.data, *segment, out, position, window)
    if result == COMPLETE:
        feed.move_to(8 * end)
    elif result == CUT:
        feed.move_to(segment.stop)
    return result, after
