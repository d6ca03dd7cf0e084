"""Where to cut an array so that each chunk is cheap to read by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..format import Header


def cut_into_chunks(
    header: Header, nbytes: int, ends: np.ndarray[Any, Any] | None
) -> tuple[int, ...]:
    """How many rows each chunk has.

    Parameters
    ----------
    header : Header
        Of an array of at least one axis.
    nbytes : int
        The most bytes of a chunk. A larger row is a chunk by itself.
    ends : ndarray of int64, optional
        The numbers of rows after which chunks should end, in ascending order. Where none is near
        enough, a chunk ends as if there were none.

    Returns
    -------
    tuple of int
        At least one number. If there are no rows, it is 0.
    """
    count = header.shape[0]
    most = max(nbytes // max(header.item_nbytes, 1), 1)
    chunks, start = [], 0
    while count - start > most:
        stop = start + most
        if ends is not None:
            last = int(ends[max(int(ends.searchsorted(stop, "right")) - 1, 0)])
            stop = last if start < last <= stop else stop
        chunks.append(stop - start)
        start = stop
    return (*chunks, count - start)
