"""Batches of rows whose blocks are shuffled, from a file that is decoded in parts.

The blocks that are mixed with each other are read into one array, each as a whole. The rows of a
batch are then taken from this array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from ..storage.kept import Kept
from .batches import MIXED_BLOCKS, Array, Order, Rows, rows_at

# Fills an array with the rows between two numbers.
Read: TypeAlias = Callable[[int, int, Array], object]


def read_mixed(
    read: Read,
    mixed: Array,
    kept: Kept,
    places: range,
    order: Order,
    batch_size: int,
    block: int,
    *,
    drop_last: bool,
) -> Iterator[Array]:
    """The batches of rows whose blocks are shuffled.

    Parameters
    ----------
    read : callable
    mixed : ndarray
        An array for as many rows as `count_mixed` says.
    kept : Kept
        The unpacked data that are kept. While there are batches, `mixed` counts as a part of them.
    places, batch_size, drop_last
        As for `batches.read_in_order`.
    order, block
        The order that `batches.shuffle_rows` has made, and the rows in a block.
    """
    count, edges = len(order), _find_edges(order, block)
    begun: Array = mixed[:0]  # the first rows of a batch that the next group completes
    start = places.start
    try:
        while start < places.stop:
            kept.put("mixed", None, mixed.nbytes)
            at = start % count
            group = np.searchsorted(edges, at, "right")
            first, stop = int(edges[group - 1]), int(edges[group])
            chosen = _read_group(read, mixed, rows_at(range(first, stop), order), count, block)
            chosen = chosen[at - first : at - first + places.stop - start]
            start += len(chosen)
            while len(begun) + len(chosen) >= batch_size:
                wanted = batch_size - len(begun)
                batch = mixed[chosen[:wanted]]
                yield np.concatenate([begun, batch]) if len(begun) else batch
                begun, chosen = begun[:0], chosen[wanted:]
            begun = np.concatenate([begun, mixed[chosen]])
        if len(begun) and not drop_last:
            yield begun
    finally:
        kept.put("mixed", None, 0)


def count_mixed(count: int, block: int) -> int:
    """How many rows are mixed with each other."""
    return min(MIXED_BLOCKS * block, count)


def _find_edges(order: Order, block: int) -> Rows:
    """The places in the order where each group of mixed blocks begins, and the end of the last."""
    count, group = len(order), MIXED_BLOCKS * block
    edges = np.arange(0, -(-count // block) * block, group)
    if count % block:
        # The last block of the file is smaller, and may be anywhere in the order.
        place = np.flatnonzero(order == count - 1)[0]
        edges[place // group + 1 :] -= block - count % block
    return np.append(edges, count)


def _read_group(read: Read, mixed: Array, rows: Rows, count: int, block: int) -> Rows:
    """Read whole blocks, in the order of the file; return where the rows are in `mixed`."""
    blocks, places = np.unique(rows // block, return_inverse=True)
    starts = blocks * block
    sizes = np.minimum(starts + block, count) - starts
    ends = np.cumsum(sizes)
    for start, size, end in zip(starts.tolist(), sizes.tolist(), ends.tolist(), strict=True):
        read(start, start + size, mixed[end - size : end])
    found: Rows = rows + (ends - sizes - starts)[places]
    return found
