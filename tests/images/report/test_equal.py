"""Which images are equal."""

import numpy as np
import pytest

from idxfast.images.report.equal import digests, first_equal


@pytest.mark.parametrize("dtype", ["u1", ">i4", "f8"])
def test_digests_tell_images_apart(dtype):
    images = np.arange(12).reshape(3, 2, 2).astype(dtype)
    images = np.concatenate([images, images[1:2], -images[2:]])
    found = digests(images)
    assert found.shape == (5, 2) and found.dtype == np.uint64
    rows = [tuple(row) for row in found.tolist()]
    assert rows[1] == rows[3]
    assert len(set(rows)) == 4
    np.testing.assert_array_equal(digests(images[::2]), found[::2])
    assert digests(images[:0]).shape == (0, 2)


def test_an_image_of_one_pixel():
    assert len(np.unique(digests(np.array([[1], [2], [1]], np.uint8)), axis=0)) == 2


@pytest.mark.parametrize("seed", range(20))
def test_the_first_equal_one(seed):
    rng = np.random.default_rng(seed)
    # Few values, so that digests agree in one half, in both, or in neither.
    earlier = rng.integers(0, 4, (rng.integers(0, 30), 2)).astype(np.uint64)
    later = rng.integers(0, 4, (rng.integers(0, 30), 2)).astype(np.uint64)
    for of, among in ((later, earlier), (earlier, earlier)):
        words = among.tolist()
        expected = [words.index(row) if row in words else -1 for row in of.tolist()]
        assert first_equal(of, among).tolist() == expected
