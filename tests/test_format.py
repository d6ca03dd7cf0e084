"""The header as a value: sizes, positions, bytes."""

import struct

import numpy as np
import pytest

import idxfast
from idxfast import format as idx_format

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def test_sizes_are_exact():
    largest = 2**32 - 1
    header = idxfast.Header(np.dtype(">f8"), (largest,) * 4)
    assert header.nbytes == 8 * largest**4
    assert header.offset == 20
    assert idxfast.Header(np.dtype("u1"), ()).nbytes == 1
    assert idxfast.Header(np.dtype(">i4"), (largest, 0, largest)).nbytes == 0


@pytest.mark.parametrize(("code", "dtype"), DTYPES.items())
@pytest.mark.parametrize("shape", [(), (0,), (2**32 - 1,), (1, 2, 3)], ids=str)
def test_pack_and_parse(code, dtype, shape):
    header = idxfast.Header(np.dtype(dtype), shape)
    data = bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    assert idx_format.pack(header) == data
    assert idx_format.parse(data + b"payload", "name") == header


def test_a_dimension_has_32_bits():
    with pytest.raises(idxfast.SizeError, match="32 bits") as caught:
        idx_format.pack(idxfast.Header(np.dtype("u1"), (3, 2**32, 0)))
    assert caught.value.found == 2**32


@pytest.mark.parametrize(
    ("shape", "nbytes", "hint"),
    [
        ((2 << 24, 3 << 24), 6, True),
        ((2 << 24, 3 << 24), 7, False),
        # The same forwards and backwards, and a product that is 6 modulo 2^64.
        ((0x01000001,), 0x01000001, False),
        ((2 << 24, 3 << 24), 6 + 2**64, False),
    ],
)
def test_hint_of_swapped_dimensions(shape, nbytes, hint):
    found = idx_format.swapped_hint(idxfast.Header(np.dtype("u1"), shape), nbytes)
    assert ("byte-swapped" in found) == hint
    assert not hint or "(2, 3)" in found
