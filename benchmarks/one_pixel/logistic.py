"""Logistic regressions on one pixel each, for all pixels of two classes, by Newton's method.

The model is scikit-learn's LogisticRegression with its defaults: weight and intercept of a pixel
minimise

    weight**2 / 2 + sum over the images of log(1 + exp(-sign * (weight * x + intercept)))

where x is the pixel's value in an image, and sign is 1 for images of the second class and -1 for
images of the first. Solvers there stop at a tolerance; the fits here converge.

Most pixels are 0 in many images. These images have the same probability, so only the other values
are visited. First, the histograms of the values are fitted, which are much smaller. Each class has
one histogram of a pixel for all its pairs. The fit of the values begins at the point found, and is
almost always one step from its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from idx import Array

# How many pixels are fitted together: few enough that their values stay in the processor's cache.
_TOGETHER = 8

# How many bins a histogram has. With 32, 64, 96, 128, 192 and 256, the fits of every fifth pair of
# Fashion-MNIST took 0.72, 0.59, 0.50, 0.52, 0.54 and 0.57 of the time without histograms.
_BINS = 128

# A fit has converged when its next step would improve the objective by less than this part of the
# sum of p * (1 - p), in which images whose class is certain do not count. That step is still made,
# and squares the distance to the end. In every fifth pair of both data sets, no weight then differs
# by more than 3e-8 of its size from that of a fit that went on until a step improved the objective
# by less than 1e-10.
_CONVERGED = 1e-7

# A step went too far if the objective rises at its end at more than half the rate at which it fell
# at its start.
_TOO_FAR = 0.5

# The fits of histograms take three to ten steps.
_MOST_STEPS = 200


@dataclass(frozen=True)
class Columns:
    """The pixels of a class, without values that are 0.

    Attributes
    ----------
    images : int
        How many there are.
    values : ndarray of float64, shape (V,)
        The values of the first pixel in all images, then those of the second, and so on. A pixel
        that is 0 in all images has one value.
    starts : ndarray of integers, shape (pixels + 1,)
        Where the values of each pixel begin, and where those of the last one end.
    counts : ndarray of integers, shape (V,), or None
        How many images have each value; None means one each.
    """

    images: int
    values: Array
    starts: Array
    counts: Array | None = None

    def part(self, first: int, last: int) -> Columns:
        """Return the pixels from first up to last, of columns that are not histograms."""
        assert self.counts is None
        starts = self.starts[first : last + 1]
        return Columns(self.images, self.values[starts[0] : starts[-1]], starts - starts[0])

    @cached_property
    def histograms(self) -> Columns:
        """The values of each pixel in bins of equal width: the mean of each bin, and its count."""
        sizes = np.diff(self.starts)
        lows = np.minimum.reduceat(self.values, self.starts[:-1])
        widths = (np.maximum.reduceat(self.values, self.starts[:-1]) - lows) / _BINS
        widths[widths == 0] = 1
        bins = ((self.values - np.repeat(lows, sizes)) / np.repeat(widths, sizes)).astype(np.intp)
        np.minimum(bins, _BINS - 1, out=bins)
        bins += np.repeat(np.arange(len(sizes)) * _BINS, sizes)
        counts = np.bincount(bins, minlength=len(sizes) * _BINS)
        sums = np.bincount(bins, self.values, len(counts))
        is_used = counts > 0
        ends = np.cumsum(is_used)[_BINS - 1 :: _BINS]
        counts = counts[is_used]
        return Columns(self.images, sums[is_used] / counts, np.concatenate([[0], ends]), counts)


def columns(pixels: Array) -> Columns:
    """Leave out the values that are 0 of pixels of shape (pixels, images)."""
    is_kept = pixels != 0
    is_kept[:, 0] |= ~is_kept.any(axis=1)
    starts = np.concatenate([[0], np.cumsum(is_kept.sum(axis=1))])
    return Columns(pixels.shape[1], pixels[is_kept], starts)


class Fits(NamedTuple):
    """The regressions of some pixels.

    Attributes
    ----------
    weights, intercepts : ndarray of float64, shape (pixels,)
    accuracies : ndarray of float64, shape (pixels,)
        On the images of the fit.
    """

    weights: Array
    intercepts: Array
    accuracies: Array


def fit_pixels(first: Columns, second: Columns) -> Fits:
    """Fit one regression to each pixel.

    Parameters
    ----------
    first, second : Columns
        The same pixels in the images of two classes.

    Returns
    -------
    fits : Fits

    Raises
    ------
    ArithmeticError
        If a fit does not converge.
    """
    pixels = len(first.starts) - 1
    weights, intercepts, correct = np.empty((3, pixels))
    near = _Problem(first.histograms, second.histograms)
    points = near.solve(near.without_weights())
    for start in range(0, pixels, _TOGETHER):
        stop = min(start + _TOGETHER, pixels)
        problem = _Problem(first.part(start, stop), second.part(start, stop))
        point = problem.solve(points[:, start:stop])
        weights[start:stop], intercepts[start:stop] = point
        correct[start:stop] = problem.correct(point)
    return Fits(weights, intercepts, correct / (first.images + second.images))


class _Problem:
    """The regressions of some pixels.

    A point is an array of shape (2, pixels): weights and intercepts.
    """

    def __init__(self, first: Columns, second: Columns) -> None:
        self.values = np.concatenate([first.values, second.values])
        self.starts = np.concatenate([first.starts[:-1], second.starts[:-1] + len(first.values)])
        self.sizes = np.concatenate([np.diff(first.starts), np.diff(second.starts)])
        self.pixels = len(first.starts) - 1
        self.counts = None
        counts = self.sizes
        if first.counts is not None and second.counts is not None:
            self.counts = np.concatenate([first.counts, second.counts])
            counts = np.add.reduceat(self.counts, self.starts)
        # How many images have a 0, of the first class and of the second.
        self.first_zeros = first.images - counts[: self.pixels]
        self.second_zeros = second.images - counts[self.pixels :]
        self.zeros = self.first_zeros + self.second_zeros
        self.share = second.images / (first.images + second.images)
        # The sums over the images of the second class, which the gradient subtracts.
        self.second = np.empty((2, self.pixels))
        self.second[0] = np.add.reduceat(self._counted(self.values), self.starts)[self.pixels :]
        self.second[1] = second.images

    def without_weights(self) -> Array:
        """Return the best point at which all images have the same probability."""
        point = np.zeros((2, self.pixels))
        point[1] = np.log(self.share / (1 - self.share))
        return point

    def solve(self, point: Array) -> Array:
        """Return the point where all gradients vanish.

        The search begins at a given point.
        """
        gradient, step, doubt = self._step(point)
        for _ in range(_MOST_STEPS):
            fall = -(gradient * step).sum(axis=0)
            if (fall < _CONVERGED * doubt).all():
                return point + step
            trial = point + step
            new_gradient, new_step, new_doubt = self._step(trial)
            is_too_far = (new_gradient * step).sum(axis=0) > _TOO_FAR * fall
            point = np.where(is_too_far, point, trial)
            gradient = np.where(is_too_far, gradient, new_gradient)
            step = np.where(is_too_far, step / 2, new_step)
            doubt = np.where(is_too_far, doubt, new_doubt)
        raise ArithmeticError(f"not converged after {_MOST_STEPS} steps")

    def correct(self, point: Array) -> Array:
        """Count the images that are given their class."""
        answers = (self._scores(point) > 0).astype(np.intp)
        seconds = np.add.reduceat(answers, self.starts)
        correct: Array = seconds[self.pixels :] - seconds[: self.pixels]
        correct += self.sizes[: self.pixels]
        correct += np.where(point[1] > 0, self.second_zeros, self.first_zeros)
        return correct

    def _step(self, point: Array) -> tuple[Array, Array, Array]:
        """Return the gradient at a point, Newton's step from there, and the sum of p * (1 - p)."""
        probabilities = _sigmoid(self._scores(point))
        of_zero = _sigmoid(point[1])
        terms = self._counted(probabilities)
        gradient = np.empty_like(point)
        gradient[0] = point[0] + self._sum(terms * self.values)
        gradient[1] = self._sum(terms) + self.zeros * of_zero
        gradient -= self.second
        # From here on, the second derivatives.
        terms -= terms * probabilities
        doubt = self._sum(terms) + self.zeros * (of_zero - of_zero * of_zero)
        terms *= self.values
        both = self._sum(terms)
        terms *= self.values
        weight = 1 + self._sum(terms)
        step = np.empty_like(point)
        step[0] = both * gradient[1] - doubt * gradient[0]
        step[1] = both * gradient[0] - weight * gradient[1]
        step /= weight * doubt - both * both
        return gradient, step, doubt

    def _scores(self, point: Array) -> Array:
        """Return weight * x + intercept for each value."""
        weights, intercepts = np.concatenate([point, point], axis=1)
        scores = np.repeat(weights, self.sizes)
        scores *= self.values
        scores += np.repeat(intercepts, self.sizes)
        return scores

    def _counted(self, terms: Array) -> Array:
        """Return the terms of the values, times the number of images that have each value."""
        return terms if self.counts is None else terms * self.counts

    def _sum(self, terms: Array) -> Array:
        """Sum the terms of each pixel, over both classes."""
        sums = np.add.reduceat(terms, self.starts)
        return sums[: self.pixels] + sums[self.pixels :]


def _sigmoid(scores: Array) -> Array:
    result = np.negative(scores)
    # exp overflows to inf where the probability is 0.
    with np.errstate(over="ignore"):
        np.exp(result, out=result)
    result += 1
    return np.divide(1, result, out=result)
