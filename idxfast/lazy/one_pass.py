"""Rows of an ordinary gzip file, taken from one pass over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..containers.arrays import to_native
from ..containers.gzip_parts import PartsPayload
from ..containers.rows import RowAssembler
from ..format import Header
from ..typing import Memory

# Called with a slice: the places of some rows among those asked for; and with these rows.
Use: TypeAlias = Callable[[slice, np.ndarray[Any, Any]], object]


def ends(rows: range) -> tuple[int, int]:
    """The least and the greatest number of a range; min and max would look at every number."""
    first, last = rows[0], rows[-1]
    return min(first, last), max(first, last)


def pass_over(payload: PartsPayload, header: Header, rows: range, use: Use) -> None:
    """Hand over rows, some at a time, in one pass over the payload from the first to the last.

    Parameters
    ----------
    payload : PartsPayload
    header : Header
        The payload's. A row has at least one byte.
    rows : range
        At least one. If the range is descending, its last rows come first.
    use : callable
        Called as for `Use`. The rows are overwritten later.
    """
    (least, most), step = ends(rows), abs(rows.step)
    row = Header(header.dtype, header.shape[1:])

    def use_bytes(number: int, some: Memory) -> None:
        first = -(-(number - least) // step)
        last = (number + len(some) - 1 - least) // step
        some = some[least + first * step - number :: step]
        if not row.dtype.isnative:
            some = some.copy()  # `to_native` works in place, and must not change the caller's piece
        array = some.view(row.dtype.newbyteorder("=")).reshape(-1, *row.shape)
        to_native(array, row)
        if rows.step > 0:
            use(slice(first, last + 1), array)
        else:
            use(slice(len(rows) - 1 - last, len(rows) - first), array[::-1])

    assembler = RowAssembler(row.nbytes, use_bytes)
    payload.hand_over(least * row.nbytes, (most + 1) * row.nbytes, assembler)
