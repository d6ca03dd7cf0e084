"""IdxWriter: a new IDX file, whose items are written a few at a time."""

from __future__ import annotations

import operator
import os
from _thread import allocate_lock
from typing import Any, Protocol, Self

import numpy as np

from ..errors import IdxError, SizeError, TruncatedError
from ..format import Header
from ..storage.naming import naming_written
from ..storage.new_file import NewFile
from .items import as_items, check_count
from .new_items import NewRawItems, NewSeekableItems
from .spans import Spans


class NewItems(Protocol):
    """The items of a new file of one container."""

    def put(self, items: np.ndarray[Any, Any], start: int, /) -> None:
        """Write items. The first has the number `start`."""

    def finish(self, header: Header, /) -> None:
        """Write what the file still lacks."""


class IdxWriter:
    """A new IDX file to which items are added. `idxfast.create` makes one.

    The file appears under its name when `close` is called, or when a ``with`` block ends. If an
    exception leaves the block, or the object is garbage-collected, nothing appears. Several threads
    may use the object at once. A forked child may not use it.

    Attributes
    ----------
    name : str
        The path.
    dtype : numpy.dtype
        The type of the elements, in native byte order.
    """

    # `__del__` needs a value even if an interrupt comes before `__init__` sets one.
    _file: NewFile | None = None
    _is_closed = False

    def __init__(self, path: str, header: Header, count: int | None, level: int | None) -> None:
        self.name = path
        self.dtype = header.dtype.newbyteorder("=")
        self._header = header
        self._announced = count
        self._process = os.getpid()
        self._one_thread = allocate_lock()
        self._written = Spans()
        self._is_broken = False
        self._file = NewFile(path)
        descriptor = self._file.file.fileno()
        self._items: NewItems = (
            NewRawItems(descriptor, header)
            if level is None
            else NewSeekableItems(descriptor, header, level)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exception: type[BaseException] | None, *_: object) -> None:
        if exception is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        self.discard()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array, as announced, or with the number of items written so far."""
        count = self._written.end if self._announced is None else self._announced
        return (count, *self._header.shape[1:])

    def __repr__(self) -> str:
        state = ", closed" if self._is_closed else ""
        return f"<IdxWriter {self.name!r}: {self.dtype.name} {self.shape}{state}>"

    def append(self, array: Any) -> None:
        """Write items after the last one written.

        Parameters
        ----------
        array : array_like
            As for `idxfast.append`.

        Raises
        ------
        TypeError, ValueError
            If the array has another type or shape, or the file is closed.
        SizeError
            If there are more items than announced, or than an IDX file can hold. Then none of the
            array's items are written.
        OSError
            If the system refuses, as when the disk is full.
        """
        items = as_items(array, self._header.dtype, self._header.shape[1:])
        self._check_process()
        try:
            with self._one_thread:
                self._put(items, self._written.end)
        finally:
            if self._is_closed:
                self.discard()

    def __setitem__(self, key: Any, array: Any) -> None:
        """Write items in any order, only in a raw file: ``f[i] = item`` or ``f[i:j] = items``.

        If no number of items was announced, only items that are written already can be replaced.

        Raises
        ------
        IndexError
            If there is no such item.
        TypeError, ValueError
            As from `append`. Also if the index is something else, or the file is compressed.
        OSError
            If the system refuses, as when the disk is full.
        """
        if isinstance(self._items, NewSeekableItems):
            raise TypeError("a gzip file is written in order: use append")
        items = as_items(array, self._header.dtype, self._header.shape[1:])
        self._check_process()
        try:
            with self._one_thread:
                start, stop = _range(key, self.shape[0])
                if stop - start != len(items):
                    raise ValueError(
                        f"the index selects {stop - start} items, but {len(items)} are given"
                    )
                self._put(items, start)
        finally:
            if self._is_closed:
                self.discard()

    def _put(self, items: np.ndarray[Any, Any], start: int) -> None:
        if self._is_closed:
            raise ValueError(f"the file is closed: {self.name}")
        self._check_unbroken()
        stop = start + len(items)
        check_count(stop, self._header.dtype, self._header.shape[1:], self.name)
        if self._announced is not None and stop > self._announced:
            raise SizeError(
                "more items than announced",
                part="dimensions",
                filename=self.name,
                offset=4,
                expected=f"at most {self._announced:,}",
                found=stop,
            )
        try:
            with naming_written(self.name):
                self._items.put(items, start)
            self._written.add(start, stop)
        except BaseException:
            self._is_broken = True
            raise

    def close(self) -> None:
        """Complete the file, and give it its name. Further calls do nothing.

        Raises
        ------
        TruncatedError
            If there are fewer items than announced.
        IdxError
            If an earlier call could not write its items.
        OSError
            If the system refuses. After any error, what was at the path before is unchanged.
        """
        self._check_process()
        with self._one_thread:
            if self._is_closed:
                return
            assert self._file is not None
            try:
                self._check_unbroken()
                self._check_whole()
                with naming_written(self.name):
                    self._items.finish(Header(self._header.dtype, self.shape))
                    self._file.commit()
            finally:
                self._is_closed = True
                self._file.discard()

    def discard(self) -> None:
        """Close the file, and leave nothing under its name. Further calls do nothing.

        The file is closed as soon as the appends that other threads have begun are over.
        """
        self._is_closed = True
        # See `IdxAppender.close`.
        if self._file is not None and self._one_thread.acquire(blocking=False):
            try:
                self._file.discard()
            finally:
                self._one_thread.release()

    def _check_process(self) -> None:
        # Checked before taking the lock: a thread of the parent may have held it during the fork.
        if os.getpid() != self._process:
            raise ValueError(f"the file belongs to another process: {self.name}")

    def _check_unbroken(self) -> None:
        if self._is_broken:
            raise IdxError(
                "an earlier call could not write its items, so the file cannot be completed",
                part="payload",
                filename=self.name,
                offset=self._header.offset,
                expected="all items",
                found="a part of them",
            )

    def _check_whole(self) -> None:
        count = self.shape[0]
        if self._written.count < count:
            first = self._written.first_gap
            raise TruncatedError(
                f"fewer items than announced: item {first:,} was not written",
                part="payload",
                filename=self.name,
                offset=Header(self._header.dtype, (first, *self._header.shape[1:])).nbytes
                + self._header.offset,
                expected=count,
                found=self._written.count,
            )


def _range(key: Any, count: int) -> tuple[int, int]:
    """The number of the first item that an index selects, and the number after the last."""
    if isinstance(key, slice):
        start, stop, step = key.indices(count)
        if step != 1:
            raise ValueError("items are written without a step: f[i:j] = items")
        return start, max(start, stop)
    try:
        index = operator.index(key)
    except TypeError:
        raise TypeError("items are written by f[i] = item or f[i:j] = items") from None
    if not -count <= index < count:
        raise IndexError(f"item {index} is not one of the file's {count} items")
    index %= count
    return index, index + 1
