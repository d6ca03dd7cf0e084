"""Images in a notebook: a grid, with their labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .display import fit, to_pixels
from .html import Markup, element, join, picture

# How many images are shown unless the caller says otherwise.
COUNT = 40
# Height or width on the page, whichever is larger. Small images are enlarged, large ones reduced.
_SIDE = 56
_MAX_SIDE = 224
_GRID = "display:flex;flex-wrap:wrap;gap:8px;image-rendering:pixelated"
_FIGURE = "margin:0;display:flex;flex-direction:column;align-items:center"
_TEXT = "margin:4px 0 0;font:12px system-ui,sans-serif"
_CAPTION = f"{_TEXT};max-width:112px;overflow-wrap:anywhere;text-align:center"


class Grid:
    """Some images, which a notebook shows as pictures. `show` makes one."""

    def __init__(self, html: str, text: str) -> None:
        self._html = html
        self._text = text

    def __repr__(self) -> str:
        return f"<{self._text}>"

    def _repr_html_(self) -> str:
        return self._html


def show(images: Any, labels: Any = None, *, count: int = COUNT) -> Grid:
    """Show images in a notebook.

    Parameters
    ----------
    images : array_like or IdxFile
        Of shape (number, height, width), (number, height, width, 3), (number, 3, height, width) or
        (number, pixels). Only those that are shown are read.
    labels : sequence, optional
        A label or a name for each image, to be written below it. By default, the images are
        numbered.
    count : int
        How many images to show at most.

    Returns
    -------
    Grid
        A notebook shows the grid if it is the last value of a cell, or is given to ``display``.

    Raises
    ------
    ValueError
        If the array does not hold images, or there are not as many labels as images.
    ImportError
        If Pillow is not installed.
    """
    total = len(images)
    shown = np.asarray(images[: max(count, 0)])
    if labels is None:
        captions = [str(number) for number in range(len(shown))]
    elif len(labels) != total:
        raise ValueError(f"{len(labels):,} labels for {total:,} images")
    else:
        captions = [str(label) for label in labels[: len(shown)]]
    size = " x ".join(map(str, shown.shape[1:]))
    text = f"{len(shown):,} of {total:,} images, {size} {shown.dtype.name}"
    return Grid(grid(shown, captions, total), text)


def grid(images: np.ndarray[Any, Any], captions: list[str], total: int) -> Markup:
    """The first of a number of images as HTML, each with a caption below.

    Raises
    ------
    ValueError, ImportError
        As `show` does.
    """
    if not all(images.shape[1:]):
        raise ValueError(f"images of shape {images.shape[1:]} have no pixels")
    figures = [
        element(
            "figure",
            picture(pixels, f"image {number}: {caption}", _SIDE),
            element("figcaption", caption, style=_CAPTION),
            style=_FIGURE,
        )
        for number, (pixels, caption) in enumerate(
            zip(fit(to_pixels(images), _MAX_SIDE), captions, strict=True)
        )
    ]
    rest = total - len(images)
    more = element("p", f"and {rest:,} more", style=_TEXT) if rest else ""
    return join(element("div", *figures, style=_GRID), more)
