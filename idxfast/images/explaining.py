"""A figure of what each step does to a picture, like Figure 1 of Fashion-MNIST's paper."""

from __future__ import annotations

import io
import os
from typing import Any

from ..storage.outputs import write
from .conversion import Conversion
from .fashion import each_step
from .finishing import rounded
from .pillow import import_pillow
from .pixels import Pixels, pixels_of

# All lengths are in pixels.
_CELL = 196
_GAP = 16
_CAPTION = 44
_TEXT = 15
# Neither white nor black, so that the edges of every picture are seen.
_GROUND = (190, 200, 215)
_INK = (0, 0, 0)
_CAPTIONS = {
    "picture": "picture",
    "trim": "trimmed",
    "resize": "resized",
    "sharpen": "sharpened",
    "extend": "extended",
    "negate": "negated",
    "round": "rounded",
    "grey": "grey",
}


def draw_steps(picture: str, path: str | os.PathLike[str], conversion: Conversion) -> None:
    """Draw a picture as it is after each step of a conversion, in columns, and save it as PNG.

    Parameters
    ----------
    picture : str
        The path of the picture.
    path : str or PathLike
        Where the figure goes. A file there is replaced.
    conversion : Conversion

    Raises
    ------
    ImportError, IdxError, OSError
        As from `to_fashion`, or if the figure cannot be written.
    """
    Image: Any = import_pillow("Image")
    steps = list(each_step(*pixels_of(picture), **conversion.options()))
    width = _GAP + len(steps) * (_CELL + _GAP)
    figure = Image.new("RGB", (width, _CELL + 2 * _GAP + _CAPTION), _GROUND)
    draw = import_pillow("ImageDraw").Draw(figure)
    font = import_pillow("ImageFont").load_default(_TEXT)
    for column, (name, pixels) in enumerate(steps):
        left = _GAP + column * (_CELL + _GAP)
        middle = left + _CELL // 2
        height, width = pixels.shape[:2]
        if pixels.size:
            image = _fitted(Image, pixels)
            top = _GAP + (_CELL - image.height) // 2
            figure.paste(image, (middle - image.width // 2, top))
        caption = f"({column + 1}) {_CAPTIONS[name]}\n{width} x {height}"
        place = (middle, _CELL + _GAP + _CAPTION // 2)
        draw.text(place, caption, _INK, font, anchor="mm", align="center")
    file = io.BytesIO()
    figure.save(file, "PNG")
    write(path, [file.getvalue()])


def _fitted(Image: Any, pixels: Pixels) -> Any:
    """A picture as large as fits into a cell: pixels as squares, or, of a large one, averages."""
    image = Image.fromarray(rounded(pixels))
    scale = _CELL // max(image.size)
    if scale:
        return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    image.thumbnail((_CELL, _CELL))
    return image
