"""The payload of ordinary gzip files, read from the seek points that a first pass has gathered."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from ..errors import IdxError
from ..format import Header
from ..gzip.parts import Parts
from ..gzip.points import Points
from ..gzip.scanner import find_points
from ..storage.kept import Kept
from ..storage.source import FileSource
from ..typing import Memory
from .arrays import bytes_of
from .gzip import check_ratio
from .payload import check_state


class PartsPayload:
    """The payload of a gzip file of any kind.

    The first read makes a pass over the whole file, which verifies every member.

    Parameters
    ----------
    source : FileSource
    header : Header
    state : tuple
        As for `RawPayload`.
    kept : Kept
    threads : int, optional
        For the first pass.
    points : Points, optional
        The points of a first pass that another process has made.

    Attributes
    ----------
    points : Points or None
        None before the first pass.

    Raises
    ------
    TruncatedError
        If the file is too small for what the header announces.
    """

    def __init__(
        self,
        source: FileSource,
        header: Header,
        state: tuple[int, int],
        kept: Kept,
        threads: int | None,
        points: Points | None,
    ) -> None:
        check_ratio(source, header)
        self._source = source
        self._header = header
        self._state = state
        self._kept = kept
        self._threads = threads
        # Each process has a lock of its own: after a fork, the thread that held it may not exist.
        self._locks: dict[int, threading.Lock] = {}
        self.points = points
        self._parts: Parts | None = None

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """See `Payload`.

        Raises
        ------
        GzipError, TruncatedError, TrailingDataError
            If the file is damaged, or does not hold exactly the bytes that the header announces,
            both of which the first pass notices; or if the file has changed since then.
        IdxError
            If the file has been written to since it was opened.
        """
        if array.nbytes:
            self._find_parts().read_into(bytes_of(array), self._header.offset + start)
            check_state(self._source, self._state)

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """See `Payload`; errors as in `read_into`. Rows are read in the order of the file."""
        if not len(memory):
            return
        parts = self._find_parts()
        start, piece = 0, memory[:0]
        for place in np.argsort(rows, kind="stable").tolist():
            position = self._header.offset + int(rows[place]) * size
            if not start <= position < start + len(piece):
                start, piece = parts.piece_at(position)
            row = memory[place * size : (place + 1) * size]
            found = piece[position - start : position - start + size]
            row[: len(found)] = found
            if len(found) < size:
                parts.read_into(row[len(found) :], position + len(found))
        check_state(self._source, self._state)

    def _find_parts(self) -> Parts:
        if self._parts is None:
            with self._locks.setdefault(os.getpid(), threading.Lock()):
                if self.points is None:
                    total = self._header.offset + self._header.nbytes
                    try:
                        points = find_points(self._source, total, self._threads)
                    except IdxError:
                        check_state(self._source, self._state)
                        raise
                    check_state(self._source, self._state)
                    self.points = points
                if self._parts is None:
                    self._parts = Parts(self._source, self.points, self._kept)
        return self._parts
