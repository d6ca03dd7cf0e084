"""The payload of an open file, and how any part of it is read."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..diagnosis.size import truncated
from ..errors import IdxError
from ..format import Header
from ..storage.identity import State
from ..storage.source import PartialSource
from ..typing import Memory
from .raw import check_size

# The most rows and bytes that are read in one call of compiled code: few enough that Ctrl-C does
# not wait long.
MAX_ROWS = 4096
MAX_BYTES = 4 << 20


class Payload(Protocol):
    """What each container that can be read in parts offers; bytes are in the file's order."""

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """Fill a C-contiguous array with the payload's bytes from `start` on, which all exist."""

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """Read rows of `size` bytes each, by their numbers (int64), one after another."""


class RawPayload:
    """The payload of a raw file, read by position.

    Parameters
    ----------
    source : PartialSource
    header : Header
    state : tuple
        What the source's `state` gave before the header was read.

    Raises
    ------
    TruncatedError, TrailingDataError
        If the size of the file is not what the header announces.
    """

    def __init__(self, source: PartialSource, header: Header, state: State) -> None:
        check_size(source, header)
        self._source = source
        self._header = header
        self._offset = header.offset
        self._state = state

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """See `Payload`.

        Raises
        ------
        IdxError
            If the file has been written to since it was opened.
        """
        found = self._source.fill(array, self._offset + start)
        if self._source.state() != self._state:  # without a call, for the sake of single rows
            check_state(self._source, self._state)
        if found < array.nbytes:
            raise truncated(self._source.name, self._header, start + found)

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """See `Payload`; errors as in `read_into`."""
        step = max(min(MAX_ROWS, MAX_BYTES // max(size, 1)), 1)
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            part = memory[start * size : (start + len(some)) * size]
            if size > MAX_BYTES:
                self.read_into(part, int(some[0]) * size)
                continue
            found = self._source.read_rows(part, size, self._offset, some)
            check_state(self._source, self._state)
            if found < len(part):
                end = int(some[found // size]) * size + found % size
                raise truncated(self._source.name, self._header, end)


def check_state(source: PartialSource, before: State) -> None:
    """Refuse data from a file that has been written to since it was opened.

    Parameters
    ----------
    source : PartialSource
    before : tuple
        What the source's `state` gave when the file was opened.

    Raises
    ------
    IdxError
        If the file is in another state now.
    """
    found = source.state()
    if found != before:
        (size, written, *file), (size_before, written_before, *file_before) = found, before
        raise IdxError(
            "the file has been written to since it was opened"
            if file == file_before
            else "the file was closed, and its descriptor is another file's now",
            part="payload",
            filename=source.name,
            offset=min(size, size_before),
            expected=f"{size_before:,} bytes, last written to at {written_before:,} ns",
            found=f"{size:,} bytes, last written to at {written:,} ns",
        )


class in_state:
    """Call `check_state` after the block, also if an `IdxError` leaves it.

    It is a class for the reason that `outputs.naming` is one.
    """

    def __init__(self, source: PartialSource, before: State) -> None:
        self._source, self._before = source, before

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None or isinstance(error, IdxError):
            check_state(self._source, self._before)
