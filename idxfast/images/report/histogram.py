"""A histogram as SVG."""

from __future__ import annotations

import math

from ..html import Markup, element, join
from .content import Levels

# The size of the drawing, and of the field of the bars, in units of the drawing.
_WIDTH, _HEIGHT = 440, 172
_LEFT, _TOP, _FIELD_WIDTH, _FIELD_HEIGHT = 52, 10, 380, 136
_BELOW = 20
_MOST_LINES = 5


def histogram(levels: Levels, title: str) -> Markup:
    """Draw how often each value occurs, on a logarithmic scale.

    Most pixels of many sets are black: on a linear scale, only their bar would be seen.

    Parameters
    ----------
    levels : Levels
    title : str
        A text for readers who do not see the drawing.
    """
    highest = math.log10(max(levels.counts)) + 1
    return element(
        "svg",
        element("title", title),
        *_lines(highest),
        element("path", d=_bars(levels, highest)),
        *_ends(levels),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
    )


def _bars(levels: Levels, highest: float) -> str:
    """The path of all bars. Only a value that does not occur has a bar of height 0."""
    width = _FIELD_WIDTH / len(levels.counts)
    bottom = _TOP + _FIELD_HEIGHT
    path = []
    for number, count in enumerate(levels.counts):
        if count:
            height = _FIELD_HEIGHT * (math.log10(count) + 1) / highest
            left = _LEFT + number * width
            path.append(f"M{left:.2f} {bottom}v{-height:.2f}h{width:.2f}v{height:.2f}z")
    return "".join(path)


def _lines(highest: float) -> list[Markup]:
    """A line across, with its number, for some powers of ten; and the base."""
    powers = range(math.floor(highest - 1) + 1)
    step = -(-len(powers) // _MOST_LINES)
    drawn = [_line(_TOP + _FIELD_HEIGHT, "0")]
    for power in powers[::-1][::step]:
        drawn.append(_line(_TOP + _FIELD_HEIGHT * (1 - (power + 1) / highest), _number(power)))
    return drawn


def _line(y: float, text: str) -> Markup:
    at = f"{y:.2f}"
    return join(
        element("line", x1=_LEFT, x2=_LEFT + _FIELD_WIDTH, y1=at, y2=at),
        element("text", text, x=_LEFT - 6, y=f"{y + 4:.2f}", text_anchor="end"),
    )


def _number(power: int) -> str:
    """A power of ten, in few characters."""
    names = ("", " k", " M", " G", " T")
    return f"{10 ** (power % 3)}{names[power // 3]}" if power < 15 else f"1e{power}"


def _ends(levels: Levels) -> list[Markup]:
    """The first and the last value, below the bars."""
    last = levels.edges[-1] - 1 if levels.is_level else levels.edges[-1]
    y = _TOP + _FIELD_HEIGHT + _BELOW
    return [
        element("text", f"{levels.edges[0]:.6g}", x=_LEFT, y=y),
        element("text", f"{last:.6g}", x=_LEFT + _FIELD_WIDTH, y=y, text_anchor="end"),
    ]
