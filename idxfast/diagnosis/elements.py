"""Which types the elements of a payload may have, judged by its first bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

# Values of other sizes are taken for bytes that were misread as floating point.
SMALLEST, LARGEST = 1e-6, 1e6
# The first bytes of small integers, positive or negative.
_SIGNS = (0x00, 0xFF)


def plausible_types(sample: bytes, width: int, declared: np.dtype[Any]) -> list[np.dtype[Any]]:
    """The types of `width` bytes whose values would be plausible, the most plausible first.

    Parameters
    ----------
    sample : bytes
        The first bytes of the payload.
    width : int
        1, 2, 4 or 8.
    declared : numpy.dtype
        The type that the header says, which also decides if `width` is its own and the bytes leave
        the type open.

    Returns
    -------
    list of numpy.dtype
        One type if the bytes decide, several if they do not, and none if the elements cannot have
        this width.
    """
    if width == 1:
        return [declared if declared.itemsize == 1 else np.dtype("u1")]
    rows = np.frombuffer(sample[: len(sample) // width * width], np.uint8).reshape(-1, width)
    if not rows.any():
        if declared.itemsize == width:
            return [declared.newbyteorder(">"), declared.newbyteorder("<")]
        return [np.dtype(f"{order}i{width}") for order in "<>"]
    if declared.itemsize == width:
        candidates = [declared.newbyteorder(">"), declared.newbyteorder("<")]
        found = [dtype for dtype in candidates if _is_plausible(rows, dtype)]
        return found if len(found) == 1 else candidates
    kinds = "f", "i", "u"
    for kind in kinds if width > 2 else kinds[1:]:
        candidates = [np.dtype(f"{order}{kind}{width}") for order in "<>"]
        found = [dtype for dtype in candidates if _is_plausible(rows, dtype)]
        if found:
            return found
    return []


def _is_plausible(rows: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> bool:
    if dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # signalling NaN
            values = np.abs(np.ascontiguousarray(rows).view(dtype).astype(np.float64))
        small_or_zero = (values == 0) | ((values >= SMALLEST) & (values <= LARGEST))
        return bool(small_or_zero.all())
    is_little = dtype == dtype.newbyteorder("<")
    first, last = (rows[:, -1], rows[:, 0]) if is_little else (rows[:, 0], rows[:, -1])
    if dtype.kind == "i":
        return bool(np.isin(first, _SIGNS).all())
    # Neighbouring values have equal high bytes more often than equal low bytes.
    return dtype.itemsize == 2 and len(np.unique(first)) < len(np.unique(last)) // 2
