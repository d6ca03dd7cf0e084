"""The payload of ordinary gzip files, read from the seek points that a first pass has gathered."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

import numpy as np

from ..errors import IdxError
from ..format import Header
from ..gzip.parts import Parts
from ..gzip.points import Points
from ..gzip.scanner import Consume, copy_into, find_points, within
from ..storage.identity import State
from ..storage.kept import Kept
from ..storage.source import PartialSource
from ..typing import Memory
from .arrays import bytes_of
from .gzip import NAME
from .payload import in_state
from .ratio import check_ratio
from .refusal import explain_refusal
from .rows import RowAssembler
from .stated import as_stated


class PartsPayload:
    """The payload of a gzip file of any kind.

    The first read makes a pass over the whole file, which verifies every member. The data that were
    asked for are taken from this pass.

    Parameters
    ----------
    source : PartialSource
    header : Header
    state : tuple
        As for `RawPayload`.
    kept : Kept
    threads : int, optional
        For the first pass, and for reads of many bytes.
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
        source: PartialSource,
        header: Header,
        state: State,
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
        # A signal handler that reads the file during the first pass makes a pass of its own.
        self._locks: dict[int, threading.RLock] = {}
        self.points = points
        self._parts: Parts | None = None
        # How to make the error of the first pass again. The error itself would keep its traceback.
        self._failure: tuple[Any, ...] | None = None

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """See `Payload`.

        Raises
        ------
        GzipError, TruncatedError, TrailingDataError
            If the file is damaged, or does not hold exactly the bytes that the header announces.
            The first pass notices both. Also if the file has changed since then.
        IdxError
            If the file has been written to since it was opened.
        """
        if array.nbytes:
            memory = bytes_of(array)
            self.hand_over(start, start + len(memory), copy_into(memory, start))

    def hand_over(self, start: int, stop: int, consume: Consume) -> None:
        """Hand over the payload between two of its bytes, piece by piece, in order.

        Errors as in `read_into`. After an error, what has been handed over may be wrong.
        """
        offset = self._header.offset

        def consume_payload(position: int, piece: Memory) -> None:
            consume(position - offset, piece)

        begin, end = offset + start, offset + stop
        with in_state(self._source, self._state):
            parts = self._make_first_pass(within(begin, end, consume_payload))
            if parts is None:
                return
            at = start
            with contextlib.closing(parts.pieces(begin, end)) as pieces:
                for piece in pieces:
                    consume(at, piece)
                    at += len(piece)

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """See `Payload`; errors as in `read_into`. Rows are read in the order of the file."""
        if not len(memory):
            return
        order = np.argsort(rows, kind="stable")
        if self._parts is None:
            self._read_rows_at_first(memory, size, rows, order)
        else:
            with in_state(self._source, self._state):
                self._read_rows_by_parts(self._parts, memory, size, rows, order)

    def _read_rows_at_first(
        self, memory: Memory, size: int, rows: np.ndarray[Any, Any], order: np.ndarray[Any, Any]
    ) -> None:
        table, ascending = memory.reshape(-1, size), rows[order]

        def put(first: int, some: Memory) -> None:
            begin, end = np.searchsorted(ascending, [first, first + len(some)])
            table[order[begin:end]] = some[ascending[begin:end] - first]

        start, stop = int(ascending[0]) * size, (int(ascending[-1]) + 1) * size
        self.hand_over(start, stop, RowAssembler(size, put))

    def _read_rows_by_parts(
        self,
        parts: Parts,
        memory: Memory,
        size: int,
        rows: np.ndarray[Any, Any],
        order: np.ndarray[Any, Any],
    ) -> None:
        start, piece = 0, memory[:0]
        for place in map(int, order):
            position = self._header.offset + int(rows[place]) * size
            if not start <= position < start + len(piece):
                start, piece = parts.piece_at(position)
            row = memory[place * size : (place + 1) * size]
            found = piece[position - start : position - start + size]
            row[: len(found)] = found
            at = len(found)
            if at < size:
                for found in parts.pieces(position + at, position + size):
                    row[at : at + len(found)] = found
                    at += len(found)

    def _make_first_pass(self, consume: Consume) -> Parts | None:
        """Hand over the stream in a first pass; if there has been one, return what it gave."""
        if self._parts is not None:
            return self._parts
        with self._locks.setdefault(os.getpid(), threading.RLock()):
            if self._parts is not None:
                return self._parts
            is_first = self.points is None
            points = self.points = self.points or self._find_points(consume)
            self._parts = Parts(self._source.in_parts(), points, self._kept, self._threads)
            return None if is_first else self._parts

    def _find_points(self, consume: Consume) -> Points:
        """Make the first pass. If the file is damaged, later calls only raise the error again."""
        if self._failure is not None:
            rebuild, arguments = self._failure
            raise rebuild(*arguments)
        total = self._header.offset + self._header.nbytes
        try:
            return find_points(self._source.in_order(), total, self._threads, consume)
        except IdxError as error:
            explain_refusal(error, self._source, NAME, as_stated(self._header))
            self._failure = error.__reduce__()
            raise
