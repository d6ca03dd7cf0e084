"""Arrays of any type and layout as pictures of 8 bits, to be looked at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# The weights of red, green and blue in a grey value (ITU-R BT.601).
_GREY = (0.299, 0.587, 0.114)


def to_pixels(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Images of any type and layout as uint8, grey or in colour.

    Parameters
    ----------
    images : ndarray
        Of shape (count, height, width); in colour (count, height, width, 3) or
        (count, 3, height, width), where 1 in place of 3 is grey; or (count, pixels).

    Returns
    -------
    ndarray of uint8
        Of shape (count, height, width) or (count, height, width, 3). Images of shape
        (pixels,) become squares, or rows if the number is not a square. Types other than uint8 are
        kept if all values are whole numbers from 0 to 255. Otherwise the smallest value of the
        array becomes 0 and the largest 255; what is not finite becomes 0.

    Raises
    ------
    ValueError
        If the array has another shape.
    """
    if images.ndim == 2:
        count, size = images.shape
        side = math.isqrt(size)
        height = side if size and side * side == size else 1
        images = images.reshape(count, height, size // height)
    elif images.ndim == 4 and images.shape[3] not in (1, 3) and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, 3)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 and (images.ndim != 4 or images.shape[3] != 3):
        raise ValueError(f"an array of shape {images.shape} holds no images")
    return images if images.dtype == np.uint8 else _scaled(images)


def to_grey(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same pictures without colour."""
    if pixels.ndim == 3:
        return pixels
    grey: np.ndarray[Any, Any] = (pixels @ np.array(_GREY)).round().astype(np.uint8)
    return grey


def shrink(pixels: np.ndarray[Any, Any], width: int) -> np.ndarray[Any, Any]:
    """The same pictures at most `width` pixels wide: each new pixel is the mean of a square."""
    factor = -(-pixels.shape[2] // max(width, 1))
    if factor <= 1:
        return pixels
    margins = [(0, -size % factor) for size in pixels.shape[1:3]]
    padded = np.pad(pixels, [(0, 0), *margins, *[(0, 0)] * (pixels.ndim - 3)], mode="edge")
    count, height, wide = padded.shape[:3]
    squares = padded.reshape(count, height // factor, factor, wide // factor, factor, -1)
    means: np.ndarray[Any, Any] = squares.mean(axis=(2, 4)).round().astype(np.uint8)
    return means.reshape(count, height // factor, wide // factor, *pixels.shape[3:])


def fit(pixels: np.ndarray[Any, Any], side: int) -> np.ndarray[Any, Any]:
    """The same pictures, neither wider nor higher than `side`."""
    narrow = shrink(pixels, side)
    return shrink(narrow.swapaxes(1, 2), side).swapaxes(1, 2)


def _scaled(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    values = images.astype(np.float64)
    is_finite = np.isfinite(values)
    values[~is_finite] = np.nan
    if not is_finite.any():
        return np.zeros(images.shape, np.uint8)
    low, high = np.nanmin(values), np.nanmax(values)
    if low < 0 or high > 255 or not (values[is_finite] % 1 == 0).all():
        # Halves, because the difference of two numbers may overflow.
        span = high / 2 - low / 2
        values = (values / 2 - low / 2) * (255 / span) if span else np.zeros_like(values)
    scaled: np.ndarray[Any, Any] = np.nan_to_num(values, nan=0).round().astype(np.uint8)
    return scaled
