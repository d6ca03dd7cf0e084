"""Pixels as lists of int or as int64, and numbers from Python's random for all of them at once."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from ...native.lists import rows
from ...threads.count import choose_threads
from ...threads.ordered_map import Workers
from .files import Array

# How many images a thread converts at a time, and from how many bytes of pixels on several do it.
# 60,000 images took 15 ms on two threads, by 1,024 as by 8,192, and 23 ms in one call of astype.
_ROWS = 4096
_MIN_SIZE = 1 << 20


def widen(pixels: Array) -> Array:
    """A copy as int64: most of the time goes into new memory, which several threads can enter."""
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
    """As many numbers as `random.random` would give, the very same ones, and use them up."""
    # Python and numpy make the same doubles from the same Mersenne Twister.
    version, (*key, position), gauss = random.getstate()
    twister: Any = np.random.RandomState()
    twister.set_state(("MT19937", key, position))
    numbers: Array = twister.random_sample(shape)
    state: Any = twister.get_state()
    random.setstate((version, (*state[1].tolist(), state[2]), gauss))
    return numbers
