"""In which order batches take the rows of a file: shuffled or not, on one rank or several."""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np

# How many shuffled blocks are mixed with each other. More blocks mix the rows better, and need more
# memory at once.
MIXED_BLOCKS = 8

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


def order_rows(
    count: int, *, shuffle: bool, block: int | None, seed: int | None, epoch: int
) -> Rows:
    """The numbers of all rows, in the order of an epoch.

    Parameters
    ----------
    count : int
        How many rows there are.
    shuffle : bool
    block : int, optional
        Shuffle whole blocks of this many rows, and then mix the rows of a few blocks at a time.
    seed, epoch : int
        The same seed and epoch give the same order in every process.
    """
    rows: Rows = np.arange(count, dtype=np.int64)
    if not shuffle:
        return rows
    random = np.random.default_rng(None if seed is None else [seed, epoch])
    if block is None:
        random.shuffle(rows)
        return rows
    starts = np.arange(0, count, block)
    random.shuffle(starts)
    blocks = [rows[start : start + block] for start in starts.tolist()]
    mixed = []
    for first in range(0, len(blocks), MIXED_BLOCKS):
        some = np.concatenate(blocks[first : first + MIXED_BLOCKS])
        random.shuffle(some)
        mixed.append(some)
    return np.concatenate(mixed) if mixed else rows


def share(rows: Rows, rank: int, world_size: int, *, drop_last: bool) -> Rows:
    """The rows of one rank: one contiguous part of the order, of the same length for each rank.

    If the rows cannot be shared equally, the first ones are used again. With `drop_last`, the last
    ones are left out instead. torch's DistributedSampler does the same.
    """
    each = len(rows) // world_size if drop_last else -(-len(rows) // world_size)
    places = np.arange(rank * each, (rank + 1) * each)
    return rows[places % max(len(rows), 1)]


def cut(rows: Rows, batch_size: int, *, drop_last: bool) -> Iterator[Rows]:
    """The rows of each batch. The last one may be smaller, unless `drop_last` leaves it out."""
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        if len(batch) == batch_size or not drop_last:
            yield batch


def check(
    batch_size: int,
    block: int | None,
    seed: int | None,
    epoch: int,
    rank: int,
    world_size: int,
    *,
    shuffle: bool,
) -> None:
    """Refuse numbers that are too small or not whole, and options that conflict.

    Raises
    ------
    ValueError, TypeError
    """
    for name, number, least in (
        ("batch_size", batch_size, 1),
        ("block", block, 1),
        ("seed", seed, 0),
        ("epoch", epoch, 0),
        ("rank", rank, 0),
        ("world_size", world_size, 1),
    ):
        if number is not None and operator.index(number) < least:
            raise ValueError(f"{name} is {number}, not {least} or more")
    if rank >= world_size:
        raise ValueError(f"rank is {rank}, not below world_size, {world_size}")
    if block is not None and not shuffle:
        raise ValueError("block= needs shuffle=True")
    if shuffle and seed is None and world_size > 1:
        raise ValueError("ranks that shuffle need a common seed=, or they would share rows")
