"""Segments of a compressed stream, whose symbols are decoded before their window is known."""

from __future__ import annotations

from collections.abc import Callable

from ..native.blocks import HEADER_SPACE, find_block
from ..native.inflate import BAD, BLOCK, END, INPUT, PAUSE, SPACE, Inflater, Symbols
from ..storage.source import Source
from .feed import CHUNK, Feed

# Room for what a segment of usual data holds. Where it is not enough, the segment ends early, and
# whoever takes it over goes on from there.
LITERALS = 1792 << 10
MATCHES = 224 << 10


class Segment:
    """A part of a source, from the first block that starts in it to the first that starts after it.

    One object, and its memory, serve for one part after another.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    first, last : int
        The offsets of the source where the part begins and ends.
    start : int or None
        The bit of the source where the first block seems to start; None if there is none, or if
        the symbols from there on cannot be decoded.
    symbols : Symbols
    feed : Feed
    inflater : Inflater
        Both are where the symbols end.
    stop : int
        What ended them: `BLOCK`, or `END`, or `SPACE` or `PAUSE` inside a block.
    is_ready : bool
        Whether they have been decoded.
    """

    def __init__(self, source: Source) -> None:
        self.feed = Feed(source)
        self.inflater = Inflater()
        self.symbols = Symbols(LITERALS, MATCHES)
        self.begin(0, 0)

    def begin(self, first: int, last: int) -> None:
        """Become another part of the source."""
        self.first, self.last = first, last
        self.start: int | None = None
        self.stop = PAUSE
        self.is_ready = False

    def decode(self, is_wanted: Callable[[], bool]) -> None:
        """Find the first block, and decode the symbols from there, as long as they are wanted."""
        self.feed.move_to(self.first, CHUNK)
        self.inflater.reset()
        self.symbols.clear()
        try:
            start = self._find_block()
            if start is not None and self._decode_symbols(is_wanted):
                self.start = start
        except (OSError, MemoryError):
            pass  # the leader decodes this part: it meets the same error, or needs no segment

    def _find_block(self) -> int | None:
        feed = self.feed
        while feed.offset < self.last:
            feed.fill(CHUNK)
            found = find_block(feed.data, feed.bit, 8 * len(feed.data))
            if found >= 0:
                feed.bit = found
                return feed.source_bit if feed.offset < self.last else None
            if feed.at_end:
                return None
            feed.skip(len(feed.unread) - HEADER_SPACE)
        return None

    def _decode_symbols(self, is_wanted: Callable[[], bool]) -> bool:
        """Decode up to the first block after the part; False if that fails, or is not wanted."""
        feed, last = self.feed, 8 * self.last
        # A block may be long; but one that is none must not be decoded for ever.
        limit = last + 8 * (self.last - self.first)
        while is_wanted():
            max_bits = feed.prepare()
            self.stop, feed.bit, _ = self.inflater.decode_symbols(
                feed.data,
                feed.bit,
                self.symbols,
                block_stop=max(last - feed.source_bit + feed.bit, 0),
                max_bits=max_bits,
            )
            if self.stop == BAD or (self.stop == INPUT and not feed.grow()):
                return False
            if self.stop in (BLOCK, END, SPACE) or feed.source_bit >= limit:
                return True
        return False
