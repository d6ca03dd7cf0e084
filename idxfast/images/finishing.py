"""The last steps to a record: put a picture on a square ground, negate it, make it grey."""

from __future__ import annotations

import numpy as np

from ..native import buffers as native
from .pixels import Pixels


def extend(picture: Pixels, size: int) -> Pixels:
    """Put a picture in the middle of a white ground of `size` x `size` pixels.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3)
        Levels from 0 to 255; height and width are at most `size`, or 0 for a ground alone.
    size : int

    Returns
    -------
    ndarray of float64, shape (size, size, 3)

    Raises
    ------
    ValueError
        If the picture is larger than the ground.
    """
    height, width = picture.shape[:2]
    if max(height, width) > size:
        raise ValueError(f"a picture of {width} x {height} pixels, for a ground of {size} x {size}")
    ground = np.full((size, size, 3), 255.0)
    top, left = size // 2 - height // 2, size // 2 - width // 2
    ground[top : top + height, left : left + width] = picture
    return ground


def negate(picture: Pixels) -> Pixels:
    """Make white black, and black white: 255 minus each level."""
    return 255.0 - picture


def grey(picture: Pixels) -> Pixels:
    """Make a picture grey: (19595 red + 38470 green + 7471 blue) / 65536, rounded down (Rec. 601).

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)

    Returns
    -------
    ndarray of uint8, shape (height, width)
    """
    height, width, _ = picture.shape
    levels = np.empty((height, width), np.uint8)
    native.grey(levels, np.ascontiguousarray(picture), levels.size)
    return levels


def rounded(picture: Pixels) -> Pixels:
    """Round levels to uint8, halves up, after limiting them to the range from 0 to 255."""
    levels = np.empty(picture.shape, np.uint8)
    native.round_to_bytes(levels, np.ascontiguousarray(picture, np.float64), levels.size)
    return levels
