"""Resize a picture as ImageMagick does, without rounding in between."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..native import buffers as native
from .pixels import Pixels


class Filter(NamedTuple):
    """The weight of an old pixel, by its distance from a new one, and where the weights end."""

    weight: Callable[[Pixels], Pixels]
    support: float


def _lanczos(t: Pixels) -> Pixels:
    return np.where(abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


def _mitchell(t: Pixels) -> Pixels:
    # Mitchell and Netravali (1988), with B = C = 1/3.
    t = abs(t)
    near = (21 * t**3 - 36 * t**2 + 16) / 18
    far = (-7 * t**3 + 36 * t**2 - 60 * t + 32) / 18
    return np.where(t < 1, near, np.where(t < 2, far, 0))


_LANCZOS = Filter(_lanczos, 3.0)
_MITCHELL = Filter(_mitchell, 2.0)
# Up to how many weights are kept for pictures of the same size, and for how many sizes.
_MAX_KEPT_WEIGHTS = 1 << 14
_MAX_KEPT_SIZES = 512
# Bounds of memory, which a small file of a long and thin picture would exceed: 32 MiB of weights,
# and 1.5 GiB for a picture that has been resized in one direction.
_MAX_WEIGHTS = 1 << 22
_MAX_PIXELS_BETWEEN = 1 << 26


def resize(picture: Pixels, size: int, *, is_indexed: bool = False) -> Pixels:
    """Resize a picture so that its longest edge becomes `size` pixels.

    Small pictures grow. The other edge keeps its proportion, and is at least 1 pixel long.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3)
        Any levels. Borders repeat the edge.
    size : int
        At least 1.
    is_indexed : bool
        Whether the picture is stored as a palette or in grey. Such a picture is resized with
        another filter.

    Returns
    -------
    ndarray of float64, shape (new height, new width, 3)
        Neither rounded nor clamped: near outlines, levels leave the range of the picture.

    Raises
    ------
    ValueError
        If the picture is too long and thin to be resized in little memory. An edge of 500,000
        pixels is not too long for 28.

    Notes
    -----
    The filter is the one that ImageMagick 6 chooses: Lanczos with three lobes if the number of
    pixels becomes smaller, and Mitchell's if it grows or the picture is indexed.
    """
    height, width = picture.shape[:2]
    scale = size / max(width, height)
    new_width = max(1, math.floor(scale * width + 0.5))
    new_height = max(1, math.floor(scale * height + 0.5))
    return _resample(picture, new_width, new_height, is_indexed)


def stretch(picture: Pixels, size: int, *, is_indexed: bool = False) -> Pixels:
    """Resize a picture to `size` x `size` pixels, whatever its proportions.

    Parameters and result are those of `resize`.
    """
    return _resample(picture, size, size, is_indexed)


def _resample(picture: Pixels, width: int, height: int, is_indexed: bool) -> Pixels:
    old_height, old_width = picture.shape[:2]
    if (old_width, old_height) == (width, height):
        return picture.astype(np.float64)
    grows = width * height > old_width * old_height
    kind = _MITCHELL if grows or is_indexed else _LANCZOS
    down, across = _plan(old_height, height, kind), _plan(old_width, width, kind)
    if old_width * height > _MAX_PIXELS_BETWEEN:
        raise ValueError(f"the picture is too wide: {old_width:,} x {old_height:,} pixels")
    levels = picture if picture.dtype == np.uint8 else picture.astype(np.float64, copy=False)
    levels = np.ascontiguousarray(levels)
    resized = np.empty((height, width, 3))
    native.resample(resized, levels, levels.itemsize, down, across)
    return resized


def _plan(old: int, new: int, kind: Filter) -> native.Resampling:
    """How a line of `old` pixels becomes one of `new`."""
    return (_kept if old * new <= _MAX_KEPT_WEIGHTS else _calculate)(old, new, kind)


def _calculate(old: int, new: int, kind: Filter) -> native.Resampling:
    scale = max(old / new, 1.0)
    support = kind.support * scale
    centres = (np.arange(new) + 0.5) * old / new
    starts = np.floor(np.maximum(centres - support + 0.5, 0)).astype(np.intp)
    stops = np.floor(np.minimum(centres + support + 0.5, old)).astype(np.intp)
    longest = int((stops - starts).max())
    if longest * new > _MAX_WEIGHTS:
        raise ValueError(f"an edge of {old:,} pixels is too long to be resized to {new:,}")
    places = starts[:, None] + np.arange(longest)
    weights = kind.weight((places - centres[:, None] + 0.5) / scale)
    weights[places >= stops[:, None]] = 0
    weights /= weights.sum(1, keepdims=True)
    return native.Resampling(weights, np.stack([starts, stops], 1), longest, old, new)


_kept = functools.lru_cache(_MAX_KEPT_SIZES)(_calculate)
