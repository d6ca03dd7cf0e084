"""Arrays of any type and layout as pictures."""

import numpy as np
import pytest

from idxfast.images.display import shrink, to_grey, to_pixels


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 5, 4), (2, 5, 4)),
        ((2, 9), (2, 3, 3)),
        ((2, 10), (2, 1, 10)),
        ((2, 5, 4, 3), (2, 5, 4, 3)),
        ((2, 5, 4, 1), (2, 5, 4)),
        ((2, 3, 5, 4), (2, 5, 4, 3)),
        ((2, 1, 5, 4), (2, 5, 4)),
        ((0, 9), (0, 3, 3)),
    ],
)
def test_layouts(shape, expected):
    array = np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)
    pixels = to_pixels(array)
    assert pixels.shape == expected
    assert pixels.dtype == np.uint8
    if shape == (2, 3, 5, 4):
        np.testing.assert_array_equal(pixels[1, 2, 3], array[1, :, 2, 3])
    else:
        np.testing.assert_array_equal(pixels.reshape(-1), array.reshape(-1))


@pytest.mark.parametrize("shape", [(5,), (2, 5, 4, 2), (2, 3, 4, 5, 6), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="holds no images"):
        to_pixels(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 7, 255], np.int32), [0, 7, 255]),
        (np.array([0.0, 7.0, 255.0], np.float32), [0, 7, 255]),
        (np.array([-1, 0, 1], np.int8), [0, 128, 255]),
        (np.array([0, 1000, 500], np.int16), [0, 255, 128]),
        (np.array([0.0, 0.25, 1.0]), [0, 64, 255]),
        (np.array([0.5, 0.5, 0.5]), [0, 0, 0]),
        (np.array([np.nan, -np.inf, np.inf]), [0, 0, 0]),
        (np.array([np.nan, 0.5, 1.5]), [0, 0, 255]),
        (np.array([-1.7e308, 1.7e308, 0.0]), [0, 255, 128]),
    ],
)
def test_other_types_are_scaled(values, expected):
    assert to_pixels(values.reshape(1, 1, 3)).ravel().tolist() == expected


def test_shrink_takes_means_of_squares():
    image = np.array([[[0, 10, 40], [20, 30, 60]]], np.uint8)
    assert shrink(image, 3) is image
    assert shrink(image, 2).tolist() == [[[15, 50]]]
    colour = np.stack([image, 2 * image, 0 * image], axis=3)
    assert shrink(colour, 2).tolist() == [[[[15, 30, 0], [50, 100, 0]]]]


def test_to_grey():
    colours = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]]]], np.uint8)
    assert to_grey(colours).tolist() == [[[76, 150, 29, 7]]]
    grey = np.zeros((1, 2, 2), np.uint8)
    assert to_grey(grey) is grey
