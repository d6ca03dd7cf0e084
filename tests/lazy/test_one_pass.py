"""lazy/one_pass: rows of one pass, in native byte order, whatever the pieces."""

from types import SimpleNamespace

import numpy as np
import pytest

from idxfast.format import Header
from idxfast.lazy.one_pass import pass_over


@pytest.mark.parametrize("dtype", ["u1", ">i2", ">f8"])
@pytest.mark.parametrize("size", [1, 7, 48, 1000])
@pytest.mark.parametrize(
    "rows",
    [
        range(40),
        range(3, 4),
        range(5, 30, 3),
        range(39, -1, -1),
        range(30, 5, -4),
        range(2, 40, 37),
    ],
    ids=str,
)
def test_rows_of_one_pass(dtype, size, rows):
    array = np.random.default_rng(1).integers(0, 100, (40, 2, 3)).astype(dtype)
    data = np.frombuffer(array.tobytes(), np.uint8)

    def hand_over(start, stop, consume):
        assert (start, stop) == tuple(n * array[0].nbytes for n in (min(rows), max(rows) + 1))
        for at in range(start, stop, size):
            piece = data[at : min(at + size, stop)]  # which may not be written to
            consume(at, piece)

    found = np.full((len(rows), 2, 3), 255, array.dtype.newbyteorder("="))
    filled = []

    def use(places, some):
        assert some.dtype.isnative
        found[places] = some
        filled.extend(range(len(rows))[places])

    header = Header(array.dtype, array.shape)
    pass_over(SimpleNamespace(hand_over=hand_over), header, rows, use)
    assert (found == array[list(rows)]).all()
    assert sorted(filled) == list(range(len(rows)))
