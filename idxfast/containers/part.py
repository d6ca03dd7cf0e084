"""Where some rows of a file are."""

from __future__ import annotations

import operator
from typing import NamedTuple, SupportsIndex

from ..format import Header


class Part(NamedTuple):
    """The rows of a file from one number to another.

    Attributes
    ----------
    header : Header
        The dtype, and the shape of the part.
    row : int
        The number of the first row.
    offset : int
        Where in the unpacked file the part starts, in bytes.
    is_last : bool
        Whether the file ends where the part does.
    """

    header: Header
    row: int
    offset: int
    is_last: bool

    @property
    def end(self) -> int:
        """Where in the unpacked file the part ends, in bytes."""
        return self.offset + self.header.nbytes


def find_part(
    header: Header, start: SupportsIndex | None = None, stop: SupportsIndex | None = None
) -> Part:
    """The part of a file that holds ``array[start:stop]``. All of these rows have to exist.

    Raises
    ------
    IndexError
        Unless 0 <= start <= stop <= the number of rows, or if the array is a scalar.
    TypeError
        If a number is not whole.
    """
    if start is None and stop is None:
        return Part(header, 0, header.offset, True)
    if not header.shape:
        raise IndexError("the file holds a scalar, which has no rows")
    count, *others = header.shape
    first = 0 if start is None else operator.index(start)
    last = count if stop is None else operator.index(stop)
    if not 0 <= first <= last <= count:
        raise IndexError(f"rows {first} to {last} are not all among the file's {count} rows")
    row_bytes = Header(header.dtype, tuple(others)).nbytes
    part = Header(header.dtype, (last - first, *others))
    return Part(part, first, header.offset + first * row_bytes, last == count)
