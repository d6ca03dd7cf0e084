"""The drawn digits: always the same bytes, and close enough to MNIST to stand in for it."""

import gzip
import hashlib

import numpy as np
import pytest

from idxfast.datasets.synthetic import digits


def test_bytes_never_change() -> None:
    images, labels = digits(100)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert labels[:10].tolist() == [1, 3, 4, 1, 4, 3, 1, 0, 4, 8]
    assert digest == "a98dc63716af29e3b54a572e27dda66e32ada023bcbe3de08bae3d9b98456126"


def test_shapes_and_types() -> None:
    images, labels = digits(3)
    assert images.shape == (3, 28, 28)
    assert labels.shape == (3,)
    assert images.dtype == labels.dtype == np.uint8


# 2,048 images are drawn at once: one count within the first batch, one at its end, one beyond.
@pytest.mark.parametrize("count", [10, 2048, 2500])
def test_fewer_are_the_beginning_of_more(count: int) -> None:
    images, labels = digits(3000, seed=5)
    fewer_images, fewer_labels = digits(count, seed=5)
    np.testing.assert_array_equal(fewer_images, images[:count])
    np.testing.assert_array_equal(fewer_labels, labels[:count])


def test_another_seed_gives_other_digits() -> None:
    images, labels = digits(20, seed=1)
    other_images, other_labels = digits(20, seed=2)
    assert not np.array_equal(images, other_images)
    assert not np.array_equal(labels, other_labels)


def test_no_two_images_are_equal() -> None:
    images, _ = digits(5000)
    assert len({image.tobytes() for image in images}) == 5000


def test_labels_are_uniform() -> None:
    _, labels = digits(10_000)
    # Four standard deviations of a binomial distribution are 120.
    assert np.abs(np.bincount(labels, minlength=10) - 1000).max() < 120


def test_ink_is_like_that_of_mnist() -> None:
    images, _ = digits(2000)
    assert images.min() == 0
    assert images.max() == 255
    # MNIST's training images: 33.3 and 0.191.
    assert images.mean() == pytest.approx(33.3, abs=3)
    assert np.count_nonzero(images) / images.size == pytest.approx(0.191, abs=0.02)


def test_compresses_like_mnist() -> None:
    images, _ = digits(2000)
    ratio = images.nbytes / len(gzip.compress(images.tobytes(), 6))
    assert 4 < ratio < 5


def test_digits_differ_from_each_other() -> None:
    images, labels = digits(3000)
    pixels = images.reshape(3000, -1).astype(np.float64)
    means = np.array([pixels[:2000][labels[:2000] == digit].mean(axis=0) for digit in range(10)])
    distances = np.linalg.norm(pixels[2000:, np.newaxis] - means, axis=2)
    assert np.mean(distances.argmin(axis=1) == labels[2000:]) > 0.8


def test_none() -> None:
    images, labels = digits(0)
    assert images.shape == (0, 28, 28)
    assert labels.shape == (0,)
    assert images.dtype == labels.dtype == np.uint8


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1, -1)])
def test_negative_is_refused(count: int, seed: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        digits(count, seed=seed)
