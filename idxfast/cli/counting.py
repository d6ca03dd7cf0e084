"""What `idxfast stats` counts: values, and items that are equal."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..format import Header
from .progress import Progress
from .rows import Rows, blocks

# Bins of a histogram of values other than uint8.
BINS = 16
# How many elements are counted at a time.
_PIECE = 64 << 10
# A digest takes 16 bytes, and sorting as many again: of more items, none are compared.
MAX_COMPARED = 20_000_000


class Values(NamedTuple):
    """The values of an array, summed up.

    Attributes
    ----------
    total : int
        How many elements there are, without those that are not finite.
    mean, deviation : float
        Arithmetic mean, and standard deviation of the population; NaN if there are no values.
    minimum, maximum : int, float or None
        None if there are no values.
    edges : list of float
        Of the bins of the histogram; the last is the end of the last bin.
    histogram : list of int
        How many values are in each bin. For uint8, there are 256 bins, one for each value.
    not_finite : int
        How many elements are infinite or NaN.
    """

    total: int
    mean: float
    deviation: float
    minimum: int | float | None
    maximum: int | float | None
    edges: list[float]
    histogram: list[int]
    not_finite: int


def count_values(rows: Rows, progress: Progress | None = None) -> Values:
    """Sum up the values of an array."""
    if rows.dtype == np.uint8:
        counts = np.zeros(256, np.int64)
        for block in blocks(rows, progress):
            for piece in _pieces(block):
                counts += np.bincount(piece, minlength=256)
        return _of_bytes(counts.tolist())
    # Sums of very large numbers may become infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        return _of_numbers(rows, progress)


def _of_bytes(counts: list[int]) -> Values:
    """The same from the number of times that each byte occurs, in exact arithmetic."""
    total = sum(counts)
    edges = [float(edge) for edge in range(257)]
    if not total:
        return Values(0, math.nan, math.nan, None, None, edges, counts, 0)
    sums = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    found = [value for value, count in enumerate(counts) if count]
    deviation = math.sqrt((squares * total - sums * sums) / (total * total))
    return Values(total, sums / total, deviation, found[0], found[-1], edges, counts, 0)


def _of_numbers(rows: Rows, progress: Progress | None) -> Values:
    """In two passes: the range, which the bins need, then everything else."""
    total = not_finite = 0
    low, high, sums = math.inf, -math.inf, 0.0
    for block in blocks(rows):
        for piece in _pieces(block):
            values = _finite(piece)
            not_finite += piece.size - values.size
            if values.size:
                total += values.size
                low, high = min(low, float(values.min())), max(high, float(values.max()))
                sums += float(values.sum())
    if not total:
        return Values(0, math.nan, math.nan, None, None, [], [], not_finite)
    mean, squares = sums / total, 0.0
    edges = _edges(low, high)
    counts = np.zeros(BINS, np.int64)
    for block in blocks(rows, progress):
        for piece in _pieces(block):
            values = _finite(piece)
            squares += float(np.square(values - mean).sum())
            counts += np.histogram(values, edges)[0]
    whole = rows.dtype.kind in "iu"
    return Values(
        total,
        mean,
        math.sqrt(squares / total),
        int(low) if whole else low,
        int(high) if whole else high,
        edges.tolist(),
        counts.tolist(),
        not_finite,
    )


def _edges(low: float, high: float) -> np.ndarray[Any, Any]:
    """The edges of equal bins. A single value is in the middle of bins that are 1 wide."""
    if low == high:
        low, high = low - BINS / 2, high + BINS / 2
    if math.isinf(high - low):
        return np.linspace(low / 2, high / 2, BINS + 1) * 2
    return np.linspace(low, high, BINS + 1)


def _pieces(block: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """The elements, some at a time: numpy converts them to 8 bytes, and an item may be large."""
    flat = block.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        yield flat[start : start + _PIECE]


def _finite(piece: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    values = piece.astype(np.float64)
    found: np.ndarray[Any, Any] = values[np.isfinite(values)]
    return found


def count_duplicates(rows: Rows, progress: Progress | None = None) -> int | None:
    """How many items are equal, byte for byte, to an earlier one; None if they are too many."""
    count = rows.shape[0]
    if not Header(rows.dtype, rows.shape[1:]).nbytes:
        return max(0, count - 1)
    if count > MAX_COMPARED:
        return None
    digests = np.empty((count, 2), np.uint64)
    done = 0
    for block in blocks(rows, progress):
        for item in np.ascontiguousarray(block).reshape(len(block), -1).view(np.uint8):
            digest = hashlib.blake2b(item, digest_size=16).digest()
            digests[done] = np.frombuffer(digest, np.uint64)
            done += 1
    digests = digests[np.lexsort(digests.T)]
    return int((digests[1:] == digests[:-1]).all(axis=1).sum())
