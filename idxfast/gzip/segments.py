"""Cut the compressed bytes of a source into segments that start and stop at DEFLATE blocks."""

from __future__ import annotations

import numpy as np

from ..native.blocks import HEADER_SPACE, find_block
from ..native.codec import BAD_DATA, COMPLETE, CUT, PREFIX_SPACE, decode_segment
from ..source import Source

# Compressed bytes of a segment, at the least: from there on a cut is looked for. Of 512 KiB to
# 2 MiB, 2 MiB was fastest on Fashion-MNIST (512 KiB took 1.05 times as long, for the search), with
# a chunk that holds one segment and stays in cache (4 MiB: 1.02).
STEP = 2 << 20
# How far behind the step a cut should be found without reading on, and how much is read at once.
SEARCH = 128 << 10
CHUNK = STEP + SEARCH + (32 << 10)
# How many cuts may turn out to be none before the segment that they close is held for damaged. The
# search takes noise for a stored block once in 1.4 * 10^8 bits (15 times in 256 MB; for a dynamic
# one never), so that two in a row are hardly to be met.
MAX_FALSE_CUTS = 2


class Feed:
    """The compressed bytes of a source, in order, a chunk at a time.

    Attributes
    ----------
    data : memoryview
        The chunk. In front of what is unread there is always room for the prefix of a segment.
    at_end : bool
        Whether the chunk holds all the rest of the source.
    has_cut : bool
        Whether what was read so far, or is next, depends on a cut.
    """

    def __init__(
        self, source: Source, start: int = 0, *, cuts: bool = True, chunk: int = CHUNK
    ) -> None:
        self.data = memoryview(b"")
        self.at_end = False
        self.has_cut = False
        self._source = source
        self._chunk = chunk
        self._cuts = cuts
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
        return self.data[self._bit >> 3 : self._stop]

    def fill(self, wanted: int) -> None:
        """Have at least so many bytes unread in the chunk, or else all the rest."""
        index = self._bit >> 3
        kept = self._stop - index
        if kept >= wanted or self.at_end:
            return
        offset = self._base + index
        space = min(max(wanted, self._chunk), max(self._source.size - offset, kept))
        data = self.data
        if PREFIX_SPACE + space > len(data):
            data = memoryview(np.empty(PREFIX_SPACE + space, np.uint8))
        data[PREFIX_SPACE : PREFIX_SPACE + kept] = self.data[index : self._stop]
        free = data[PREFIX_SPACE + kept : PREFIX_SPACE + space]
        count = self._source.read_into(free, offset + kept)
        self.data = data
        self._base = offset - PREFIX_SPACE
        self._bit += 8 * (PREFIX_SPACE - index)
        self._stop = PREFIX_SPACE + kept + count
        # A file that became shorter while it was read ends here, too.
        self.at_end = count < len(free) or self._base + self._stop >= self._source.size

    def grow(self) -> None:
        """Have twice as many bytes in the chunk, or else all the rest."""
        self.fill(2 * (self._stop - (self._bit >> 3)))

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
        self.has_cut = True
        return True

    def segment(self, step: int, target: int | None = None) -> tuple[int, int, bool]:
        """The next segment: from the first unread bit to a cut at least `step` bytes on.

        Parameters
        ----------
        step : int
        target : int, optional
            A cut that is known, as a bit of the source: where to stop if it is about a step away.

        Returns
        -------
        start, stop : int
            In bits from the start of `data`.
        cut : bool
            Whether there is a cut at `stop`: a place where, it seems, a block starts. If none is
            found, the segment is all that the chunk holds.
        """
        if target is not None and 0 < target - self.bit <= 12 * step and self._cuts:
            self.fill((target - self.bit >> 3) + HEADER_SPACE)
            if (target >> 3) + HEADER_SPACE <= self._base + self._stop:
                self._cut = target
        if self._cut <= self.bit:
            self.fill(step + SEARCH)
            start, base = self._bit, 8 * self._base
            if not self._cuts:
                return start, 8 * self._stop, False
            # What was searched in vain for one member need not be searched again for the next.
            first = max(start + 8 * step, self._searched - base)
            found = find_block(self.data[: self._stop], first, 8 * self._stop)
            if found < 0:
                self._searched = max(self._searched, base + 8 * (self._stop - HEADER_SPACE))
                return start, 8 * self._stop, False
            self._cut = base + found
        self.has_cut = True
        return self._bit, self._cut - 8 * self._base, True

    def reject_cut(self) -> None:
        """Take the last cut for none, and look for another one behind it."""
        self._searched = self._cut + 1
        self._cut = 0


def decode_next(
    feed: Feed, out: memoryview, position: int, window: int, step: int, target: int | None = None
) -> tuple[int, int]:
    """Decode the next segment of a member, and have read it.

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
    false_cuts = 0
    while True:
        start, stop, cut = feed.segment(step, target)
        result, end, after = decode_segment(feed.data, start, stop, cut, out, position, window)
        if result == COMPLETE:
            feed.move_to(8 * end)
        elif result == CUT:
            feed.move_to(stop)
        elif result == BAD_DATA and cut and false_cuts < MAX_FALSE_CUTS:
            false_cuts += 1
            target = None
            feed.reject_cut()
            continue
        elif result == BAD_DATA and not cut and not feed.at_end:
            feed.grow()
            continue
        return result, after
