"""Apply an index to an opened file, and read no more rows than the index needs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .opened import Opened
from .selection import as_row_numbers, is_whole, select


def take(opened: Opened, key: Any) -> Any:
    """What ``array[key]`` gives for the whole array, but always a copy.

    Errors as in `IdxFile.__getitem__`.
    """
    whole = opened.whole()
    if whole is not None:
        return whole[key].copy()
    shape = opened.header.shape
    if not shape:
        return opened.read_all()[key].copy()
    count = shape[0]
    if type(key) is int and -count <= key < count:
        row = np.empty(opened.row_shape, opened.dtype)
        opened.read_into(row, key if key >= 0 else key + count)
        return row if row.ndim else row[()]
    numbers = as_row_numbers(key, count)
    if numbers is not None:
        return opened.take_rows(numbers)
    rows, part, axis, result_shape = select(key, shape)
    if not math.prod(result_shape):
        # If the result is empty, numpy ignores the numbers of the rows, which need not exist.
        return np.empty(result_shape, opened.dtype)
    if axis is None or is_whole(part) or len(rows) <= opened.step:
        result = opened.take_rows(rows)
        return result if is_whole(part) else result[part].copy()
    result = np.empty(result_shape, opened.dtype)
    before = (slice(None),) * axis

    def put(places: slice, some: np.ndarray[Any, Any]) -> None:
        result[(*before, places)] = some[part]

    assert isinstance(rows, range)
    opened.hand_over(rows, put)
    return result
