"""One pass over the images of a file: what its classes look like, and a digest of each image."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...images.report.equal import digests
from ..progress import Progress
from ..rows import Rows, blocks

# How many images of each class are shown.
_EXAMPLES = 10
# The most bytes of all of them. With large images, fewer of each class are shown.
_MAX_SHOWN = 64 << 20
# If the sums of all classes take more bytes, there are no mean images.
_MAX_SUMS = 256 << 20
# A digest takes 16 bytes. If there are more images, none are compared.
_MAX_COMPARED = 20_000_000


class Summed(NamedTuple):
    """What is known of the images of each class.

    Attributes
    ----------
    counts : list of int
        The number of images.
    means : ndarray of float64, or None
        Of shape (classes, pixels). Without images, NaN.
    examples : list of list of (int, ndarray)
        The first images of each class, each after its number.
    digests : ndarray of uint64, or None
        Of shape (count, 2), for all images in their order.
    """

    counts: list[int]
    means: np.ndarray[Any, Any] | None
    examples: list[list[tuple[int, np.ndarray[Any, Any]]]]
    digests: np.ndarray[Any, Any] | None


def sum_up(
    rows: Rows,
    numbers: np.ndarray[Any, Any],
    classes: int,
    progress: Progress | None = None,
) -> Summed:
    """Read images some at a time.

    Parameters
    ----------
    rows : Rows
        Of images with at least one pixel.
    numbers : ndarray of int
        The class of each image, from 0; -1 for none.
    classes : int
        How many classes there are.
    progress : callable, optional
    """
    pixels = math.prod(rows.shape[1:])
    sums = None
    if classes * pixels * 8 <= _MAX_SUMS:
        sums = np.zeros((classes, pixels), np.int64 if rows.dtype.kind in "iu" else np.float64)
    size = pixels * rows.dtype.itemsize
    shown = min(_EXAMPLES, _MAX_SHOWN // (classes * size))
    counts = np.bincount(numbers[numbers >= 0], minlength=classes)
    examples: list[list[tuple[int, np.ndarray[Any, Any]]]] = [[] for _ in range(classes)]
    found: list[np.ndarray[Any, Any]] | None = [] if len(numbers) <= _MAX_COMPARED else None
    done = 0
    for block in blocks(rows, progress):
        if found is not None:
            found.append(digests(block))
        of_block = numbers[done : done + len(block)]
        for number in np.unique(of_block[of_block >= 0]).tolist():
            places = np.flatnonzero(of_block == number)
            if sums is not None:
                flat = block.reshape(len(block), -1)
                sums[number] += flat[places].sum(axis=0, dtype=sums.dtype)
            examples[number] += [
                (done + place, block[place].copy())
                for place in places[: shown - len(examples[number])].tolist()
            ]
        done += len(block)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = None if sums is None else sums / counts[:, None]
    every = None if found is None else np.concatenate([np.empty((0, 2), np.uint64), *found])
    return Summed(counts.tolist(), means, examples, every)
