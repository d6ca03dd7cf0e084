"""Segments of a compressed stream, whose symbols are decoded before their window is known."""

from __future__ import annotations

from collections.abc import Callable

from ..native.inflate import (
    BAD,
    BLOCK,
    END,
    HEADER_SPACE,
    INPUT,
    PAUSE,
    SPACE,
    Inflater,
    Symbols,
    find_block,
)
from ..storage.source import Source
from .input_buffer import CHUNK, InputBuffer

# How many literals and matches a segment has room for: enough for usual data. Where they are not
# enough, the segment ends early, and the decoder that appends it goes on from there.
LITERALS = 1792 << 10
MATCHES = 224 << 10


class Segment:
    """A part of a source: from the first block that starts in it to the first that starts after it.

    The object and its memory are used again for other parts.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    first, last : int
        The offsets in the source where the part begins and ends.
    start : int or None
        The bit of the source where the first block seems to start; None if there is none, or if
        the symbols from there on cannot be decoded.
    symbols : Symbols
    input : InputBuffer
    inflater : Inflater
        Both are at the end of the symbols.
    stop : int
        Why the symbols end: `BLOCK` or `END`; or, inside a block, `SPACE` or `PAUSE`.
    is_ready : bool
        Whether the symbols have been decoded.
    """

    def __init__(self, source: Source) -> None:
        self.input = InputBuffer(source)
        self.inflater = Inflater()
        self.symbols = Symbols(LITERALS, MATCHES)
        self.begin(0, 0)

    def begin(self, first: int, last: int) -> None:
        """Use this object for another part of the source."""
        self.first, self.last = first, last
        self.start: int | None = None
        self.stop = PAUSE
        self.is_ready = False

    def decode(self, is_wanted: Callable[[], bool]) -> None:
        """Find the first block and decode the symbols from there, as long as they are wanted."""
        self.input.move_to(self.first, CHUNK)
        self.inflater.reset()
        self.symbols.clear()
        try:
            start = self._find_block()
            if start is not None and self._decode_symbols(is_wanted):
                self.start = start
        except (OSError, MemoryError):
            pass  # the leader decodes this part, and meets the same error or needs less memory

    def _find_block(self) -> int | None:
        input = self.input
        while input.offset < self.last:
            input.fill(CHUNK)
            found = find_block(input.data, input.bit, 8 * len(input.data))
            if found >= 0:
                input.bit = found
                return input.source_bit if input.offset < self.last else None
            if input.at_end:
                return None
            input.skip(len(input.unread) - HEADER_SPACE)
        return None

    def _decode_symbols(self, is_wanted: Callable[[], bool]) -> bool:
        """Decode up to the first block after the part; False if this fails or is not wanted."""
        input, last = self.input, 8 * self.last
        # A block may be long, but what only looks like a block must not be decoded for ever.
        limit = last + 8 * (self.last - self.first)
        while is_wanted():
            max_bits = input.prepare()
            self.stop, input.bit, _ = self.inflater.decode_symbols(
                input.data,
                input.bit,
                self.symbols,
                block_stop=max(last - input.source_bit + input.bit, 0),
                max_bits=max_bits,
            )
            if self.stop == BAD or (self.stop == INPUT and not input.grow()):
                return False
            if self.stop in (BLOCK, END, SPACE) or input.source_bit >= limit:
                return True
        return False
