"""Pillow, which decodes and encodes pictures. It is imported when it is first needed."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import numpy as np


def import_pillow(name: str) -> ModuleType:
    """A module of Pillow, such as "Image".

    Raises
    ------
    ImportError
        If Pillow is not installed. The message says how to install it.
    """
    import importlib

    try:
        return importlib.import_module(f"PIL.{name}")
    except ImportError as error:
        raise ImportError(
            "pictures need Pillow: pip install 'idxfast[images]'", name="PIL"
        ) from error


def as_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """A picture as a PNG file.

    Parameters
    ----------
    pixels : ndarray of uint8
        Of shape (height, width) or (height, width, 3).
    """
    file = io.BytesIO()
    import_pillow("Image").fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()
