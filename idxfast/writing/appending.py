"""`append`, and what `open` gives with ``mode="a"``: add items to a file that exists."""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import Any, Protocol, Self

import numpy as np

from ..gzip.members import MAGIC
from ..storage.in_place import lock, open_in_place, unlock
from ..storage.naming import naming_written
from ..storage.pread import read_at
from ..typing import Path
from .items import as_items, check_count, path_of
from .raw_items import RawItems
from .seekable_items import SeekableItems


class Items(Protocol):
    """A file of one container, to which items are added.

    Attributes
    ----------
    dtype : numpy.dtype
        The type of the elements, in the file's byte order.
    item_shape : tuple of int
    """

    dtype: np.dtype[Any]
    item_shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many items there were at the last `look`, or after the last commit since then."""

    def extend_at_once(self, array: Any, /) -> bool:
        """Lock the file, look, add items, and commit them, if one call can do all this.

        Return False if not: then nothing was written, and the file is not locked.
        """

    def look(self) -> None:
        """Read what another process may have changed, and undo what a killed one has left."""

    def extend(self, items: np.ndarray[Any, Any], /) -> None:
        """Add items, and commit them."""


class IdxAppender:
    """An open IDX file to which items are added. ``idxfast.open(path, mode="a")`` makes one.

    Several threads may use it at once. A process that was forked meanwhile has to open the file
    again. Leaving a ``with`` block closes it.

    Attributes
    ----------
    name : str
        The path.
    """

    # `__del__` needs a value even if an interrupt comes before `__init__` sets one.
    _file: Any = None
    _is_closed = False

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self.name = path_of(path)
        self._is_closed = False
        self._process = os.getpid()
        self._one_thread = allocate_lock()
        self._file = open_in_place(self.name)
        try:
            self._descriptor = descriptor = self._file.fileno()
            try:
                lock(descriptor)
                is_gzip = read_at(descriptor, len(MAGIC), 0) == MAGIC
                self._items: Items = (
                    SeekableItems(self._file, self.name, threads)
                    if is_gzip
                    else RawItems(descriptor, self.name)
                )
                self._items.look()
            finally:
                unlock(descriptor)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file as soon as the appends that other threads have begun are over.

        Further calls do nothing. All items are in the file already.
        """
        self._is_closed = True
        # If a descriptor is closed in the middle of an append, it may already belong to another
        # file. So while a thread appends, that thread closes the file: it looks at the flag after
        # it has released the lock.
        if self._file is not None and self._one_thread.acquire(blocking=False):
            try:
                self._file.close()
            finally:
                self._one_thread.release()

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements, in native byte order."""
        return self._items.dtype.newbyteorder("=")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array in the file, after the last append of this object."""
        return (self._items.count, *self._items.item_shape)

    def __repr__(self) -> str:
        state = ", closed" if self._is_closed else ""
        return f"<IdxAppender {self.name!r}: {self.dtype.name} {self.shape}{state}>"

    def append(self, array: Any) -> None:
        """Add items to the file. When the call returns, they are on the disk.

        Parameters
        ----------
        array : array_like
            As for `idxfast.append`.

        Raises
        ------
        TypeError, ValueError, SizeError, OSError
            As `idxfast.append` does. ValueError also if the file is closed.
        IdxError
            If the file is damaged, or was replaced or removed after it was opened. Items are still
            added to a file that was moved.
        """
        # The lock on the file would be the parent's, too, and one of its threads may have held the
        # other lock at the moment of the fork.
        if os.getpid() != self._process:
            raise ValueError(f"the file was opened in another process; open it here: {self.name}")
        try:
            with self._one_thread:
                if self._is_closed:
                    raise ValueError(f"the file is closed: {self.name}")
                with naming_written(self.name):
                    is_done = self._items.extend_at_once(array)
                if not is_done:
                    self._append(array)
        finally:
            if self._is_closed:
                self.close()

    def _append(self, array: Any) -> None:
        file = self._items
        try:
            with naming_written(self.name):
                lock(self._descriptor)
                file.look()
            items = as_items(array, file.dtype, file.item_shape)
            check_count(file.count + len(items), file.dtype, file.item_shape, self.name)
            if len(items):
                with naming_written(self.name):
                    file.extend(items)
        finally:
            unlock(self._descriptor)


def append(path: Path, array: Any) -> None:
    """Add items to an IDX file, which grows along its first axis.

    Parameters
    ----------
    path : str, bytes or PathLike
        A raw file, or a seekable gzip file as ``save(path, array, seekable=True)`` and `create`
        write it.
    array : array_like
        Items of shape (n, ...), or a single item, whose shape has one dimension less. The type must
        be the file's, in any byte order and memory layout.

    Raises
    ------
    TypeError, ValueError
        If the array has another type or shape, or the path is a URL.
    SizeError
        If the file would have 2^32 items or more.
    IdxError
        If the file is not IDX, is not whole, has no dimensions, or is compressed in another way.
    OSError
        If the file is missing or may not be written to, or the system refuses a step, as when the
        disk is full. In a folder that other users may write to, their symbolic links raise
        PermissionError.

    See Also
    --------
    open : with ``mode="a"``, for many appends to the same file.

    Notes
    -----
    The file is changed in place. First, the new items are written after the last one. Once they are
    on the disk, the header, which states the number of items, is written. When the call returns,
    the header is on the disk, too. If the process is killed or the power fails before the header is
    written, the file is marked as incomplete. Readers then refuse the file, or read the items that
    it had before. The next `append` to it, even of no items, removes what is incomplete. If the
    file is not marked, bytes after the last item are never cut off: they may be data.

    Processes that append to the same file wait for each other, where the system has locks
    (``flock``). Readers are not protected: a file that is read during an append may be refused, and
    an `IdxFile` that is open has to be opened again afterwards.

    Each `append` to a gzip file adds at least one block, and rewrites the list of all blocks, which
    has 4 bytes for each. So it is better to add many items at a time.

    Two files, such as images and labels, cannot be appended to in one step. If the process is
    killed in between, one of them has more items than the other.
    """
    with IdxAppender(path) as file:
        file.append(array)
