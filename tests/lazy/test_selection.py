"""lazy/selection: an index, applied to the rows that it needs, gives what numpy gives."""

import operator

import numpy as np
import pytest
from hypothesis import given

from files.indexes import arrays_and_indexes
from idxfast.lazy.selection import as_row_numbers, select

ARRAY = np.arange(5 * 4 * 3).reshape(5, 4, 3)


def apply(key, array):
    """The result of an index by way of the rows that it needs."""
    rows, index, *_ = select(key, array.shape)
    return array[np.asarray(rows, np.intp)][index]


def same(key, array=ARRAY):
    expected, found = array[key], apply(key, array)
    assert type(found) is type(expected)
    assert found.shape == expected.shape
    assert (found == expected).all()


@pytest.mark.parametrize(
    "key",
    [
        0, -1, np.int8(3), np.array(2), slice(None), slice(4, 1, -1), slice(1, 99, 2), slice(3, 3),
        ..., None, (), (None,), (..., None), (None, 2), (None, ..., 1), (0, 1, 2), (0, 1, 2, ...),
        ([0, 0, -1],), [], [4, 1, 1], [[0, 1], [2, 3]], (slice(None), 1), (slice(None), [1, 2]),
        ([1, 2], [3, 0]), ([1, 2], slice(None), [2, 0]), ([[1], [2]], [3, 0]), (1, [0, 1]),
        ([True, False, True, False, True],), ARRAY > 30, ARRAY[..., 0] > 30, (ARRAY[:, :, 0] > 9, 1),
        (True,), (False,), (True, 1), (None, [1, 2], None), (slice(None), ARRAY[0] > 3),
        (..., [[0, 1], [2, 0]], 1), (..., 2), (2, ...), (1, 2, ..., 0), (np.array([], bool).reshape(0) if False else [], 1),
        (slice(-1, None, -2), ..., slice(None, None, -1)), (np.uint64(1), None, slice(2)),
    ],
    ids=repr,
)  # fmt: skip
def test_an_index(key):
    same(key)


@pytest.mark.parametrize(
    "key", [5, -6, (0, 4), [5], [-6], (0, 0, 0, 0), 1.0, "x", [0.5], ([0, 1], [0, 1, 2]), {}, object(),
            [True, False], np.ones((5, 5), bool), (..., ...), slice(None, None, 0), slice("a")],
)  # fmt: skip
def test_an_index_that_numpy_refuses(key):
    with pytest.raises(Exception) as expected:
        ARRAY[key]
    with pytest.raises(type(expected.value)) as found:
        select(key, ARRAY.shape)
    assert str(found.value) == str(expected.value)


@given(arrays_and_indexes())
def test_any_index(drawn):
    array, key = drawn
    same(key, array)


def test_only_the_rows_that_are_needed():
    assert select(3, (9,)).rows == range(3, 4)
    assert select(slice(8, 2, -3), (9, 2)).rows == range(8, 2, -3)
    assert select([7, -1, 7, 0], (9,)).rows.tolist() == [0, 7, 8]
    assert select((None, ..., 1), (9, 2)) == (range(9), (None, ..., 1), 1, (1, 9))
    assert select((..., 3, 1), (9, 2)).rows == range(3, 4)
    assert select(np.arange(9) % 4 == 0, (9,)).rows.tolist() == [0, 4, 8]


def test_a_shape_of_any_size_takes_no_memory():
    shape = (1 << 31, 1 << 20, 1 << 10)
    assert select((slice(None), 5, 6), shape).rows == range(1 << 31)
    assert select([-1, 0], shape).rows.tolist() == [0, (1 << 31) - 1]


class Changing(np.ndarray):
    """An index of 1s that somebody sets to a large number once it has been looked at."""

    def __array_finalize__(self, parent):
        if type(parent) is Changing:
            parent.view(np.ndarray)[...] = 1 << 40


@pytest.mark.parametrize("shape", [3, (2, 2)])
def test_an_index_that_changes_meanwhile(shape):
    """What was checked is used: a copy, made before anything else looks at the numbers."""
    key = np.ones(shape, np.int64).view(Changing)
    rows, index, *_ = select(key, ARRAY.shape)
    assert list(rows) == [1]
    assert (ARRAY[np.asarray(rows)][index] == ARRAY[1]).all()


def test_an_index_of_the_callers_is_not_used():
    key = np.array([[2, 1], [0, 2]])
    rows, index, *_ = select((slice(1, 3), key), ARRAY.shape)
    key[...] = 99
    assert (ARRAY[np.asarray(rows)][index] == ARRAY[1:3, [[2, 1], [0, 2]]]).all()
    numbers = [0, 2]
    mask = ARRAY[..., 0] > 30
    expected = ARRAY[mask]
    rows, index, *_ = select(mask, ARRAY.shape)
    mask[...] = True
    assert (ARRAY[np.asarray(rows)][index] == expected).all()
    rows, index, *_ = select((1, numbers), ARRAY.shape)
    numbers[0] = 99
    assert (ARRAY[np.asarray(rows, np.intp)][index] == ARRAY[1, [0, 2]]).all()


@pytest.mark.parametrize("kind", [list, np.array])
def test_row_numbers_are_a_copy(kind):
    key = kind([3, -1, 0])
    rows = as_row_numbers(key, 5)
    key[0] = 99
    assert rows.tolist() == [3, 4, 0]
    for wrong in ([3, 5], [-6], [0.5], [], [[1]], [True], [[1], [1, 2]]):
        assert as_row_numbers(wrong, 5) is None


class Old:
    """As torch's tensors: `__array__` knows no copy, and one element is a number, too."""

    def __init__(self, values):
        self._values = np.array(values)

    def __array__(self, dtype=None):
        return self._values if dtype is None else self._values.astype(dtype)

    def __index__(self):
        if self._values.size != 1 or self._values.dtype == bool:
            raise TypeError("only one integer is a number")
        return operator.index(self._values.item())


@pytest.mark.parametrize("values", [[2, 0], [2], 2, [[1], [3]], [True, False, True, False, True]])
@pytest.mark.filterwarnings("error")
def test_what_only_can_become_an_array(values):
    same(Old(values))
    same((slice(None), Old([1, 3])))
    same((Old(values), None, 1))


class Number(tuple):
    __slots__ = ()

    def __index__(self):
        return 3


@pytest.mark.parametrize("key", [(Number((0, 1)),), (np.array(True),), (np.array(False), 1)])
def test_numpy_prefers_a_number(key):
    same(key)
