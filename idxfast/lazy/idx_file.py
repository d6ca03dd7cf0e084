"""IdxFile: an array-like over an IDX file, which reads only what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex

import numpy as np

from ..containers.part import find_part
from ..containers.request import Request
from . import batches
from .indexing import take
from .mixed import count_mixed, read_mixed
from .reopening import Reopenable


class IdxFile(Reopenable):
    """An open IDX file: an array-like that reads only what is asked for.

    `idxfast.open` makes one. It is indexed like a numpy array, and each result is a new, writable
    array in native byte order, or a scalar. Several threads may use it at once. It may be passed to
    other processes, by fork or by pickle. Leaving a ``with`` block closes it.

    Attributes
    ----------
    name : str
        The path, or another name for messages, like ``<BytesIO>``. A URL is shown without its user
        name, password and query.
    container : str
        What the file comes in: "raw", "gzip", "seekable gzip", "xz", "bzip2", "Zstandard", "zip",
        "tar", or "memory" if it was read as a whole when it was opened.
    dtype : numpy.dtype
        The type of the elements, in native byte order.
    shape : tuple of int
    """

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else self.container
        return f"<IdxFile {self.name!r}: {self.dtype.name} {self.shape}, {state}>"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the first images. If there are none, it shows the `repr`."""
        try:
            from ..images.preview import preview  # only notebooks need it

            return preview(self)
        except Exception:  # an error would take the place of whatever the cell shows
            return None

    def __getitem__(self, key: Any) -> Any:
        """What ``array[key]`` gives for the whole array, but always a copy.

        Raises
        ------
        IndexError
            As numpy raises it.
        IdxError
            If the file is damaged, or has changed since it was opened.
        ValueError
            If the file is closed.
        """
        opened = self._opened or self._open()
        opened.enter(None)  # a with block takes longer than reading a small row should
        try:
            return take(opened, key)
        finally:
            opened.leave()

    def read(
        self, start: int, stop: int, out: np.ndarray[Any, Any] | None = None
    ) -> np.ndarray[Any, Any]:
        """The rows ``array[start:stop]``. All of them have to exist.

        Parameters
        ----------
        start, stop : int
            0 <= start <= stop <= len(self).
        out : ndarray, optional
            Where to put the rows: a writable, C-contiguous array of their shape and dtype. After an
            error its content is undefined.

        Returns
        -------
        ndarray
            A new array, or `out`.

        Raises
        ------
        IndexError
            If not all of the rows exist.
        SizeError, TypeError, ValueError
            If `out` does not fit, as for `idxfast.load`.
        IdxError
            If the file is damaged, or has changed since it was opened.
        """
        with self._open() as opened:
            part = find_part(self._header, start, stop)
            array = Request(out).destination(part.header, self.name)
            whole = opened.whole()
            if whole is not None:
                array[...] = whole[part.row : part.row + len(array)]
            else:
                opened.fill(array, part.row)
            return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """The whole array, for numpy."""
        if copy is False:
            raise ValueError("an IdxFile cannot become an array without a copy: read the file")
        with self._open() as opened:
            array = opened.read_all()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __iter__(self) -> Iterator[Any]:
        """The rows, one after another; many are read at a time."""
        count = len(self)
        step = self._open().step
        for start in range(0, count, step):
            for row in self.read(start, min(start + step, count)):
                yield row.copy()

    def __getitems__(self, rows: Sequence[SupportsIndex]) -> np.ndarray[Any, Any]:
        """Several rows, in this order, as one array: what torch's DataLoader asks for."""
        # An empty list would be an array of floats.
        batch: np.ndarray[Any, Any] = self[np.asarray(rows, None if len(rows) else np.int64)]
        return batch

    def batches(
        self,
        batch_size: int,
        *,
        shuffle: bool = False,
        block: int | None = None,
        seed: int | None = None,
        epoch: int = 0,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> Iterator[np.ndarray[Any, Any]]:
        """The rows in batches.

        Parameters
        ----------
        batch_size : int
            Rows of a batch. The last batch may be smaller.
        shuffle : bool
            Take the rows in random order. The order takes 4 bytes of memory for each row of the
            file; from 2**32 rows on, 8 bytes.
        block : int, optional
            Shuffle whole blocks of this many rows, and then mix the rows of 8 blocks at a time.
            This is faster than shuffling all rows if the file is decoded in parts, as gzip is: each
            block is read at once, if 8 of them fit into the file's `cache_bytes`.
        seed : int, optional
            With the same seed, each epoch has the same order every time.
        epoch : int
            The number of the epoch. Each epoch has a different order.
        drop_last : bool
            Leave out rows that do not fill a batch, or that cannot be shared equally among the
            ranks.
        rank, world_size : int
            The number of this process, from 0, and how many processes there are. Each process gets
            one contiguous part of the order, and as many batches as any other. If the rows cannot
            be shared equally and `drop_last` is not set, the first rows are used again.

        Returns
        -------
        iterator of ndarray
            Each of shape (batch_size, ...).

        Raises
        ------
        ValueError, TypeError
            If a number is out of range or not whole, `block` is given without `shuffle`, or several
            ranks are to shuffle without a seed.
        """
        batches.check(batch_size, block, seed, epoch, rank, world_size, shuffle=shuffle)
        count = len(self)
        places = batches.share(count, rank, world_size, drop_last=drop_last)
        if not shuffle:
            # Several batches are read at once, unless the file is raw and so has nothing to decode.
            at_once = 1 if self.container == "raw" else self._open().step
            return batches.read_in_order(
                self.read, places, count, batch_size, at_once, drop_last=drop_last
            )
        order = batches.shuffle_rows(count, block=block, seed=seed, epoch=epoch)
        if block is not None and self._open().can_mix(rows := count_mixed(count, block)):
            mixed = np.empty((rows, *self.shape[1:]), self.dtype)
            return read_mixed(
                self.read, mixed, self._kept, places, order, batch_size, block, drop_last=drop_last
            )
        cuts = batches.cut(places, batch_size, drop_last=drop_last)
        return (self[batches.rows_at(batch, order)] for batch in cuts)

    def chunk_rows(self, nbytes: int) -> tuple[int, ...]:
        """The rows of chunks of at most `nbytes`; those of seekable gzip end where blocks end."""
        return self._open().chunk_rows(nbytes)

    def verify(self) -> None:
        """Read the whole file, and verify its checksums.

        Other methods verify less. Each read from a file on disk notices if the file's size has
        changed, or the time when it was last written to. Each read over http or from S3 notices if
        the size or the version has changed. A raw file has no checksum, so no other damage is
        noticed. A seekable gzip file is verified block by block, as far as it is read. If somebody
        made its list of block sizes to deceive, the list may lead to other data than the whole file
        has. The first read of any other compressed file verifies the whole file. If a gzip file is
        too large to be kept in memory, later reads compare what they decode with the CRC-32 of the
        first read, except in the middle of a very long block.

        Raises
        ------
        IdxError
            If the file is damaged.
        """
        with self._open() as opened:
            opened.verify()
