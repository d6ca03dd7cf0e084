"""Read a remote file in larger pieces than are asked for, and hold the pieces used last."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

# For a file that is read in order: bytes of a piece, how many pieces are requested at once, and how
# many are held. The threads that decode a gzip file read at places at most 16 MB apart.
IN_ORDER = 4 << 20, 4, 10
# The same for parts of a gzip file. A part takes about as many bytes as a piece, or fewer.
IN_PARTS = 1 << 20, 1, 8


class Ranged(Protocol):
    """What a `RemoteSource` offers."""

    name: str
    size: int
    argument: str | None

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """The bytes of each range."""


class ReadAhead:
    """A source that reads ahead. Several threads may use it.

    Parameters
    ----------
    source : Ranged
    piece : int
        Bytes of a piece.
    at_once : int
        How many pieces are requested at once.
    held : int
        How many pieces are held.
    """

    member: str | None = None

    def __init__(self, source: Ranged, piece: int, at_once: int, held: int) -> None:
        self._source = source
        self._piece = piece
        self._at_once = at_once
        self._held = held
        self._pieces: OrderedDict[int, bytes] = OrderedDict()
        # Each process has a lock of its own: after a fork, the thread that held it may not exist.
        # A signal handler that reads the file meanwhile may let pieces go.
        self._locks: dict[int, threading.RLock] = {}
        self.name = source.name
        self.size = source.size
        self.argument = source.argument

    def in_order(self) -> ReadAhead:
        """This source."""
        return self

    in_parts = in_order

    def read(self, count: int, offset: int) -> bytes:
        """As `RemoteSource.read`."""
        memory = bytearray(max(min(count, self.size - offset), 0))
        return bytes(memory[: self.read_into(memoryview(memory), offset)])

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """As `RemoteSource.read_into`."""
        done = 0
        while done < len(buffer) and offset + done < self.size:
            number, at = divmod(offset + done, self._piece)
            piece = self._get(number)[at : at + len(buffer) - done]
            buffer[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def _get(self, number: int) -> bytes:
        with self._locks.setdefault(os.getpid(), threading.RLock()):
            piece = self._pieces.pop(number, None)
            if piece is None:
                return self._fetch(number)
            self._pieces[number] = piece  # as the last one
            return piece

    def _fetch(self, number: int) -> bytes:
        """Fetch a piece and those that follow."""
        last = -(-self.size // self._piece)
        numbers = range(number, min(number + self._at_once, last))
        missing = [one for one in numbers if one not in self._pieces]
        starts = [one * self._piece for one in missing]
        ranges = [(start, min(start + self._piece, self.size)) for start in starts]
        fetched = dict(zip(missing, self._source.read_ranges(ranges), strict=True))
        self._pieces.update(fetched)
        while len(self._pieces) > self._held:
            self._pieces.popitem(last=False)
        return fetched[number]
