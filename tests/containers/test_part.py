"""containers/part: which rows of a file are wanted, and where they are."""

import numpy as np
import pytest

from idxfast.containers.part import find_part
from idxfast.format import Header

HEADER = Header(np.dtype(">i2"), (5, 3))


@pytest.mark.parametrize("start", [None, 0, 2, 5])
@pytest.mark.parametrize("stop", [None, 0, 2, 5])
def test_rows_that_exist(start, stop):
    first, last = start or 0, 5 if stop is None else stop
    if first > last:
        pytest.skip("no such rows")
    part = find_part(HEADER, start, stop)
    assert part.header == (np.dtype(">i2"), (last - first, 3))
    assert (part.row, part.offset, part.end) == (first, 12 + 6 * first, 12 + 6 * last)
    assert part.is_last == (last == 5)


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (0, 6), (3, 2), (6, 6), (None, -1)])
def test_rows_that_do_not_exist(start, stop):
    with pytest.raises(IndexError, match="are not all among the file's 5 rows"):
        find_part(HEADER, start, stop)


@pytest.mark.parametrize("options", [(0, None), (None, 1), (0, 0)])
def test_a_scalar_has_no_rows(options):
    scalar = Header(np.dtype("u1"), ())
    assert find_part(scalar).is_last
    with pytest.raises(IndexError, match="scalar"):
        find_part(scalar, *options)
