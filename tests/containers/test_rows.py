"""containers/rows: whole rows, however a payload is cut."""

import random

import numpy as np
import pytest

from idxfast.containers.rows import RowAssembler

DATA = np.random.default_rng(1).integers(0, 256, 21 * 40, np.uint8)


@pytest.mark.parametrize("most", [1, 5, 21, 22, 100, 2000])
@pytest.mark.parametrize("first", [0, 13])
def test_rows_come_whole_and_in_order(first, most):
    dice, found = random.Random(most), []

    def use(number, rows):
        assert rows.shape == (len(rows), 21) and len(rows)
        found.append((number, rows.copy()))

    assemble = RowAssembler(21, use)
    at = first * 21
    while at < len(DATA):
        piece = DATA[at : at + dice.randint(1, most)].copy()
        assemble(at, piece)
        at += len(piece)
        piece[:] = 0  # the caller may overwrite it
    number = first
    for start, rows in found:
        assert start == number
        number += len(rows)
    assert number == 40
    assert np.concatenate([rows for _, rows in found]).tobytes() == DATA[first * 21 :].tobytes()
