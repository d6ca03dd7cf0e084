"""Which type of IDX the message names for an array of another type, compared with Python's ints."""

import re

import numpy as np
import pytest

import idxfast

LOWEST, HIGHEST = -(2**63), 2**63 - 1
LABELS = "readers of MNIST's labels expect"


def refusal(array):
    with pytest.raises(TypeError) as caught:
        idxfast.dumps(array)
    return str(caught.value)


SMALLEST = [
    ([0, 9], "uint8"),
    ([255], "uint8"),
    ([256], "int16"),
    ([32_767, 0], "int16"),
    ([32_768], "int32"),
    ([-1, 127], "int8"),
    ([-128], "int8"),
    ([-1, 128], "int16"),
    ([-129], "int16"),
    ([-32_769], "int32"),
    ([2**31 - 1], "int32"),
    ([-(2**31)], "int32"),
    ([2**31], "float32"),
    ([2**31, 2**31 + 1], "float64"),
    ([2**53], "float32"),
    ([2**53 - 1], "float64"),
    ([2**53 + 1], None),
    ([HIGHEST], None),
    ([LOWEST], "float32"),
    ([2**63], "float32"),
    ([2**64 - 1], None),
    ([2**64 - 2048], "float64"),
]


@pytest.mark.parametrize(
    ("values", "name", "dtype"),
    [
        (values, name, dtype)
        for dtype in ("i8", "u8", "u2", "u4", ">i8")
        for values, name in SMALLEST
        if np.iinfo(dtype).min <= min(values) <= max(values) <= np.iinfo(dtype).max
    ],
)
def test_the_smallest_that_holds_the_values(values, name, dtype):
    array = np.array(values, dtype)
    message = refusal(array)
    assert message.startswith(f"IDX has no type for {array.dtype.name}; ")
    assert f"{min(values):,} to {max(values):,}" in message
    assert (LABELS in message) == (name == "uint8")
    called = re.search(r"idxfast\.save\(path, (array\.astype\('(\w+)'\))\)$", message)
    if name is None:
        assert "none of its types holds" in message
        assert called is None
    else:
        assert called[2] == name
        assert [int(value) for value in eval(called[1])] == values


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (np.array([True, False]), "uint8"),
        (np.array([0.5, np.nan, np.inf, 1e-7], "f2"), "float32"),
        (np.array([1.5, 0], "g"), "float32"),
        (np.array([0.1], "g"), "float64"),
        (np.array([1e300, np.inf, np.nan], "g"), "float64"),
        (np.zeros((0, 3), "i8"), "uint8"),
    ],
)
def test_other_kinds(array, name):
    call = re.search(r"array\.astype\('(\w+)'\)", refusal(array))
    assert call[1] == name
    assert np.array_equal(eval(call[0]), array, equal_nan=name != "uint8")


def test_truth_values_are_numbers():
    assert "uint8 holds the values, as 0 and 1" in refusal(np.array([True, False]))


@pytest.mark.skipif(np.finfo("g").nmant <= 52, reason="long double is double here")
def test_long_doubles_that_no_type_holds():
    assert "does not hold the values exactly" in refusal(np.array([1, 3], "g") / 3)


@pytest.mark.parametrize("dtype", ["c8", "O", "U1", "M8[s]"])
def test_what_has_no_counterpart(dtype):
    assert refusal(np.zeros(2, dtype)).endswith(
        "it has uint8, int8, int16, int32, float32, float64"
    )


def test_every_layout_is_looked_at_to_its_end():
    array = np.zeros((3, 1 << 20), "i8")
    array[-1, -1] = 256
    for view in (array, array.T, array[:, ::-1], np.asfortranarray(array)):
        assert "int16 holds" in refusal(view)
    assert "uint8 holds" in refusal(array[:-1])
    assert "uint8 holds" in refusal(np.array(3, "i8"))
