"""Tables of a page. On narrow screens each cell is on a line of its own, after its title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..html import Markup, element, join

_NUMBER = "number"


class Cell(NamedTuple):
    """The content of a cell, and the class of its element."""

    content: Markup
    class_: str


def cell(*children: str, class_: str = "") -> Cell:
    """A cell with texts or elements."""
    return Cell(join(*children), class_)


def number(value: int) -> Cell:
    """A cell with a number, aligned to the right."""
    return cell(f"{value:,}", class_=_NUMBER)


def table(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Markup:
    """A table.

    Parameters
    ----------
    titles : sequence of str
        Of the columns. A column of numbers has its title aligned to the right, too.
    rows : sequence of sequence of Cell
        A cell for each column. On narrow screens, empty cells take no room.
    """
    heads = [
        element("th", title, scope="col", class_=_NUMBER)
        if any(row[column].class_ == _NUMBER for row in rows)
        else element("th", title, scope="col")
        for column, title in enumerate(titles)
    ]
    lines = [
        element(
            "tr",
            *(
                element("td", of.content, **_attributes(title, of))
                for title, of in zip(titles, row, strict=True)
            ),
        )
        for row in rows
    ]
    return element("table", element("thead", element("tr", *heads)), element("tbody", *lines))


def _attributes(title: str, of: Cell) -> dict[str, str]:
    """The class of an element, if any, and the title that narrow screens show."""
    found = {"class": of.class_, "data-title": title if of.content else ""}
    return {key: value for key, value in found.items() if value}
