"""lazy/indexing: what is read for an index, and in which way; test_idx_file.py compares with numpy."""

import numpy as np
import pytest

from idxfast.format import Header
from idxfast.lazy.indexing import take

ARRAY = np.arange(5 * 4 * 3, dtype=np.int16).reshape(5, 4, 3)


class Reads:
    """What `take` asks of an open file, and how; `step` rows are read at a time."""

    def __init__(self, array, step=100, is_mapped=False):
        self.array = array
        self.header = Header(array.dtype, array.shape)
        self.dtype, self.row_shape = array.dtype, array.shape[1:]
        self.step = step
        self.is_mapped = is_mapped
        self.calls = []

    def whole(self):
        return self.array if self.is_mapped else None

    def read_all(self):
        self.calls.append("all")
        return self.array.copy()

    def read_into(self, row, number):
        assert number >= 0
        self.calls.append("row")
        row[...] = self.array[number]

    def take_rows(self, rows):
        assert np.ndim(rows) == 1
        self.calls.append("rows")
        return self.array[np.asarray(rows, np.int64)]

    def hand_over(self, rows, use):
        self.calls.append("pieces")
        for start in range(0, len(rows), self.step):
            some = rows[start : start + self.step]
            use(slice(start, start + len(some)), self.array[np.asarray(some)])


WAYS = [
    (0, 100, "row"),
    (-1, 100, "row"),
    (-5, 100, "row"),
    (4, 100, "row"),
    (np.int8(2), 100, "rows"),
    ((2,), 100, "rows"),
    ([0, -1], 100, "rows"),
    ([[0, 1], [4, -1]], 100, "rows"),
    ([True, False, True, False, True], 100, "rows"),
    (slice(None), 2, "rows"),
    (slice(4, None, -1), 2, "rows"),
    ((slice(None), 1), 5, "rows"),
    ((slice(None), 1), 4, "pieces"),
    ((slice(None), slice(None), 1), 2, "pieces"),
    ((None, slice(1, None), 1), 3, "pieces"),
    ((slice(None), [0, 1]), 2, "rows"),
]


@pytest.mark.parametrize(("key", "step", "way"), WAYS, ids=str)
def test_in_which_way_rows_are_read(key, step, way):
    opened = Reads(ARRAY, step)
    found = take(opened, key)
    assert found.shape == ARRAY[key].shape
    assert (found == ARRAY[key]).all()
    assert found.flags.owndata or found.base.flags.owndata
    assert opened.calls == [way]


@pytest.mark.parametrize("key", [5, -6, (5,), (0, 4), [5], [-6]], ids=str)
def test_no_row_that_does_not_exist_is_read(key):
    opened = Reads(ARRAY)
    with pytest.raises(IndexError):
        take(opened, key)
    assert opened.calls == []


@pytest.mark.parametrize(
    "key", [slice(2, 2), [], np.array([], int), (slice(None), slice(0)), (slice(3, 1), 1)], ids=str
)
def test_nothing_is_read_for_nothing(key):
    opened = Reads(ARRAY)
    assert take(opened, key).shape == ARRAY[key].shape
    assert opened.calls == []


def test_an_element_is_a_scalar():
    opened = Reads(ARRAY[:, 0, 0])
    for key in (3, -2):
        found = take(opened, key)
        assert type(found) is np.int16
        assert found == ARRAY[key, 0, 0]
    assert type(take(Reads(ARRAY), 3)) is np.ndarray


@pytest.mark.parametrize("key", [(), ..., None, (None, ...)], ids=str)
def test_an_array_without_dimensions_is_read_whole(key):
    opened = Reads(ARRAY[1, 2, 0])
    found, expected = take(opened, key), ARRAY[1, 2, 0][key]
    assert np.shape(found) == np.shape(expected)
    assert (found == expected).all()
    assert opened.calls == ["all"]


@pytest.mark.parametrize("key", [1, slice(2), [0, 1], (1, 2, 0), ()], ids=str)
def test_what_is_in_memory_is_copied(key):
    opened = Reads(ARRAY, is_mapped=True)
    found = take(opened, key)
    assert (found == ARRAY[key]).all()
    assert not np.may_share_memory(found, ARRAY)
    assert opened.calls == []
