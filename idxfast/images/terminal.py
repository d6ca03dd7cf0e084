"""Images as text: in the colours of a terminal, or in plain characters."""

from __future__ import annotations

from typing import Any

import numpy as np

from .display import to_grey

# From dark to bright.
_INK = " .:-=+*#%@"
# The upper half of this character has the colour of the text, the lower that of the background.
HALF = "\N{UPPER HALF BLOCK}"
_RESET = "\x1b[0m"


def half_blocks(pixels: np.ndarray[Any, Any], gap: int = 1) -> list[str]:
    """Draw images side by side in 24-bit colour, two pixels in each character.

    Parameters
    ----------
    pixels : ndarray of uint8
        Of shape (count, height, width) or (count, height, width, 3).
    gap : int
        Spaces between images.

    Returns
    -------
    list of str
        A line for each two rows of pixels, with escape sequences of terminals. Each line ends with
        the colours of the terminal.
    """
    if pixels.ndim == 3:
        pixels = np.repeat(pixels[..., None], 3, axis=3)
    return [
        (" " * gap).join(_line(image[row : row + 2]) for image in pixels)
        for row in range(0, pixels.shape[1], 2)
    ]


def as_text(pixels: np.ndarray[Any, Any], gap: int = 1) -> list[str]:
    """Draw images side by side in plain characters, one for each pixel of every other row.

    Parameters
    ----------
    pixels, gap
        As for `half_blocks`.

    Returns
    -------
    list of str
        Lines without trailing spaces; none if there are no images.
    """
    if not len(pixels):
        return []
    shades = to_grey(pixels)[:, ::2].astype(int) * (len(_INK) - 1) // 255
    return [
        (" " * gap).join("".join(_INK[shade] for shade in row) for row in rows).rstrip()
        for rows in np.moveaxis(shades, 1, 0)
    ]


def _line(rows: np.ndarray[Any, Any]) -> str:
    """Two rows of pixels, or one, as characters."""
    words = []
    before = None
    for pair in np.moveaxis(rows, 0, 1).tolist():
        if pair != before:
            upper = "38;2;{};{};{}".format(*pair[0])
            lower = "48;2;{};{};{}".format(*pair[1]) if len(pair) > 1 else "49"
            words.append(f"\x1b[{upper};{lower}m")
            before = pair
        words.append(HALF)
    return "".join(words) + _RESET
