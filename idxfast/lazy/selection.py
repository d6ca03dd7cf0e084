"""Which rows of a file an index needs, and how the result is taken from these rows.

A row is an element along the first axis. numpy itself judges every index: the index is first
applied to an array of the file's shape that takes no memory. So an index that numpy refuses gets
numpy's own error. Once the rows have been read, the same index, with its part for the first axis
replaced, is applied to them.
"""

from __future__ import annotations

import contextlib
import operator
from typing import Any, NamedTuple

import numpy as np

Rows = range | np.ndarray[Any, Any]


class Selection(NamedTuple):
    """What an index selects.

    Attributes
    ----------
    rows : range or ndarray of intp
        The rows to read, each once. A range is in the order of the result, an array in ascending
        order.
    key : tuple
        What to apply to an array of these rows.
    axis : int or None
        The axis of the result along which the rows lie, where each row can be treated by itself.
        None where the key needs all of its rows at once.
    shape : tuple of int
        The shape of the result.
    """

    rows: Rows
    key: tuple[Any, ...]
    axis: int | None
    shape: tuple[int, ...]


def select(key: Any, shape: tuple[int, ...]) -> Selection:
    """What the key of ``array[key]`` selects in an array of at least one axis.

    Raises
    ------
    IndexError
        As numpy raises it for an array of this shape.
    """
    # Another thread may change the caller's arrays. What is checked has to be what is used.
    index = [_own(part) for part in (key if isinstance(key, tuple) else (key,))]
    # An array that repeats one element has the shape and takes no memory.
    result = np.shape(np.broadcast_to(np.False_, shape)[tuple(index)])
    place = _find_first_axis(index, len(shape))
    axis = sum(part is None for part in index[:place]) if all(map(_is_basic, index)) else None
    if place == len(index) or index[place] is ...:
        return Selection(range(shape[0]), tuple(index), axis, result)
    part = index[place]
    if isinstance(part, slice):
        index[place] = slice(None)
        return Selection(range(*part.indices(shape[0])), tuple(index), axis, result)
    array = np.asarray(part)
    if array.dtype == bool:
        # A mask over several axes is the same as an array of numbers for each of them.
        numbers, *others = array.nonzero()
        index[place : place + 1] = [numbers, *others]
    elif array.ndim == 0:
        row = operator.index(part) % shape[0]
        index[place] = 0
        return Selection(range(row, row + 1), tuple(index), None, result)
    else:
        numbers = array.astype(np.intp, copy=False)
        numbers = np.where(numbers < 0, numbers + shape[0], numbers)
    rows, places = np.unique(numbers, return_inverse=True)
    index[place] = places.reshape(numbers.shape)
    return Selection(rows, tuple(index), None, result)


def is_whole(key: tuple[Any, ...]) -> bool:
    """Whether a key leaves an array as it is."""
    return all(part is ... or (type(part) is slice and part == slice(None)) for part in key)


def as_row_numbers(key: Any, count: int) -> np.ndarray[Any, Any] | None:
    """The rows that a list or array of integers names; None for any other index, or a wrong one."""
    if not isinstance(key, (list, np.ndarray)):
        return None
    try:
        numbers = np.array(key)  # a copy, which no other thread can change
    except ValueError:
        return None
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not numbers.size:
        return None
    least, most = int(numbers.min()), int(numbers.max())
    if least < -count or most >= count:
        return None
    rows = numbers.astype(np.int64)
    rows[rows < 0] += count
    return rows


def _own(part: Any) -> Any:
    """A part of an index, with its numbers in an array of our own if it holds any."""
    if _is_basic(part) or isinstance(part, (bool, np.generic)):
        return part
    if not isinstance(part, np.ndarray):
        with contextlib.suppress(TypeError):
            return operator.index(part)  # as numpy does before it looks for an array
    array = np.asarray(part).copy()  # `np.array` would ask for a copy, which torch does not know
    if not array.size and not isinstance(part, np.ndarray):
        return array.astype(np.intp)  # numpy makes floats of an empty sequence, but accepts it
    if array.dtype.kind not in "biu":
        operator.getitem(np.empty(0), part)  # numpy's error names sequences and arrays differently
    return array


def _find_first_axis(index: list[Any], ndim: int) -> int:
    """The place of an index's part for the first axis, or of the ellipsis that covers this axis.

    If no part is for any axis, the length of the index is returned.
    """
    for place, part in enumerate(index):
        if part is ...:
            if sum(map(_count_axes, index)) < ndim:
                return place
        elif _count_axes(part):
            return place
    return len(index)


def _count_axes(part: Any) -> int:
    """How many axes a part of an index selects from; 0 for an ellipsis."""
    if part is None or part is ...:
        return 0
    if _is_basic(part):
        return 1
    array = np.asarray(part)
    return array.ndim if array.dtype == bool else 1


def _is_basic(part: Any) -> bool:
    """Whether this is a part of a basic index, as numpy calls it."""
    if part is None or part is ...:
        return True
    return isinstance(part, (slice, int, np.integer)) and not isinstance(part, bool)
