"""sharpen: what it changes, and what it leaves."""

import numpy as np

from idxfast.images import sharpen


def test_one_colour_stays_the_same():
    picture = np.full((9, 7, 3), 200.0)
    assert np.array_equal(sharpen(picture), picture)
    assert np.array_equal(sharpen(np.full((1, 1, 3), 3, np.uint8)), np.full((1, 1, 3), 3.0))


def test_an_outline_becomes_steeper_on_its_bright_side():
    picture = np.full((28, 28, 3), 50.0)
    picture[:, 14:] = 200
    sharp = sharpen(picture)
    assert np.allclose(sharp[:, :13], 50) and np.allclose(sharp[:, 16:], 200)
    assert np.array_equal(sharp[:, 13], picture[:, 13])
    assert (sharp[:, 14] > 225).all()


def test_parts_of_arrays_and_whole_numbers():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    part = picture[::2, ::-1]
    assert np.array_equal(sharpen(part), sharpen(part.astype(np.float64)))
