"""Pixels as lists of int or as int64, and random numbers for many pixels at once."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from ...native.buffers import rows
from ...threads.count import choose_threads
from ...threads.ordered_map import Workers
from .._shared.files import Array

# How many images a thread converts at a time, and the least bytes of pixels for which several
# threads are used. Converting 60,000 images took 15 ms on two threads, whether in batches of 1,024
# or of 8,192, and 23 ms in one call of astype.
_ROWS = 4096
_MIN_SIZE = 1 << 20


def widen(pixels: Array) -> Array:
    """A copy as int64. Most of its time goes into new memory, so several threads help."""
    wide = np.empty(pixels.shape, np.int64)

    def copy(start: int) -> None:
        piece = slice(start, start + _ROWS)
        wide[piece] = pixels[piece]

    with Workers(choose_threads(None) if pixels.nbytes >= _MIN_SIZE else 1) as workers:
        for _ in workers.map(copy, range(0, len(pixels), _ROWS)):
            pass
    return wide


def to_lists(pixels: Array) -> Any:
    """Pixels as lists of int."""
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        return pixels.tolist()
    return rows(np.ascontiguousarray(pixels), len(pixels))


def draw(shape: tuple[int, ...]) -> Array:
    """An array of the numbers that `random.random` would give next; its state moves past them."""
    # Python and numpy make the same doubles from the same state of the Mersenne Twister.
    version, (*key, position), gauss = random.getstate()
    twister: Any = np.random.RandomState()
    twister.set_state(("MT19937", key, position))
    numbers: Array = twister.random_sample(shape)
    state: Any = twister.get_state()
    random.setstate((version, (*state[1].tolist(), state[2]), gauss))
    return numbers
