"""The same fits with scikit-learn: how long they take, and how far they are from ours."""

from __future__ import annotations

import time
import warnings
from itertools import combinations
from typing import NamedTuple

import numpy as np

from one_pixel.logistic import columns, fit_pixels
from one_pixel.pairs import Scaled

# The study's solver, and today's default.
SOLVERS = ("sag", "lbfgs")


class Peer(NamedTuple):
    """What some fits took, and how far their accuracies on the training images are from ours.

    Attributes
    ----------
    seconds : float
        Processor seconds of a fit, the mean.
    farthest : float
        The greatest difference of accuracies.
    """

    seconds: float
    farthest: float


def sample(scaled: Scaled, count: int = 20, seed: int = 0) -> dict[str, Peer]:
    """Fit pixels of pairs, drawn at random, with each solver."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    pairs = list(combinations(scaled.train, 2))
    seconds: dict[str, list[float]] = {solver: [] for solver in SOLVERS}
    farthest = dict.fromkeys(SOLVERS, 0.0)
    for number in random.integers(len(pairs), size=count):
        first, second = (scaled.train[label] for label in pairs[number])
        pixel = random.integers(len(first), size=1)
        first, second = first[pixel], second[pixel]
        ours = fit_pixels(columns(first), columns(second)).accuracies[0]
        column = np.concatenate([first, second], axis=1).T
        is_second = np.repeat([False, True], [first.shape[1], second.shape[1]])
        for solver in SOLVERS:
            model = LogisticRegression(solver=solver)
            # A second thread would only wait for work, which takes processor time, too.
            with warnings.catch_warnings(), threadpool_limits(1):
                # sag often stops before it has converged, in the study, too.
                warnings.simplefilter("ignore")
                start = time.process_time()
                model.fit(column, is_second)
                seconds[solver].append(time.process_time() - start)
            away = abs(float(model.score(column, is_second)) - ours)
            farthest[solver] = max(farthest[solver], away)
    return {solver: Peer(float(np.mean(seconds[solver])), farthest[solver]) for solver in SOLVERS}
