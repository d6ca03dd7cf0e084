"""Whole rows, made of the pieces in which a payload arrives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..typing import Memory


class RowAssembler:
    """Hands over the rows that pieces of a payload hold.

    Call it with each piece, in order, and with the byte of the payload where the piece starts. The
    first piece starts where a row does.

    Parameters
    ----------
    size : int
        Bytes of a row, at least 1.
    use : callable
        Called with the number of a row, and an array of the bytes of that row and of others after
        it, of shape (rows, size). The array is overwritten later.
    """

    def __init__(self, size: int, use: Callable[[int, Memory], object]) -> None:
        self._size = size
        self._use = use
        self._row: Memory = np.empty(size, np.uint8)  # begun by one piece, continued by the next

    def __call__(self, at: int, piece: Memory) -> None:
        size = self._size
        number, begun = divmod(at, size)
        if begun:
            rest, piece = piece[: size - begun], piece[size - begun :]
            self._row[begun : begun + len(rest)] = rest
            if begun + len(rest) < size:
                return
            self._use(number, self._row.reshape(1, size))
            number += 1
        whole = len(piece) - len(piece) % size
        if whole:
            self._use(number, piece[:whole].reshape(-1, size))
        self._row[: len(piece) - whole] = piece[whole:]
