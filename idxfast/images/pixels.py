"""Arrays of pixels, and how a picture becomes one."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

import numpy as np

from ..errors import IdxError

Pixels: TypeAlias = np.ndarray[Any, Any]
"""The levels of a picture's pixels: shape (height, width, channels)."""
Picture: TypeAlias = Any
"""A path, a Pillow image, or an array of uint8; see `pixels_of`."""

# Modes of Pillow in which a picture counts as a palette or as grey, and formats whose grey pictures
# ImageMagick reads as coloured ones all the same.
_INDEXED = ("1", "L", "P")
_COLOURED = (("L", "PPM"), ("L", "TIFF"), ("L", "JPEG2000"))


def pixels_of(picture: Picture) -> tuple[Pixels, bool]:
    """The red, green and blue of a picture, and whether it is stored as a palette or in grey.

    Parameters
    ----------
    picture : str, PathLike, PIL.Image.Image or array_like of uint8
        An array has the shape (height, width), or (height, width, channels) with 1 channel for
        grey, 3 for colours, or 4 for colours and opacity.

    Returns
    -------
    pixels : ndarray, shape (height, width, 3)
        uint8; or float64, if levels may not be whole because the picture is transparent or has 16
        bits of grey. What is transparent becomes white.
    is_indexed : bool

    Raises
    ------
    TypeError, ValueError
        If an array has another type or shape, or no pixels.
    IdxError, OSError
        If a file cannot be read as a picture: see `open_picture`.
    """
    if isinstance(picture, str | os.PathLike):
        from .opening import open_picture

        image = open_picture(picture)
        try:
            return _of_image(image)
        except (ValueError, MemoryError):
            raise
        except Exception as error:
            # Some damage shows only here, such as a palette that is missing.
            raise IdxError("the picture is damaged", filename=os.fspath(picture)) from error
    if hasattr(picture, "getbands"):
        return _of_image(picture)
    array = np.asarray(picture)
    if array.dtype != np.uint8:
        raise TypeError(f"a picture of {array.dtype}, not of uint8")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise ValueError(
            f"a picture of shape {array.shape}, not (height, width) or (height, width, 1, 3 or 4)"
        )
    if array.shape[2] == 4:
        return _on_white(array), False
    return np.broadcast_to(array, (*array.shape[:2], 3)), array.shape[2] == 1


def _of_image(image: Any) -> tuple[Pixels, bool]:
    if image.mode in ("I", "F"):
        raise ValueError(f"a picture of Pillow's mode {image.mode}, whose range is not known")
    if image.mode.startswith("I;16"):
        # Pillow's own conversion to 8 bits would turn all levels above 255 into white.
        levels = np.asarray(image)
        grey = levels / 257
        if "transparency" in image.info:
            grey[levels == image.info["transparency"]] = 255
        return np.repeat(grey[..., None], 3, axis=2), False
    if image.has_transparency_data:
        return _on_white(np.asarray(image.convert("RGBA"))), False
    is_indexed = image.mode in _INDEXED and (image.mode, image.format) not in _COLOURED
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB")), is_indexed


def _on_white(pixels: Pixels) -> Pixels:
    opacity = pixels[..., 3:] / 255
    ground = 255 * (1 - opacity)
    result = pixels[..., :3] * opacity
    result += ground  # in place: a picture may have as many pixels as Pillow allows
    return result
