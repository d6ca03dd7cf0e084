"""Why the size of a file does not fit its header."""

import numpy as np
import pytest

from idxfast import Header, TrailingDataError, TruncatedError
from idxfast.diagnosis.size import trailing, truncated


def test_before_the_payload():
    error = truncated("name", Header(np.dtype(">i2"), (3,)), -5)
    assert error.reason.startswith("the data end at byte 3, before the payload; ")
    assert (error.part, error.offset, error.expected, error.found) == ("payload", 3, 14, 3)


def test_a_whole_container_is_not_called_truncated():
    error = truncated("name", Header(np.dtype(">i2"), (3,)), 5, "xz")
    assert error.reason == "the payload ends at byte 5 of 6, and the xz container ends there, too"


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
