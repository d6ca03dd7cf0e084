"""Contact sheets: examples of each class in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .pillow import import_pillow

_MARGIN = 8
_GAP = 2
_PAPER, _TEXT = 255, 0
# Smaller images are enlarged, by a whole number, to about this height.
_HEIGHT = 56


def contact_sheet(
    rows: Sequence[np.ndarray[Any, Any]], captions: Sequence[str]
) -> np.ndarray[Any, Any]:
    """Arrange images in rows, each with a caption on its left.

    Parameters
    ----------
    rows : sequence of ndarray of uint8
        For each row, its images: an array of shape (count, height, width) or
        (count, height, width, 3). Only the counts may differ.
    captions : sequence of str
        For each row, a text; "" for none.

    Returns
    -------
    ndarray of uint8
        Of shape (height, width) or (height, width, 3), with black text on white.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    height, width, *channels = rows[0].shape[1:]
    scale = max(1, _HEIGHT // max(height, 1))
    texts = [_text(caption, height * scale) for caption in captions]
    left = _MARGIN + max(text.shape[1] for text in texts)
    left += _MARGIN if left > _MARGIN else 0
    down, right = height * scale + _GAP, width * scale + _GAP
    size = (
        2 * _MARGIN + len(rows) * down - _GAP,
        left + max(len(row) for row in rows) * right - _GAP + _MARGIN,
    )
    sheet = np.full((*size, *channels), _PAPER, np.uint8)
    for number, (row, text) in enumerate(zip(rows, texts, strict=True)):
        top = _MARGIN + number * down
        line = sheet[top : top + len(text), _MARGIN : _MARGIN + text.shape[1]]
        line[...] = text[..., None] if channels else text
        for place, image in enumerate(row):
            at = left + place * right
            large = image.repeat(scale, axis=0).repeat(scale, axis=1)
            sheet[top : top + len(large), at : at + large.shape[1]] = large
    return sheet


def _text(caption: str, height: int) -> np.ndarray[Any, Any]:
    """A caption as grey pixels, in the middle of a row of this height."""
    if not caption:
        return np.full((height, 0), _PAPER, np.uint8)
    font = import_pillow("ImageFont").load_default()
    try:
        box = font.getbbox(caption)
    except UnicodeEncodeError:  # without FreeType, Pillow's font has only Latin letters
        caption = ascii(caption)[1:-1]
        box = font.getbbox(caption)
    size = max(int(box[2]) + 1, 1), max(height, int(box[3]) + 1)
    picture = import_pillow("Image").new("L", size, _PAPER)
    top = (size[1] - box[3] - box[1]) / 2
    import_pillow("ImageDraw").Draw(picture).text((0, top), caption, fill=_TEXT, font=font)
    return np.asarray(picture)[:height]
