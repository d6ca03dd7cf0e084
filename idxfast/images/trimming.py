"""Cut off the borders of a picture that look like its corners."""

from __future__ import annotations

import numpy as np

from ..native.buffers import find_edges
from .pixels import Pixels

# The largest squared distance of two colours that are alike: 5 % of 255 levels, times the square
# root of 3 for the three channels, which is 22.08 levels.
_ALIKE = 487


def trim(picture: Pixels) -> Pixels:
    """Cut off the rows and columns at the borders that look like the corners.

    Two colours are alike if the squares of their differences in red, green and blue sum to at most
    487, which is 5 % of the range. Columns at the left and rows at the top are compared with the
    top-left pixel, columns at the right with the top-right one, and rows at the bottom with the
    bottom-left one. ImageMagick's ``-fuzz 5% -trim`` does the same.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3)
        Levels from 0 to 255.

    Returns
    -------
    ndarray, shape (height, width, 3)
        A view of `picture`. It has no pixels, and the shape (0, 0, 3), if the picture is blank.

    Notes
    -----
    If the corners differ, the edges found in this way can pass each other, as in a picture that
    fades from one side to the other. Such a direction is not trimmed.
    """
    height, width = picture.shape[:2]
    levels = picture if picture.dtype == np.uint8 else picture.astype(np.float64, copy=False)
    levels = np.ascontiguousarray(levels)
    left, top, right, bottom = find_edges(levels, levels.itemsize, height, width, _ALIKE)
    if top < 0:
        return picture[:0, :0]
    rows = slice(top, bottom + 1) if top <= bottom else slice(None)
    columns = slice(left, right + 1) if left <= right else slice(None)
    return picture[rows, columns]
