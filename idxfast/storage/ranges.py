"""Remote files that are read in ranges: near ranges merged, several requests at once."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..typing import Memory
from . import read_ahead
from .identity import ObjectVersion, State
from .objects import Connection, Start, connect, read_ranges
from .range_requests import Range
from .read_ahead import ReadAhead

# Two ranges that are at most this many bytes apart become one request. This was measured with 64
# random images of Fashion-MNIST, from seekable gzip on a server that waits 30 ms and then sends
# 50 MB/s. Limits of 0, 256 KiB, 512 KiB, 1 MiB and 2 MiB led to 57, 30, 18, 6 and 4 requests for 2,
# 6, 10, 19 and 24 MB. Relative to 1 MiB, they took 4.6, 1.9, 1.1, 1 and 0.9 times as long.
MAX_GAP = 1 << 20
# A request asks for at most this many bytes. More are requested in several pieces at once.
MAX_REQUEST = 8 << 20
# How many bytes are requested at once, before any is used.
MAX_HELD = 64 << 20

Positions = np.ndarray[Any, np.dtype[np.int64]]


class RemoteSource:
    """A file in a remote store, with the methods of a `FileSource`.

    Each process has a file system object of its own: those of fsspec hang after a fork.

    Parameters
    ----------
    url : str
    name : str
        The URL as it may be shown.
    connection : Connection
    start : Start

    Attributes
    ----------
    name : str
    size : int
    argument : str or None
        The URL, if it may be shown.
    """

    # fsspec finds the member that a chained URL names.
    member: str | None = None

    def __init__(self, url: str, name: str, connection: Connection, start: Start) -> None:
        self._url = url
        self._connections = {os.getpid(): connection}
        self._start, self._version = start
        self.name = name
        self.size = self._version.size
        self.argument = url if url == name else None

    def __enter__(self) -> RemoteSource:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing: only connections stay open, and other files may use them, too."""

    def consume(self) -> None:
        """Do nothing: the caller has no file object."""

    def in_order(self) -> ReadAhead:
        """A source for reading most of the file in order."""
        return ReadAhead(self, *read_ahead.IN_ORDER)

    def in_parts(self) -> ReadAhead:
        """A source for reading parts of some 100 KB, each with several calls."""
        return ReadAhead(self, *read_ahead.IN_PARTS)

    def identity(self) -> ObjectVersion:
        """How the file is recognised when another process opens it."""
        return self._version

    def state(self) -> State:
        """Always the same, unlike that of a `FileSource`: each request notices changes itself."""
        return self.size, 0, 0, 0

    def read(self, count: int, offset: int) -> bytes:
        """Read `count` bytes from a position, or fewer at the end of the file."""
        stop = min(offset + count, self.size)
        return b"".join(self.read_ranges([(offset, stop)])) if offset < stop else b""

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position, as far as the file goes; return how many bytes."""
        done = 0
        while done < len(buffer):
            piece = self.read(min(len(buffer) - done, MAX_HELD), offset + done)
            if not piece:
                break
            buffer[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def fill(self, array: np.ndarray[Any, Any], offset: int) -> int:
        """Fill a C-contiguous array from a position, as far as the file goes; return how many."""
        return self.read_into(memoryview(array.reshape(-1).view(np.uint8)), offset)

    def read_rows(self, memory: Memory, size: int, offset: int, rows: Positions) -> int:
        """Read rows of a table as `FileSource.read_rows` does, but with near rows merged."""
        order = np.argsort(rows, kind="stable")
        starts = offset + rows[order] * size
        for fetched, first, last in self.fetch(starts, starts + size):
            places = order[first:last].tolist()
            for place, start in zip(places, starts[first:last].tolist(), strict=True):
                fetched.read_into(memoryview(memory[place * size : (place + 1) * size]), start)
        return len(memory)

    def fetch(self, starts: Positions, stops: Positions) -> Iterator[tuple[Fetched, int, int]]:
        """Read ascending ranges of the file, a group at a time, with near ones merged.

        Yields
        ------
        Fetched
            A source with the bytes of a group.
        int, int
            The number of the first range in the group, and the number after the last.
        """
        for first, last in in_groups(starts, stops):
            ranges = merge(starts[first:last], stops[first:last])
            yield Fetched(self, ranges, self.read_ranges(ranges)), first, last

    def read_ranges(self, ranges: Sequence[Range]) -> list[bytes]:
        """The bytes of each range. All ranges have to be within the file."""
        pieces = []
        for start, stop in ranges:
            for at in range(start, stop, MAX_REQUEST):
                pieces.append((at, min(at + MAX_REQUEST, stop)))
        known = len(self._start)
        found = iter(self._request([piece for piece in pieces if piece[1] > known]))
        read = [self._start[start:stop] if stop <= known else next(found) for start, stop in pieces]
        if len(pieces) == len(ranges):
            return read
        rest = iter(read)
        return [
            b"".join(next(rest) for _ in range(start, stop, MAX_REQUEST)) for start, stop in ranges
        ]

    def _request(self, ranges: Sequence[Range]) -> list[bytes]:
        if not ranges:
            return []
        connection = self._connections.get(os.getpid())
        if connection is None:
            connection = connect(self._url, self.name)
            self._connections[os.getpid()] = connection
        return read_ranges(connection, ranges, self._version)


class Fetched:
    """A source that has some ranges in memory, and reads others as they are asked for.

    Parameters
    ----------
    source : RemoteSource
    ranges : sequence of (int, int)
        In ascending order.
    pieces : sequence of bytes
        The bytes of each range.
    """

    argument: str | None = None
    member: str | None = None

    def __init__(
        self, source: RemoteSource, ranges: Sequence[Range], pieces: Sequence[bytes]
    ) -> None:
        self._source = source
        self._starts = [start for start, _ in ranges]
        self._pieces = pieces
        self.name = source.name
        self.size = source.size

    def in_order(self) -> Fetched:
        """This source."""
        return self

    def read(self, count: int, offset: int) -> bytes:
        """As `RemoteSource.read`."""
        number = bisect_right(self._starts, offset) - 1
        if number >= 0:
            at = offset - self._starts[number]
            piece = self._pieces[number][at : at + count]
            if len(piece) == count or (piece and offset + len(piece) == self.size):
                return piece
        return self._source.read(count, offset)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """As `RemoteSource.read_into`."""
        data = self.read(len(buffer), offset)
        buffer[: len(data)] = data
        return len(data)


def merge(starts: Positions, stops: Positions) -> list[Range]:
    """Merge ranges that overlap or have small gaps. Their starts are in ascending order."""
    starts, stops = starts[starts < stops], stops[starts < stops]
    if not len(starts):
        return []
    ends = np.maximum.accumulate(stops)
    cuts = np.flatnonzero(starts[1:] > ends[:-1] + MAX_GAP) + 1
    firsts, lasts = [0, *cuts.tolist()], [*cuts.tolist(), len(starts)]
    return [
        (int(starts[first]), int(ends[last - 1])) for first, last in zip(firsts, lasts, strict=True)
    ]


def in_groups(starts: Positions, stops: Positions) -> Iterator[tuple[int, int]]:
    """Cut ranges into groups of about `MAX_HELD` bytes.

    Yields the number of the first range in each group, and the number after the last. Gaps that
    would be read count, too. A group may exceed the limit by the size of one range.
    """
    if not len(starts):
        return
    ends = np.maximum.accumulate(stops)
    before = np.concatenate([starts[:1], ends[:-1]])
    gaps = np.maximum(starts - before, 0)
    taken = np.cumsum(ends - np.maximum(starts, before) + np.where(gaps <= MAX_GAP, gaps, 0))
    first = 0
    while first < len(starts):
        done = int(taken[first - 1]) if first else 0
        last = max(int(np.searchsorted(taken, done + MAX_HELD, "right")), first + 1)
        yield first, last
        first = last
