"""How near classes are."""

import math

import numpy as np

from idxfast.images.report.distances import nearest


def test_the_nearest_pair_is_first():
    means = np.array([[0, 0], [30, 40], [3, 4], [0, 0.0]])
    root = math.sqrt(2)
    expected = [(0, 3, 0), (0, 2, 5 / root), (2, 3, 5 / root), (1, 2, 45 / root)]
    found = nearest(means, 4)
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
    np.testing.assert_allclose([pair[2] for pair in found], [pair[2] for pair in expected])
    assert len(nearest(means, 10)) == 6


def test_without_a_pair():
    assert nearest(np.zeros((1, 4)), 3) == []
    assert nearest(np.array([[0.0], [np.nan], [np.inf]]), 3) == []
