"""The types of IDX, for an array of another type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..format import CODES

# In the order in which they are tried.
_INTEGERS: tuple[np.dtype[Any], ...] = tuple(np.dtype(name) for name in ("u1", "i1", "i2", "i4"))
_FLOATS: tuple[np.dtype[Any], ...] = tuple(np.dtype(name) for name in ("f4", "f8"))
# How many elements are compared at a time: few enough that Ctrl-C does not wait long.
_PIECE = 1 << 20


def advise(array: np.ndarray[Any, Any]) -> str:
    """Say that IDX has no type for an array, and which type holds all its values.

    Values are compared exactly: a type is named only if nothing is lost.
    """
    name = array.dtype.name
    if array.dtype.kind not in "biuf":
        return list_types(name)
    if not array.size:
        return f"IDX has no type for {name}; {_call('uint8')} saves an empty array"
    if array.dtype.kind == "b":
        return f"IDX has no type for {name}; uint8 holds the values, as 0 and 1: {_call('uint8')}"
    choose = _smallest_float if array.dtype.kind == "f" else _smallest_integer
    return f"IDX has no type for {name}; {choose(array)}"


def list_types(name: str) -> str:
    """Say that IDX has no type of a name, and which types it has."""
    return f"IDX has no type for {name}; it has {', '.join(dtype.name for dtype in CODES)}"


def _call(name: str) -> str:
    return f"idxfast.save(path, array.astype('{name}'))"


def _smallest_float(array: np.ndarray[Any, Any]) -> str:
    for dtype in _FLOATS:
        if _holds(dtype, array):
            return f"{dtype.name} holds the values: {_call(dtype.name)}"
    return "its largest type, float64, does not hold the values exactly"


def _smallest_integer(array: np.ndarray[Any, Any]) -> str:
    extremes = [(int(piece.min()), int(piece.max())) for piece in _pieces(array)]
    low, high = min(low for low, _ in extremes), max(high for _, high in extremes)
    values = f"the values, {low:,} to {high:,}"
    for dtype in _INTEGERS:
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            expected = ", and is what readers of MNIST's labels expect" * (dtype == np.uint8)
            return f"{dtype.name} holds {values}{expected}: {_call(dtype.name)}"
    for dtype in _FLOATS:
        if _holds(dtype, array):
            return (
                f"no integer type of IDX holds {values}, but {dtype.name} holds them exactly: "
                f"{_call(dtype.name)}"
            )
    return f"none of its types holds {values}, exactly"


def _holds(dtype: np.dtype[Any], array: np.ndarray[Any, Any]) -> bool:
    """Whether a floating-point type holds all values exactly."""
    return all(_is_exact(piece, dtype) for piece in _pieces(array))


def _is_exact(piece: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        found = piece.astype(dtype)
        if piece.dtype.kind == "f":
            return bool(((found == piece) | (np.isnan(found) & np.isnan(piece))).all())
        # In floating point, the largest integer may be rounded up to a number out of its range.
        limit = 2.0 ** np.iinfo(piece.dtype).bits / (1 if piece.dtype.kind == "u" else 2)
        back = np.where(found < limit, found, 0).astype(piece.dtype)
        return bool((back == piece).all())


def _pieces(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    for start in range(0, array.size, _PIECE):
        yield array.flat[start : start + _PIECE]
