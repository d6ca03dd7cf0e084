"""trim: what is cut off, and what is not."""

import numpy as np
import pytest

from idxfast.images import trim


@pytest.fixture
def shape():
    """A grey shape of 3 x 4 pixels in a white picture."""
    picture = np.full((10, 12, 3), 255, np.uint8)
    picture[2:6, 5:8] = 90
    return picture


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_borders_are_cut_off(shape, dtype):
    trimmed = trim(shape.astype(dtype))
    assert trimmed.shape == (4, 3, 3) and trimmed.dtype == dtype
    assert (trimmed == 90).all()


def test_the_result_is_a_view(shape):
    assert trim(shape).base is shape


@pytest.mark.parametrize(
    ("colour", "is_alike"),
    [
        ((255 - 22, 255, 255), True),  # 484
        ((255 - 21, 255 - 6, 255 - 3), True),  # 486
        ((255 - 18, 255 - 12, 255 - 4), True),  # 484
        ((255 - 22, 255 - 2, 255), False),  # 488
        ((255, 255, 255 - 23), False),  # 529
    ],
)
def test_how_much_colours_may_differ(shape, colour, is_alike):
    shape[8, 10] = colour
    assert trim(shape).shape[:2] == ((4, 3) if is_alike else (7, 6))


def test_each_side_is_compared_with_its_corner():
    """A white picture whose right half is black: the bottom and the left are like the corner."""
    picture = np.full((6, 8, 3), 255, np.uint8)
    picture[:, 6:] = 0
    picture[2, 3] = 100
    # Left of column 3, all is white; right of it, the last column unlike black is column 5. Row 0
    # has black pixels, unlike the white corners, and so has row 5.
    assert np.array_equal(trim(picture), picture[:, 3:6])


def test_edges_that_pass_each_other_cut_nothing_off():
    picture = np.full((6, 8, 3), 255, np.uint8)
    picture[:, 4:] = 0
    assert np.array_equal(trim(picture), picture)
    assert np.array_equal(trim(picture.swapaxes(0, 1)), picture.swapaxes(0, 1))


def test_a_blank_picture_has_nothing_left():
    assert trim(np.full((5, 4, 3), 7, np.uint8)).shape == (0, 0, 3)


def test_one_pixel_apart():
    picture = np.zeros((5, 4, 3), np.uint8)
    picture[4, 3] = 255
    # It is the bottom-right corner, which no side is compared with.
    assert trim(picture).shape == (1, 1, 3)


def test_parts_of_arrays(shape):
    wide = np.repeat(shape, 2, axis=1)
    assert np.array_equal(trim(wide[:, ::2]), trim(shape))
