"""The payload of an open file, of which any part can be read."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..diagnosis.size import truncated
from ..errors import IdxError
from ..format import Header
from ..storage.source import FileSource
from ..typing import Memory
from .raw import check_size


class Payload(Protocol):
    """What each container that can be read in parts offers; bytes are in the file's order."""

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """Fill a C-contiguous array with the payload from a byte on, which is known to exist."""

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """Read the rows of these numbers (int64), of `size` bytes each, one after another."""


class RawPayload:
    """The payload of a raw file, read by position.

    Parameters
    ----------
    source : FileSource
    header : Header
    state : tuple
        What `FileSource.state` gave before the header was read.

    Raises
    ------
    TruncatedError, TrailingDataError
        If the size of the file is not what the header announces.
    """

    def __init__(self, source: FileSource, header: Header, state: tuple[int, int]) -> None:
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
        check_state(self._source, self._state)
        if found < array.nbytes:
            raise truncated(self._source.name, self._header, start + found)

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """See `Payload`; errors as in `read_into`."""
        found = self._source.read_rows(memory, size, self._offset, rows)
        check_state(self._source, self._state)
        if found < len(memory):
            end = int(rows[found // size]) * size + found % size
            raise truncated(self._source.name, self._header, end)


def check_state(source: FileSource, before: tuple[int, int]) -> None:
    """Refuse data from a file that has been written to since it was opened.

    Parameters
    ----------
    source : FileSource
    before : tuple
        What `FileSource.state` gave when the file was opened.

    Raises
    ------
    IdxError
        If the file is in another state now.
    """
    found = source.state()
    if found != before:
        (size, written), (size_before, written_before) = found, before
        raise IdxError(
            "the file has been written to since it was opened",
            part="payload",
            filename=source.name,
            offset=min(size, size_before),
            expected=f"{size_before:,} bytes, last written to at {written_before:,} ns",
            found=f"{size:,} bytes, last written to at {written:,} ns",
        )
