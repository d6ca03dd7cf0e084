"""What counts as the items of a file."""

import numpy as np
import pytest

import idxfast
from idxfast.writing import items

FILE = np.dtype(">i2"), (3, 2)


@pytest.mark.parametrize("dtype", ["<i2", ">i2"])
def test_items_and_a_single_one(dtype):
    one = np.arange(6).reshape(3, 2).astype(dtype)
    assert np.shares_memory(items.as_items(one, *FILE), one)
    assert items.as_items(one, *FILE).shape == (1, 3, 2)
    assert np.shares_memory(items.as_items(one[None], *FILE), one)
    assert items.as_items([one, one], *FILE).shape == (2, 3, 2)
    assert items.as_items(one[None][:0], *FILE).shape == (0, 3, 2)


class Subclass(np.ndarray):
    """Whose methods may do anything."""


@pytest.mark.parametrize("data", [np.ma.zeros((1, 3, 2), "i2"), [np.ma.zeros((3, 2), "i2")]])
def test_masks_are_refused(data):
    with pytest.raises(TypeError, match="IDX has no masks"):
        items.as_items(data, *FILE)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy 2 has it")
def test_strings_of_any_length_are_another_type():
    with pytest.raises(TypeError, match="the file holds int16, not StringDType"):
        items.as_items(np.array(["a"], np.dtypes.StringDType()), *FILE)


def test_a_subclass_becomes_an_array():
    data = np.zeros((1, 3, 2), "i2").view(Subclass)
    assert type(items.as_items(data, *FILE)) is np.ndarray


@pytest.mark.parametrize("shape", [(), (2,), (3,), (2, 3), (1, 2, 3), (1, 1, 3, 2), (0,)])
def test_other_shapes(shape):
    with pytest.raises(ValueError, match=r"\(3, 2\), and n items have \(n, 3, 2\)"):
        items.as_items(np.zeros(shape, "i2"), *FILE)


def test_labels():
    labels = np.dtype("u1"), ()
    assert items.as_items(np.uint8(3), *labels).tolist() == [3]
    assert items.as_items(np.array([3, 4], np.uint8), *labels).tolist() == [3, 4]
    with pytest.raises(TypeError, match="int64"):
        items.as_items([3, 4], *labels)
    with pytest.raises(ValueError, match=r"shape \(\), and n items have \(n\)"):
        items.as_items(np.zeros((2, 2), np.uint8), *labels)


def test_how_many_there_may_be():
    items.check_count((1 << 32) - 1, np.dtype("u1"), (3,), "name")
    with pytest.raises(idxfast.SizeError):
        items.check_count(1 << 32, np.dtype("u1"), (3,), "name")


def test_paths():
    assert items.path_of(b"file") == "file"
    with pytest.raises(ValueError, match="URL"):
        items.path_of("s3://bucket/file")
    with pytest.raises(TypeError):
        items.path_of(3)
