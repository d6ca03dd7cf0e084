"""Why the size of a file does not fit its header."""

import numpy as np
import pytest

from idxfast import Header, TrailingDataError, TruncatedError
from idxfast.diagnosis.size import trailing, truncated


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
    header = Header(np.dtype("u1"), shape)
    for error in (
        truncated("name", header, nbytes),
        trailing("name", header, header.offset + nbytes),
    ):
        assert ("byte-swapped" in error.reason) == hint
        assert not hint or "(2, 3)" in error.reason


def test_too_short():
    error = truncated("name", Header(np.dtype(">i2"), (3,)), 5)
    assert type(error) is TruncatedError
    assert error.reason.startswith("the payload ends at byte 5 of 6; ")
    assert (error.part, error.offset, error.expected, error.found) == ("payload", 13, 14, 13)


@pytest.mark.parametrize(
    ("size", "expected", "found"), [(20, 14, 20), (None, "the end of the file", "more")]
)
def test_too_long(size, expected, found):
    error = trailing("name", Header(np.dtype(">i2"), (3,)), size)
    assert type(error) is TrailingDataError
    assert (error.part, error.offset, error.expected, error.found) == ("end", 14, expected, found)
