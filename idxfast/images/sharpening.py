"""Sharpen a picture as ImageMagick's adaptive sharpening does."""

from __future__ import annotations

import math

import numpy as np

from ..native import buffers as native
from .pixels import Pixels

# The weights of red, green and blue in the difference of a pixel (Rec. 709). They sum to 1.
_INTENSITY = (0.212656, 0.715158, 0.072186)
# From which difference on, of a range from 0 to 1, a pixel is sharpened by its 3 x 3 neighbours,
# and by its 5 x 5. ImageMagick rounds 5 x (1 - difference) to whole steps.
_NEAR_EDGE = 0.3
_AT_EDGE = 0.7


def sharpen(picture: Pixels) -> Pixels:
    """Sharpen a picture, most strongly on the bright side of its outlines.

    This is ImageMagick's ``-adaptive-sharpen 2x1``, with radius 2 and deviation 1. Each pixel is
    compared with its 5 x 5 neighbours. The differences are blurred, and stretched to the range from
    0 to 1. From 0.7 on, a pixel is brighter than what is around it, and is sharpened by its 5 x 5
    neighbours; from 0.3 on, by its 3 x 3. Pixels that are darker than what is around them stay as
    they are.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3)
        Levels from 0 to 255. Borders repeat the edge.

    Returns
    -------
    ndarray of float64, shape (height, width, 3)
        Neither rounded nor clamped.
    """
    levels = np.ascontiguousarray(picture, np.float64)
    sharp = np.empty_like(levels)
    height, width = levels.shape[:2]
    native.sharpen(sharp, levels, height, width, _PARAMETERS)
    return sharp


def _blur() -> list[float]:
    """Three of the blur's five weights along each axis, up to the one in the middle."""
    # Each adds up three values of a Gaussian at a third of the distance.
    taps = [0.0] * 5
    for u in range(-7, 8):
        taps[(u + 7) // 3] += math.exp(-u * u / 18)
    return [tap / sum(taps) for tap in taps[:3]]


def _kernel(radius: int) -> list[float]:
    """The weight of a pixel, and three of the five weights that its neighbours have on each axis.

    The sum of the neighbours, the pixel among them, is subtracted from the weighted pixel.
    """
    taps = [math.exp(-u * u / 2) if u <= radius else 0.0 for u in (2, 1, 0)]
    total = (2 * sum(taps) - taps[-1]) ** 2
    return [(2 * total + 1) / (total + 1), *(tap / math.sqrt(total + 1) for tap in taps)]


_PARAMETERS = np.array(
    [*_blur(), *_INTENSITY, _NEAR_EDGE, *_kernel(1), _AT_EDGE, *_kernel(2)], np.float64
)
