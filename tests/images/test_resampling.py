"""resize and stretch: sizes, and levels that can be said in advance."""

import numpy as np
import pytest

from idxfast.images import resize, stretch


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (51, 73, (28, 20)),
        (51, 49, (27, 28)),
        (500, 1, (1, 28)),
        (1, 500, (28, 1)),
        (7, 14, (28, 14)),
    ],
)
def test_the_longest_edge_becomes_28(width, height, expected):
    assert resize(np.zeros((height, width, 3), np.uint8), 28).shape == (*expected, 3)
    assert stretch(np.zeros((height, width, 3), np.uint8), 28).shape == (28, 28, 3)


@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.parametrize("height, width", [(100, 60), (3, 5), (28, 28), (2000, 30)])
def test_one_colour_stays_the_same(height, width, is_indexed):
    picture = np.full((height, width, 3), (200, 3, 77), np.uint8)
    resized = resize(picture, 28, is_indexed=is_indexed)
    assert resized.dtype == np.float64
    assert np.allclose(resized, (200, 3, 77), rtol=0, atol=1e-10)


def test_the_same_size_is_a_copy():
    picture = np.arange(28 * 28 * 3).reshape(28, 28, 3) % 256
    assert np.array_equal(resize(picture.astype(np.uint8), 28, is_indexed=True), picture)


def test_a_ramp_stays_a_ramp():
    """Away from the borders, both filters keep what rises evenly."""
    ramp = np.broadcast_to(np.linspace(0, 255, 140)[None, :, None], (140, 140, 3))
    for is_indexed in (False, True):
        resized = resize(ramp, 28, is_indexed=is_indexed)
        inside = resized[14, 4:-4, 0]
        expected = (np.arange(28) * 5 + 2)[4:-4] * 255 / 139
        assert np.allclose(inside, expected, rtol=0, atol=0.1)


def test_the_filters_differ():
    """Lanczos leaves the range of the levels near an outline more than Mitchell's does."""
    picture = np.zeros((84, 84, 3), np.uint8)
    picture[:, 42:] = 255
    lanczos, mitchell = resize(picture, 28), resize(picture, 28, is_indexed=True)
    assert lanczos.min() < mitchell.min() < -1
    assert lanczos.max() > mitchell.max() > 256


def test_bytes_and_doubles_give_the_same():
    picture = np.random.default_rng(0).integers(0, 256, (90, 64, 3), np.uint8)
    assert np.array_equal(resize(picture, 28), resize(picture.astype(np.float64), 28))
    assert np.array_equal(resize(picture[::2, ::3], 28), resize(picture[::2, ::3].copy(), 28))


def test_turned_pictures_give_turned_results():
    picture = np.random.default_rng(0).integers(0, 256, (90, 64, 3), np.uint8)
    turned = resize(picture.swapaxes(0, 1), 28).swapaxes(0, 1)
    assert np.allclose(resize(picture, 28), turned, rtol=0, atol=1e-9)


def test_a_large_picture_that_is_not_kept():
    picture = np.full((20, 5000, 3), 9, np.uint8)
    assert np.allclose(resize(picture, 100), 9)


@pytest.mark.parametrize("resized", [resize, stretch])
def test_long_pictures_are_refused(resized):
    """A file of 10 kB can hold one. Its weights alone would take gigabytes."""
    line = np.broadcast_to(np.uint8(0), (1, 10_000_000, 3))
    message = "an edge of 10,000,000 pixels is too long to be resized to 28"
    with pytest.raises(ValueError, match=message):
        resized(line, 28)
    with pytest.raises(ValueError, match=message):
        resized(line.transpose(1, 0, 2), 28)
    assert resized(line[:, :500_000], 28).shape[1] == 28


def test_wide_pictures_are_not_stretched_in_memory():
    line = np.broadcast_to(np.uint8(0), (1, 65_535, 3))
    with pytest.raises(ValueError, match="too wide: 65,535 x 1 pixels"):
        stretch(line, 4096)
    assert resize(line, 4096).shape == (1, 4096, 3)
