"""An opened file, and how its rows are read: in parts, or from the whole array in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..containers import bgzf, gzip, raw, recognise
from ..containers.arrays import bytes_of, to_native
from ..containers.gzip_parts import PartsPayload
from ..containers.payload import Payload, RawPayload, check_state
from ..containers.request import Request
from ..errors import IdxError, SizeError
from ..format import Header
from ..gzip.points import Points
from ..storage.identity import Identity
from ..storage.inputs import open_source
from ..storage.kept import Kept
from ..storage.source import FileSource
from ..typing import ReadableFile

# The most rows and bytes that are read in one call of compiled code: few enough that Ctrl-C does
# not wait long.
MOST_ROWS = 4096
MOST_BYTES = 4 << 20
# How many bytes of rows are read at a time. Where an index needs only a part of each row, the rows
# are still in the processor's cache when that part is copied.
STEP = 4 << 20


class Opened:
    """A file that has been opened.

    Parameters
    ----------
    file
        As for `idxfast.open`.
    kept : Kept
        Keeps what is unpacked.
    threads : int, optional
        As for `idxfast.load`.
    points : Points, optional
        The `points` of the same file, gathered by another process.

    Attributes
    ----------
    name : str
    container : str
    header : Header
    dtype : numpy.dtype
        The type of the elements, in native byte order.
    identity : Identity or None
        None if the file is not one on disk.
    """

    # `__del__` needs a value even if an interrupt comes before `__init__` sets one.
    _source: FileSource | None = None

    def __init__(
        self,
        file: ReadableFile,
        kept: Kept,
        threads: int | None,
        points: Points | None = None,
    ) -> None:
        self._kept = kept
        self._threads = threads
        self._payload: Payload | None = None
        self._array: np.ndarray[Any, Any] | None = None  # of what cannot be read again
        self.identity: Identity | None = None
        source = open_source(file)
        self.name = source.name
        if isinstance(source, FileSource):
            self._source = source
            self._recognise(source, points)
        else:
            with source:
                self._array = recognise.read(source, Request(threads=threads))
            self.header = Header(self._array.dtype.newbyteorder(">"), self._array.shape)
            self.container = "memory"
        self.dtype = self.header.dtype.newbyteorder("=")
        self._is_native = self.header.dtype.isnative
        self._row_bytes = Header(self.header.dtype, self.header.shape[1:]).nbytes

    def _recognise(self, source: FileSource, points: Points | None) -> None:
        self._state = state = source.state()
        self.identity = Identity.of(source.fileno())
        container = recognise.container_of(source.read(recognise.START, 0))
        self.container = container.NAME
        self.header = container.read_header(source)
        if container is raw:
            self._payload = RawPayload(source, self.header, state)
        if container is gzip:
            self._payload = bgzf.open_blocks(source, self.header, state, self._kept)
            if self._payload is not None:
                self.container = "seekable gzip"
            elif self.header.nbytes > self._kept.limit:
                options = self._kept, self._threads, points
                self._payload = PartsPayload(source, self.header, state, *options)
        if self._payload is None and self.header.nbytes > self._kept.limit:
            raise SizeError(
                f"this {self.container} file would be unpacked into memory, but the array is "
                "larger than cache_bytes: load the file, or save it as gzip",
                part="dimensions",
                filename=self.name,
                offset=4,
                expected=f"at most {self._kept.limit:,} bytes",
                found=self.header.nbytes,
            )

    def __del__(self) -> None:
        # An array-like is often left open, which does no harm and needs no ResourceWarning.
        self._close_source()

    def close(self) -> None:
        """Close the file, unless the caller opened it, and keep nothing in memory."""
        self._close_source()
        self._array = None
        self._kept.clear()

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.__exit__()

    def whole(self) -> np.ndarray[Any, Any] | None:
        """The whole array, if parts are taken from memory; otherwise None.

        The array must not be written to.
        """
        if self._payload is not None or self._array is not None:
            return self._array
        array: np.ndarray[Any, Any] | None = self._kept.get("array")
        if array is None:
            array = self.read_all()
            self._kept.put("array", array, array.nbytes)
        return array

    @property
    def points(self) -> Points | None:
        """The seek points that have been gathered, if the file is read from them."""
        return self._payload.points if isinstance(self._payload, PartsPayload) else None

    def read_all(self) -> np.ndarray[Any, Any]:
        """Read and verify the whole file, whatever is in memory, into a new array.

        Raises
        ------
        IdxError
            If the file is damaged, or has been written to since it was opened.
        """
        if self._array is not None:
            return self._array.copy()
        assert self._source is not None
        request = Request(threads=self._threads, max_bytes=self.header.nbytes)
        try:
            array = recognise.read(self._source, request)
        except IdxError:
            check_state(self._source, self._state)
            raise
        check_state(self._source, self._state)
        return array

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """Fill a C-contiguous array with the rows from `start` on; only if `whole` is None."""
        assert self._payload is not None
        self._payload.read_into(array, start * self._row_bytes)
        if not self._is_native:
            to_native(array, self.header)

    @property
    def step(self) -> int:
        """How many rows to read at a time."""
        return max(STEP // max(self._row_bytes, 1), 1)

    def fill(self, array: np.ndarray[Any, Any], start: int) -> None:
        """As `read_into`, a number of rows at a time, so that Ctrl-C is answered in between."""
        step = self.step
        for at in range(0, len(array), step):
            self.read_into(array[at : at + step], start + at)

    def read_rows(self, array: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> None:
        """Fill a C-contiguous array with the rows of these numbers; only if `whole` is None."""
        assert self._payload is not None
        memory, size = bytes_of(array), self._row_bytes
        step = max(min(MOST_ROWS, MOST_BYTES // max(size, 1)), 1)
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            part = memory[start * size : (start + len(some)) * size]
            if size > MOST_BYTES:
                self._payload.read_into(part, int(some[0]) * size)
            else:
                self._payload.read_rows(part, size, some)
        to_native(array, self.header)
