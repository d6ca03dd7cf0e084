"""The items of a file, read some at a time, so that a file may be larger than memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ..containers.part import find_part
from ..errors import SizeError
from ..format import Header
from ..reading.loading import load, read_header
from ..storage.source import Progress

# Arrays of at most this many bytes are read whole, which is fastest.
WHOLE = 1 << 30
# How many bytes of items are worked on at a time: few enough that Ctrl-C does not wait long.
STEP = 4 << 20


class Rows(Protocol):
    """Items along the first axis of an array, which may be in a file."""

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def read(self, start: int, stop: int, /) -> np.ndarray[Any, Any]:
        """The items from `start` to before `stop`, all of which exist.

        An array without dimensions is read whole, whatever the numbers.
        """


class ArrayRows:
    """The items of an array."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.dtype, self.shape = array.dtype, array.shape

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self.array[start:stop] if self.shape else self.array


class PartOfRows:
    """Some consecutive items of others."""

    def __init__(self, rows: Rows, start: int, count: int) -> None:
        self._rows = rows
        self._start = start
        self.dtype, self.shape = rows.dtype, (count, *rows.shape[1:])

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self._rows.read(self._start + start, self._start + stop)


class ChosenRows:
    """Some items of others, in the same order.

    Parameters
    ----------
    rows : Rows
    chosen : ndarray of int
        The numbers of the items, in ascending order.
    """

    def __init__(self, rows: Rows, chosen: np.ndarray[Any, Any]) -> None:
        self._rows = rows
        self._chosen = chosen
        self.dtype, self.shape = rows.dtype, (len(chosen), *rows.shape[1:])

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        found = np.empty((stop - start, *self.shape[1:]), self.dtype)
        wanted = self._chosen[start:stop]
        step = rows_of_step(self)
        done = 0
        while done < len(found):
            first = int(wanted[done])
            until = int(np.searchsorted(wanted, first + step))
            numbers = wanted[done:until] - first
            found[done:until] = self._rows.read(first, first + int(numbers[-1]) + 1)[numbers]
            done = until
        return found


class CastRows:
    """Items converted to another type, which has to hold them exactly."""

    def __init__(self, rows: Rows, dtype: np.dtype[Any]) -> None:
        self._rows = rows
        self.dtype, self.shape = dtype, rows.shape

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self._rows.read(start, stop).astype(self.dtype)


def open_rows(
    file: str,
    start: int | None = None,
    stop: int | None = None,
    progress: Progress | None = None,
    **stated: Any,
) -> Rows:
    """The items of an IDX file, from `start` to before `stop`.

    Parameters
    ----------
    file : str
        A path or a URL.
    start, stop, progress
        As for `idxfast.load`.
    **stated
        The arguments ``header`` and ``offset`` of `idxfast.load`.

    Returns
    -------
    Rows
        Those of a large file are read when they are needed. Those of a small file, and of a file
        that can only be read whole, are in memory.

    Raises
    ------
    IdxError, IndexError, OSError, ImportError
        As `idxfast.load` does.
    """
    if os.path.isfile(file):
        header = stated.get("header") or read_header(file)
        part = find_part(header, start, stop)
        # Some containers can only be read whole.
        with contextlib.suppress(SizeError):
            if part.header.nbytes > WHOLE:
                from ..reading.opening import open as open_idx  # few files are so large

                return PartOfRows(open_idx(file, **stated), part.row, part.header.shape[0])
    return ArrayRows(load(file, start=start, stop=stop, progress=progress, **stated))


def len_of(rows: Rows) -> int:
    """The number of items; an array without dimensions has none."""
    return rows.shape[0] if rows.shape else 0


def rows_of_step(rows: Rows) -> int:
    """How many items have `STEP` bytes; at least one. Items without elements are one step."""
    size = Header(rows.dtype, (1, *rows.shape[1:])).nbytes
    return max(1, STEP // size if size else len_of(rows))


def blocks(rows: Rows, progress: Progress | None = None) -> Iterator[np.ndarray[Any, Any]]:
    """The items in arrays of about `STEP` bytes.

    Parameters
    ----------
    rows : Rows
    progress : callable, optional
        Called with the number of items that are done, and that of all.
    """
    if not rows.shape:
        yield rows.read(0, 0)
    count, step = len_of(rows), rows_of_step(rows)
    for start in range(0, count, step):
        yield rows.read(start, min(start + step, count))
        if progress is not None:
            progress(min(start + step, count), count)


def read_whole(rows: Rows, progress: Progress) -> np.ndarray[Any, Any]:
    """All of the items, in an array."""
    if isinstance(rows, ArrayRows):
        return rows.array
    if not rows.shape:
        return rows.read(0, 0)
    found = np.empty(rows.shape, rows.dtype)
    done = 0
    for block in blocks(rows, progress):
        found[done : done + len(block)] = block
        done += len(block)
    return found
