"""The rows of a file in batches: shuffled or not, on one rank or several."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..threads.ordered_map import call_interruptibly

# How many shuffled blocks are mixed with each other. More blocks mix the rows better, and need more
# memory at once.
MIXED_BLOCKS = 8
# More rows than this are shuffled on a thread of their own, so that Ctrl-C does not wait for them.
MANY = 1 << 20

Array = np.ndarray[Any, Any]
Order = np.ndarray[tuple[int], np.dtype[np.unsignedinteger[Any]]]
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


def shuffle_rows(count: int, *, block: int | None, seed: int | None, epoch: int) -> Order:
    """The numbers of all rows, in the order of an epoch; below 2^32 rows, in 4 bytes each.

    Parameters
    ----------
    count : int
        How many rows there are.
    block : int, optional
        Shuffle whole blocks of this many rows, and then mix the rows of a few blocks at a time.
    seed, epoch : int
        The same seed and epoch give the same order in every process.
    """
    random = np.random.default_rng(None if seed is None else [seed, epoch])
    dtype = np.min_scalar_type(count)
    if block is None:

        def shuffle(count: int) -> Order:
            order: Order = np.arange(count, dtype=dtype)
            random.shuffle(order)
            return order

        return call_interruptibly(shuffle, count) if count > MANY else shuffle(count)
    order: Order = np.empty(count, dtype)
    starts = np.arange(0, count, block)
    random.shuffle(starts)
    done = 0
    for first in range(0, len(starts), MIXED_BLOCKS):
        some = starts[first : first + MIXED_BLOCKS].tolist()
        mixed = np.concatenate([np.arange(at, min(at + block, count)) for at in some])
        random.shuffle(mixed)
        order[done : done + len(mixed)] = mixed
        done += len(mixed)
    return order


def share(count: int, rank: int, world_size: int, *, drop_last: bool) -> range:
    """The places of one rank: one contiguous part of the order, of the same length for each rank.

    If the rows cannot be shared equally, places after the end of the order mean those at its start.
    With `drop_last`, the last rows are left out instead. torch's DistributedSampler does the same.
    """
    each = count // world_size if drop_last else -(-count // world_size)
    return range(rank * each, (rank + 1) * each)


def cut(places: range, batch_size: int, *, drop_last: bool) -> Iterator[range]:
    """The places of each batch. The last one may be smaller, unless `drop_last` leaves it out."""
    for start in range(0, len(places), batch_size):
        batch = places[start : start + batch_size]
        if len(batch) == batch_size or not drop_last:
            yield batch


def rows_at(places: range, order: Order) -> Rows:
    """The numbers of the rows at some places of an order."""
    return order[np.arange(places.start, places.stop) % len(order)].astype(np.int64)


def read_in_order(
    read: Callable[[int, int], Array],
    places: range,
    count: int,
    batch_size: int,
    at_once: int,
    *,
    drop_last: bool,
) -> Iterator[Array]:
    """The batches of rows that are not shuffled.

    Parameters
    ----------
    read : callable
        Reads the rows between two numbers.
    places : range
        As `share` gives them.
    count : int
        How many rows there are.
    batch_size : int
    at_once : int
        About how many rows to read at once.
    drop_last : bool
    """
    group = max(at_once // batch_size, 1) * batch_size
    for some in cut(places, group, drop_last=False):
        pieces, start = [], some.start
        while start < some.stop:
            first = start % count
            last = min(first + some.stop - start, count)
            pieces.append(read(first, last))
            start += last - first
        rows = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        for batch in cut(range(len(rows)), batch_size, drop_last=drop_last):
            yield rows if len(batch) == len(rows) else rows[batch.start : batch.stop].copy()


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
