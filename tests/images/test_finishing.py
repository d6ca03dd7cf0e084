"""extend, negate, grey, and rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idxfast.images import extend, grey, negate
from idxfast.images.finishing import rounded


@pytest.mark.parametrize(
    ("height", "width", "top", "left"),
    [(28, 20, 0, 4), (27, 28, 1, 0), (1, 1, 14, 14), (5, 4, 12, 12), (28, 28, 0, 0)],
)
def test_the_picture_is_in_the_middle(height, width, top, left):
    extended = extend(np.zeros((height, width, 3)), 28)
    assert extended.shape == (28, 28, 3)
    rows, columns = np.nonzero(extended[..., 0] == 0)
    assert (rows.min(), rows.max()) == (top, top + height - 1)
    assert (columns.min(), columns.max()) == (left, left + width - 1)
    assert (extended[extended != 0] == 255).all()


def test_a_picture_larger_than_its_ground():
    with pytest.raises(ValueError, match="a picture of 9 x 30 pixels, for a ground of 28 x 28"):
        extend(np.zeros((30, 9, 3)), 28)


def test_negate():
    assert negate(np.array([[[0.0, 255.0, 100.25]]])).tolist() == [[[255.0, 0.0, 154.75]]]


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40))
def test_grey_is_rounded_down(pixels):
    expected = [(19595 * r + 38470 * g + 7471 * b) >> 16 for r, g, b in pixels]
    assert grey(np.array([pixels], np.uint8)).tolist() == [expected]


def test_a_grey_pixel_stays_the_same():
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(grey(np.repeat(levels[None, :, None], 3, 2))[0], levels)


def test_halves_are_rounded_up_and_the_range_is_kept():
    levels = [-1e300, -0.6, 0.49, 0.5, 1.5, 127.499, 254.5, 255.4, 256.0, 1e300, np.nan, np.inf]
    expected = [0, 0, 0, 1, 2, 127, 255, 255, 255, 255, 0, 255]
    assert rounded(np.array(levels).reshape(1, 4, 3)).ravel().tolist() == expected
