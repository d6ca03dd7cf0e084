"""Images of any type and layout as the pictures of a report."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...images.display import fit, to_pixels
from ...images.report.content import Pixels
from ..classes import upright
from ..counting import Values

# Larger pictures are made smaller, so that the page stays small.
_MAX_SIDE = 112


class Pictures:
    """Makes pictures of the images of a file, all to the same scale.

    Parameters
    ----------
    filename : str
        Images of EMNIST are turned upright.
    dtype : numpy.dtype
        The type of the images.
    values : Values
        The values in the file. Whole numbers from 0 to 255 are levels; otherwise the smallest
        becomes black, and the largest white.
    """

    def __init__(self, filename: str, dtype: np.dtype[Any], values: Values) -> None:
        self._filename = filename
        self._low, self._high = 0.0, 255.0
        if values.minimum is not None and values.maximum is not None:
            is_level = dtype.kind in "iu" and values.minimum >= 0 and values.maximum <= 255
            if not is_level:
                self._low, self._high = float(values.minimum), float(values.maximum)

    def __call__(self, images: np.ndarray[Any, Any]) -> list[Pixels]:
        """Pictures of images, or of means of images.

        Parameters
        ----------
        images : ndarray
            Of shape (count, ...), as the file has them.

        Raises
        ------
        ValueError
            If images of this shape are no pictures.
        """
        # Halves, because the difference of two numbers may overflow.
        span = self._high / 2 - self._low / 2
        shares = (images.astype(np.float64) / 2 - self._low / 2) / (span or 1)
        levels = (np.nan_to_num(shares).clip(0, 1) * 255).round().astype(np.uint8)
        return list(fit(to_pixels(upright(self._filename, levels)), _MAX_SIDE))
