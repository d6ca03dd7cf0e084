"""An opened file, and how its rows are read: in parts, or from the whole array in memory."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..containers import bgzf, recognise
from ..containers.arrays import bytes_of, to_native
from ..containers.gzip_parts import PartsPayload
from ..containers.payload import Payload, in_state
from ..containers.request import Request
from ..containers.stated import StatedHeader, as_stated
from ..format import Header
from ..gzip.points import Points
from ..storage.identity import Identity, ObjectVersion
from ..storage.inputs import is_url, open_source
from ..storage.kept import Kept
from ..storage.memory import MemorySource
from ..storage.source import FileSource, PartialSource
from ..storage.streams import StreamSource
from ..typing import ReadableFile
from .chunks import cut_into_chunks
from .one_pass import Use, ends, pass_over
from .recognising import read_whole, recognise_file

# How many bytes of rows are read at a time. Where an index needs only a part of each row, the rows
# are still in the processor's cache when that part is copied.
STEP = 4 << 20
# The same for a remote file, where several ranges are requested at once.
REMOTE_STEP = 32 << 20
# Rows of a range that begin at most this many bytes apart are read with what lies between them. At
# distances of 512, 2,048, 4,096 and 8,192 bytes, this took 0.3, 0.6, 1.0 and 2.0 times as long as
# reading each row of a raw file, and 0.2, 0.5, 0.6 and 0.7 times as long with seekable gzip.
NEAR = 4 << 10


def closed(name: str) -> ValueError:
    """The error for a read from a closed file."""
    return ValueError(f"the file is closed: {name}")


class Opened:
    """A file that has been opened.

    Whoever reads from it does so in a ``with`` block, which keeps the file open: a descriptor that
    is closed in the middle of a read may already belong to another file.

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
    stated : StatedHeader, optional
        What the caller states in place of the file's header.

    Attributes
    ----------
    name, container : str
    header : Header
    dtype : numpy.dtype
        The type of the elements, in native byte order.
    identity : Identity, ObjectVersion or None
        None if the file cannot be opened again.
    row_shape : tuple of int
        The shape of an element along the first axis.
    enter : callable
        Begins a read if called with None. `leave` ends the read. A ``with`` block takes longer.
    """

    # `__del__` needs a value even if an interrupt comes before `__init__` sets one.
    _source: PartialSource | None = None

    def __init__(
        self,
        file: ReadableFile,
        kept: Kept,
        threads: int | None,
        points: Points | None = None,
        stated: StatedHeader | None = None,
    ) -> None:
        self._kept = kept
        self._threads = threads
        self._payload: Payload | None = None
        self._array: np.ndarray[Any, Any] | None = None  # of what cannot be read again
        self._users: list[None] = []  # an entry for each read under way
        self.enter = self._users.append
        self._is_closed = False
        self.identity: Identity | ObjectVersion | None = None
        source = open_source(file)
        self.name = source.name
        if isinstance(source, (MemorySource, StreamSource)):
            is_remote = isinstance(file, str) and is_url(file)
            # No more is read from a URL than may be kept.
            limit = kept.limit if is_remote else None
            request = Request(threads=threads, max_bytes=limit, stated=stated)
            self._array = array = read_whole(source, request, is_url=is_remote)
            if isinstance(source, StreamSource):
                self.identity = source.identity
            self.header = stated or Header(array.dtype.newbyteorder(">"), array.shape)
            self.container = "memory"
        else:
            self._source = source
            self._state = source.state()
            self.identity = source.identity()
            self.container, self.header, self._payload = recognise_file(
                source, self._state, kept, threads, points, stated
            )
        self.dtype = self.header.dtype.newbyteorder("=")
        self._is_native = self.header.dtype.isnative
        self.row_shape = self.header.shape[1:]
        self._row_bytes = self.header.item_nbytes

    def __enter__(self) -> Self:
        self.enter(None)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """End a read that `enter` has begun."""
        self._users.pop()
        if self._is_closed:
            self.close()

    def __del__(self) -> None:
        # An array-like is often left open, which does no harm and needs no ResourceWarning.
        self._close_source()

    def close(self) -> None:
        """Close the file as soon as nobody reads from it; no read can be begun any more.

        A file that the caller opened stays open.
        """
        # A reader enters, and then looks at the flag. Here the flag is set first, and then readers
        # are looked for. So at least one of the two notices the other.
        self._is_closed = True
        if not self._users:
            self._release()

    def _release(self) -> None:
        """Close the file, unless the caller opened it, and keep nothing in memory."""
        self._close_source()
        self._array = None
        self._kept.clear()

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.__exit__()

    def whole(self) -> np.ndarray[Any, Any] | None:
        """The whole array, not to be written to, if parts are taken from memory; otherwise None.

        Raises a ValueError if the file is closed.
        """
        if self._is_closed:
            raise closed(self.name)
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
        ValueError
            If the file is closed.
        """
        if self._is_closed:
            raise closed(self.name)
        if self._array is not None:
            return self._array.copy()
        assert self._source is not None
        stated, limit = as_stated(self.header), self.header.nbytes
        request = Request(threads=self._threads, max_bytes=limit, stated=stated)
        with in_state(self._source, self._state):
            return recognise.read(self._source, request)

    def verify(self) -> None:
        """Read and verify the whole file; errors as in `read_all`."""
        self.read_all()
        if isinstance(self._payload, bgzf.BlockPayload):
            self._payload.verify_tables()

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """Fill a C-contiguous array with the rows from `start` on; only if `whole` is None."""
        assert self._payload is not None
        self._payload.read_into(array, start * self._row_bytes)
        if not self._is_native:
            to_native(array, self.header)

    def can_mix(self, rows: int) -> bool:
        """Whether to decode this number of rows at once: in a file of parts, if there is memory."""
        fits = rows * self._row_bytes <= self._kept.limit
        return fits and self._payload is not None and self.container != "raw"

    @property
    def step(self) -> int:
        """How many rows to read at a time."""
        step = STEP if self._source is None or isinstance(self._source, FileSource) else REMOTE_STEP
        return max(step // max(self._row_bytes, 1), 1)

    def chunk_rows(self, nbytes: int) -> tuple[int, ...]:
        """See `IdxFile.chunk_rows`."""
        ends = None
        if isinstance(self._payload, bgzf.BlockPayload):
            ends = self._payload.find_row_ends(self._row_bytes)
        return cut_into_chunks(self.header, nbytes, ends)

    def fill(self, array: np.ndarray[Any, Any], start: int) -> None:
        """As `read_into`, for an array of any size."""
        # Rows of ordinary gzip are read in one request, because a first pass serves only one.
        step = max(len(array), 1) if isinstance(self._payload, PartsPayload) else self.step
        for at in range(0, len(array), step):
            self.read_into(array[at : at + step], start + at)

    def read_rows(self, array: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> None:
        """Fill a C-contiguous array with the rows of these numbers; only if `whole` is None."""
        assert self._payload is not None
        self._payload.read_rows(bytes_of(array), self._row_bytes, rows)
        to_native(array, self.header)

    def hand_over(self, rows: range, use: Use) -> None:
        """Hand over rows, some at a time; only if `whole` is None.

        Parameters
        ----------
        rows : range
        use : callable
            Called with a slice of `rows`, as places, and an array of the rows in these places. The
            array is overwritten later.
        """
        gap, count = abs(rows.step) * self._row_bytes, self.step
        is_near = gap <= NEAR
        if isinstance(self._payload, PartsPayload) and (
            is_near or (gap <= STEP and len(rows) > count)
        ):
            pass_over(self._payload, self.header, rows, use)
            return
        if is_near:
            count = max(count // abs(rows.step), 1)
        for start in range(0, len(rows), count):
            some = rows[start : start + count]
            if is_near:
                least, most = ends(some)
                array = self._new_array(most + 1 - least)
                self.fill(array, least)
                array = array[:: some.step]
            else:
                array = self._new_array(len(some))
                self.read_rows(array, np.arange(some.start, some.stop, some.step, dtype=np.int64))
            use(slice(start, start + len(some)), array)

    def take_rows(self, rows: range | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A new array of rows, in this order; only if `whole` is None."""
        array = self._new_array(len(rows))
        if not isinstance(rows, range):
            self.read_rows(array, rows.astype(np.int64, copy=False))
        elif rows.step == 1:
            self.fill(array, rows.start)
        else:

            def put(places: slice, some: np.ndarray[Any, Any]) -> None:
                array[places] = some

            self.hand_over(rows, put)
        return array

    def _new_array(self, count: int) -> np.ndarray[Any, Any]:
        return np.empty((count, *self.row_shape), self.dtype)
