"""Seek points: places of a gzip file where decoding can begin.

A match copies from the 32 KiB before it, the window. So a point inside a member needs its window as
well. The data after the point use few bytes of the window, and only these are kept, compressed. The
symbols of the 32 KiB after the point show which bytes are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..native.deflate import encode
from ..native.inflate import BAD, END, SPACE, Inflater, Symbols
from ..typing import Memory
from .decoder import NEVER, WINDOW_SIZE, Decoder, Place
from .input_buffer import RESERVE, InputBuffer

# How many compressed bytes are decoded at a time to see which bytes of a window are used: images of
# MNIST need one or two such steps, those of Fashion-MNIST two or three.
STEP = 8 << 10
# The level at which windows are compressed. The windows of Fashion-MNIST are 10% larger at level 2,
# and 15% larger at zlib's level 6, which takes three times as long.
LEVEL = 6
# About how many bytes a point takes in memory besides its window.
POINT_SIZE = 320


class Point(NamedTuple):
    """A place where decoding can begin, and what it needs.

    Attributes
    ----------
    place : Place
    window : bytes
        The end of the unpacked stream before the place, as a DEFLATE stream, with zeros for the
        bytes that are not used. Empty if none is used.
    """

    place: Place
    window: bytes


class Points:
    """The points of a part of the stream, in ascending order.

    Parameters
    ----------
    points : sequence of Point
        The first is at the start of the part.
    end : Place
        The end of the part.

    Attributes
    ----------
    nbytes : int
        About how many bytes the points take in memory.
    """

    def __init__(self, points: Sequence[Point], end: Place) -> None:
        self._points = tuple(points)
        self._places = (*(point.place for point in points), end)
        self._positions = np.array([place.position for place in self._places], np.int64)
        self.nbytes = sum(map(size_of, points))

    def __reduce__(self) -> tuple[object, ...]:
        return Points, (self._points, self._places[-1])

    def __len__(self) -> int:
        return len(self._points)

    def __getitem__(self, number: int) -> tuple[Point, Place]:
        """A point, and the place of the next one or the end."""
        return self._points[number], self._places[number + 1]

    def find(self, position: int) -> int:
        """The number of the last point at or before a position, which is before the end."""
        return int(np.searchsorted(self._positions, position, "right")) - 1


def size_of(point: Point) -> int:
    """About how many bytes a point takes in memory."""
    return POINT_SIZE + len(point.window)


class Gatherer:
    """Makes points where a decoder passes.

    Parameters
    ----------
    spacing : int
        A point is due when the decoder has read or written this many bytes since the last one. The
        point is made at the next start of a block.
    limit : int
        How many bytes the points may take. When they take more, every second point is given up,
        and the spacing is doubled.

    Attributes
    ----------
    points : list of Point
    spacing : int
    """

    def __init__(self, spacing: int, limit: int) -> None:
        self.points: list[Point] = []
        self.spacing = spacing
        self._limit = limit
        self._nbytes = 0
        self._inflater = Inflater()
        # Neither the space for literals nor the space for matches is used up before the symbols
        # make a whole window.
        self._symbols = Symbols(WINDOW_SIZE, WINDOW_SIZE // 3 + 1)

    def visit(self, decoder: Decoder, symbols: Symbols | None = None) -> int:
        """Make a point where the decoder is, if one is due.

        Parameters
        ----------
        decoder : Decoder
        symbols : Symbols, optional
            The symbols that come next, if they are known.

        Returns
        -------
        int
            The `block_stop` for the decoder: 0 if a point is due, but not possible here.
        """
        if self.points:
            last = self.points[-1].place
            read = (decoder.input.source_bit - last.bit) >> 3
            if max(read, decoder.position - last.position) < self.spacing:
                return NEVER
        place = decoder.place
        if place is None:
            return 0
        window = self._pack_window(decoder, symbols) if place.is_inside else b""
        self.points.append(Point(place, window))
        self._nbytes += size_of(self.points[-1])
        if self._nbytes > self._limit:
            self.points = self.points[::2]
            self.spacing *= 2
            self._nbytes = sum(map(size_of, self.points))
        return NEVER

    def _pack_window(self, decoder: Decoder, symbols: Symbols | None) -> bytes:
        if symbols is None or symbols.size < WINDOW_SIZE:
            symbols = self._decode_symbols(decoder.input)
        window = decoder.window()
        is_used = np.ones(len(window), np.bool_)
        if symbols is not None:
            is_used = np.frombuffer(symbols.used_window(), np.bool_)[WINDOW_SIZE - len(window) :]
        if not is_used.any():
            return b""
        first = is_used.argmax()
        return bytes(encode((window * is_used)[first:], LEVEL))

    def _decode_symbols(self, input: InputBuffer) -> Symbols | None:
        """The symbols of the next 32 KiB; None if they take uncommonly many bytes of the source."""
        input.fill(2 * RESERVE)
        self._inflater.reset()
        self._symbols.clear()
        bit = input.bit
        while self._symbols.size < WINDOW_SIZE:
            before = bit
            stop, bit, _ = self._inflater.decode_symbols(
                input.data, bit, self._symbols, max_bits=8 * STEP
            )
            if stop in (END, SPACE, BAD):
                break
            if bit == before:
                return None
        return self._symbols


def unpack_window(point: Point) -> Memory:
    """The end of the unpacked stream before a point, from the first byte that is used."""
    memory: Memory = np.empty(WINDOW_SIZE, np.uint8)
    size = 0
    if point.window:
        _, _, size, _ = Inflater().decode(point.window, 0, memory, 0)
    return memory[:size]
