"""What the caller states that a file holds, whatever its own header says."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

import numpy as np

from ..format import MAX_NDIM, Header


class StatedHeader(Header):
    """What the caller says that a file holds, in place of its own header.

    Parameters
    ----------
    dtype, shape
        As for `Header`.
    offset : int
        Where the payload starts, in bytes from the start of the unpacked file.
    """

    _offset: int

    def __new__(cls, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> StatedHeader:
        header = super().__new__(cls, dtype, shape)
        header._offset = offset
        return header

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.dtype, self.shape, self._offset

    @property
    def offset(self) -> int:
        return self._offset


def as_stated(header: Header) -> StatedHeader | None:
    """A header if the caller has stated it; None if it is the file's own."""
    return header if isinstance(header, StatedHeader) else None


def state(header: Any, offset: Any) -> StatedHeader | None:
    """What the caller of `load` states with ``header=`` and ``offset=``; None if nothing.

    Raises
    ------
    TypeError
        If `header` is no Header, its dtype neither boolean, integer nor floating point of at most
        8 bytes, or a number is not whole.
    ValueError
        If there is an offset without a header, a number is negative, or no array can have the
        shape.
    """
    if header is None:
        if offset is not None:
            raise ValueError("offset= needs header=, which says what starts there")
        return None
    if not isinstance(header, Header):
        raise TypeError(f"header= takes an idxfast.Header, not {type(header).__name__}")
    dtype = np.dtype(header.dtype)
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise TypeError(
            f"the dtype of header= is {dtype}, neither boolean, integer nor floating point of at "
            "most 8 bytes"
        )
    shape = tuple(operator.index(count) for count in header.shape)
    start = 4 + 4 * len(shape) if offset is None else operator.index(offset)
    if start < 0:
        raise ValueError(f"offset is {start}, not 0 or more")
    if start > sys.maxsize:
        raise ValueError(f"offset is {start}, which is larger than any file")
    if min(shape, default=0) < 0:
        raise ValueError(f"the shape of header= is {shape}, not all 0 or more")
    # numpy refuses a shape whose other dimensions are too large, even if one of them is 0.
    size = math.prod(count or 1 for count in shape) * dtype.itemsize
    if len(shape) > MAX_NDIM or size > sys.maxsize:
        raise ValueError(f"no {dtype.name} array can have the shape {shape}")
    return StatedHeader(dtype, shape, start)
