"""How near classes are to each other."""

from __future__ import annotations

from typing import Any

import numpy as np


def nearest(means: np.ndarray[Any, Any], most: int) -> list[tuple[int, int, float]]:
    """The pairs of classes whose mean images are the least distant.

    The distance of two images is the square root of the mean, over all pixels, of the square of the
    difference of their values.

    Parameters
    ----------
    means : ndarray of float64
        Of shape (classes, pixels): the mean image of each class.
    most : int
        How many pairs to return at most.

    Returns
    -------
    list of (int, int, float)
        Two classes, the lower first, and their distance; the nearest pair first. A distance that is
        not finite is left out.
    """
    pairs = []
    for first in range(len(means) - 1):
        distances = np.sqrt(np.square(means[first + 1 :] - means[first]).mean(axis=1))
        pairs += [
            (first, first + 1 + place, float(distance))
            for place, distance in enumerate(distances)
            if np.isfinite(distance)
        ]
    return sorted(pairs, key=lambda pair: (pair[2], pair[:2]))[:most]
