"""What `idxfast convert` converts: items, with or without labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...writing.saving import has_type
from ..rows import CastRows, Rows, blocks

# In the order in which they are tried.
_INTEGERS: tuple[np.dtype[Any], ...] = tuple(np.dtype(name) for name in ("u1", "i1", "i2", "i4"))
_FLOATS: tuple[np.dtype[Any], ...] = tuple(np.dtype(name) for name in ("f4", "f8"))


class Table(NamedTuple):
    """Items with their labels.

    Attributes
    ----------
    rows : Rows
    labels : ndarray or None
        Of shape (count,); None if there are none.
    names : mapping of int to str
        The names of classes; empty if none are known.
    """

    rows: Rows
    labels: np.ndarray[Any, Any] | None = None
    names: Mapping[int, str] = {}


def as_idx(rows: Rows, name: str) -> Rows:
    """The same items in a type of IDX: their own, or the smallest that holds them exactly.

    Raises
    ------
    ValueError
        If there is none. The message begins with `name`, which is the file.
    """
    if has_type(rows.dtype):
        return rows
    for dtype in _INTEGERS if rows.dtype.kind in "biu" else _FLOATS:
        if all(_is_exact(block, dtype) for block in blocks(rows)):
            return CastRows(rows, dtype)
    raise ValueError(f"{name}: no type of IDX holds all values of this {rows.dtype.name} exactly")


def narrow(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values, which float64 can hold, in the smallest type of IDX that holds them."""
    for dtype in [*(_INTEGERS if _is_whole(array) else ()), *_FLOATS]:
        if _is_exact(array, dtype):
            return array.astype(dtype, copy=False)
    raise ValueError(f"no type of IDX holds all values of this {array.dtype.name} exactly")


def _is_whole(array: np.ndarray[Any, Any]) -> bool:
    """Whether integers can hold all values; they cannot hold -0.0."""
    if array.dtype.kind != "f":
        return True
    is_whole = np.trunc(array) == array  # also of infinity
    return bool((is_whole & np.isfinite(array) & ~(np.signbit(array) & (array == 0))).all())


def _is_exact(block: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> bool:
    """Whether a type holds all values; they are whole if it is an integer type."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        # As a float32, the largest int32 would be rounded up.
        return not block.size or (limits.min <= int(block.min()) and int(block.max()) <= limits.max)
    with np.errstate(over="ignore", invalid="ignore"):
        found = block.astype(dtype)
        return bool(((found == block) | (np.isnan(found) & np.isnan(block))).all())
