"""HTML as text: whatever is not markup is escaped."""

from __future__ import annotations

import base64
import html
from typing import Any

import numpy as np

from ..errors import printable
from .pillow import as_png

_VOID = ("img", "meta")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str | int) -> Markup:
    """An element.

    Parameters
    ----------
    name : str
    *children : str
        Text is escaped, unless it is `Markup`.
    **attributes : str or int
        Their values are escaped. An underscore at the end of a name is left out, so that ``class_``
        is possible; all others become dashes.
    """
    words = [name]
    for key, value in attributes.items():
        words.append(f'{key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"')
    start = f"<{' '.join(words)}>"
    return Markup(start if name in _VOID else f"{start}{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Texts and elements one after another. Text is escaped."""
    return Markup(
        "".join(child if isinstance(child, Markup) else _escaped(child) for child in children)
    )


def picture(pixels: np.ndarray[Any, Any], alt: str, side: int) -> Markup:
    """A picture as an element that contains its data.

    Parameters
    ----------
    pixels : ndarray of uint8
        Of shape (height, width) or (height, width, 3), with at least one pixel.
    alt : str
        A text for readers who do not see the picture.
    side : int
        The larger of height and width on the page. Pictures are enlarged by whole numbers only, and
        not made smaller.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    height, width = pixels.shape[:2]
    scale = max(1, side // max(height, width))
    data = base64.b64encode(as_png(pixels)).decode()
    return element(
        "img",
        src=f"data:image/png;base64,{data}",
        width=width * scale,
        height=height * scale,
        alt=alt,
        title=alt,
    )


def _escaped(text: str) -> str:
    return html.escape(printable(text))
