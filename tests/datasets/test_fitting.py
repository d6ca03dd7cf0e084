"""Whether arrays can be images and their labels."""

import numpy as np
import pytest

from idxfast import FormatError, Header, IdxError
from idxfast.datasets.fitting import check_fit, fits, header_of, shown


@pytest.mark.parametrize(
    ("shape", "images", "labels"),
    [
        ((), False, False),
        ((5,), False, True),
        ((5, 8), True, True),
        ((5, 4, 3), True, False),
        ((5, 4, 3, 2), True, False),
        ((0,), False, True),
        ((0, 28, 28), True, False),
    ],
)
def test_dimensions(shape, images, labels):
    assert fits(shape, "images") is images
    assert fits(shape, "labels") is labels
    assert not fits(shape, None)


def header(*shape):
    return Header(np.dtype("u1"), shape)


def test_pairs_that_fit():
    check_fit(header(5, 4, 3), header(5), "images", "labels")
    check_fit(header(5, 12), header(5, 10), "images", "labels")
    check_fit(header(0, 4, 3), header(0), "images", "labels")


@pytest.mark.parametrize(
    ("images", "labels", "filename", "expected", "found"),
    [
        ((5, 4, 3), (4,), "labels", 5, 4),
        ((5, 4, 3), (), "labels", 5, "no row"),
        ((), (5,), "labels", "no row", 5),
        ((), (), "labels", "no row", "no row"),
        ((5,), (5, 4, 3), "images", "2 or more dimensions", "5 uint8"),
        ((5,), (5,), "images", "2 or more dimensions", "5 uint8"),
        ((5, 4, 3), (5, 4, 3), "labels", "1 or 2 dimensions", "5 x 4 x 3 uint8"),
    ],
)
def test_pairs_that_do_not_fit(images, labels, filename, expected, found):
    with pytest.raises(IdxError) as caught:
        check_fit(header(*images), header(*labels), "images", "labels")
    error = caught.value
    assert (error.filename, error.part) == (filename, "dimensions")
    assert (error.expected, error.found) == (expected, found)
    assert isinstance(error, FormatError) == isinstance(found, str) or found == "no row"


def test_headers_in_words():
    assert shown(header_of(np.zeros((60_000, 2), np.int16))) == "60,000 x 2 int16"
    assert shown(header()) == "one element uint8"
