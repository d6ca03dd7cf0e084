"""Which types the elements of a payload may have; the samples are made by numpy."""

import numpy as np
import pytest

from idxfast.diagnosis import elements
from idxfast.diagnosis.elements import plausible_types

BYTE = np.dtype("u1")
DICE = np.random.default_rng(7)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("i2", DICE.integers(0, 10, 500)),
        ("i4", DICE.integers(-5, 5, 500)),
        ("i8", DICE.integers(0, 60_000, 500)),
        ("f4", DICE.random(500)),
        ("f4", DICE.normal(0, 100, 500)),
        ("f8", DICE.normal(size=500)),
        ("f4", [0, 1, 0, 255]),
        ("u2", np.repeat(DICE.integers(30_000, 60_000, 50), 10) + np.arange(500)),
    ],
)
def test_one_type_is_found(kind, values, order):
    dtype = np.dtype(order + kind)
    sample = np.asarray(values).astype(dtype).tobytes()
    assert plausible_types(sample, dtype.itemsize, BYTE) == [dtype]
    # As when the sample ends inside an element.
    assert plausible_types(sample[:-1], dtype.itemsize, BYTE) == [dtype]


@pytest.mark.parametrize("code", ["i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_order_of_the_declared_type(code, order):
    dtype = np.dtype(order + code)
    sample = DICE.integers(0, 200, 500).astype(dtype).tobytes()
    for declared in (dtype, dtype.newbyteorder()):
        assert plausible_types(sample, dtype.itemsize, declared) == [dtype]


def test_zeros_decide_nothing():
    assert plausible_types(bytes(64), 4, BYTE) == [np.dtype("<i4"), np.dtype(">i4")]
    assert plausible_types(b"", 8, BYTE) == [np.dtype("<i8"), np.dtype(">i8")]
    declared = np.dtype(">f4")
    assert plausible_types(bytes(64), 4, declared) == [declared, np.dtype("<f4")]


@pytest.mark.parametrize("width", [4, 8])
def test_noise_is_of_no_type(width):
    sample = DICE.bytes(4_000)
    assert plausible_types(sample, width, BYTE) == []
    declared = np.dtype(f">i{width}")
    assert plausible_types(sample, width, declared) == [declared, declared.newbyteorder("<")]


def test_single_bytes_need_no_judgement():
    assert plausible_types(b"abc", 1, np.dtype("i1")) == [np.dtype("i1")]
    assert plausible_types(b"abc", 1, np.dtype(">i4")) == [BYTE]


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_limits_of_floating_point(order):
    dtype = np.dtype(f"{order}f8")
    values = np.array([elements.SMALLEST, -elements.LARGEST, 0.3])
    assert plausible_types(values.astype(dtype).tobytes(), 8, BYTE) == [dtype]
    for outside in (elements.SMALLEST / 2, elements.LARGEST * 2):
        sample = np.array([0.3, outside]).astype(dtype).tobytes()
        assert dtype not in plausible_types(sample, 8, BYTE)


@pytest.mark.parametrize(("high", "is_found"), [([0x80], True), ([0x80, 0x90], False)])
def test_neighbours_have_equal_high_bytes(high, is_found):
    sample = b"".join(bytes([high[i % len(high)], 1 + i]) for i in range(4))
    assert plausible_types(sample, 2, BYTE) == [np.dtype(">u2")] * is_found


def test_wider_unsigned_numbers_are_not_looked_for():
    sample = (0xABCD0000 + np.arange(500)).astype(">u4").tobytes()
    assert plausible_types(sample, 4, BYTE) == []
