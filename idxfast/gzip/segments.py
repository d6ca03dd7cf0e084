"""Cut the compressed bytes of a source into segments that start and stop at DEFLATE blocks."""

from __future__ import annotations

import numpy as np

from ..native.blocks import HEADER_SPACE, find_block
from ..native.codec import PREFIX_SPACE
from ..source import Source

# Compressed bytes of a segment, at the least: from there on a cut is looked for. Of 128 KiB to
# 2 MiB, 1 MiB and more were fastest on Fashion-MNIST (1.22 of one libdeflate call into warm memory,
# 512 KiB 1.25, 128 KiB 1.55, where the search for cuts costs most).
STEP = 1 << 20
# How far behind the step a cut should be found without reading on, and how much is read at once.
SEARCH = 128 << 10
CHUNK = 4 * STEP


class Feed:
    """The compressed bytes of a source, in order, a chunk at a time.

    Attributes
    ----------
    data : memoryview
        The chunk. In front of what is unread there is always room for the prefix of a segment.
    at_end : bool
        Whether the chunk holds all the rest of the source.
    """

    def __init__(self, source: Source, *, cuts: bool = True, chunk: int = CHUNK) -> None:
        self.data = memoryview(b"")
        self.at_end = False
        self._source = source
        self._chunk = chunk
        self._cuts = cuts
        self._base = 0  # where in the source `data` starts
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
        space = min(max(wanted, self._chunk), self._source.size - offset)
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

    def segment(self, step: int) -> tuple[int, int, bool]:
        """The next segment: from the first unread bit to a cut at least `step` bytes on.

        Returns
        -------
        start, stop : int
            In bits from the start of `data`.
        cut : bool
            Whether there is a cut at `stop`: a place where, it seems, a block starts. If none is
            found, the segment is all that the chunk holds.
        """
        if self._cut <= 8 * self._base + self._bit:
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
        return self._bit, self._cut - 8 * self._base, True
