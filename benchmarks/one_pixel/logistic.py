"""Logistic regressions on one pixel each, for all pixels of two classes, by Newton's method.

The model is scikit-learn's LogisticRegression with its defaults: weight and intercept of a pixel
minimise

    weight**2 / 2 + sum over the images of log(1 + exp(-sign * (weight * x + intercept)))

where x is the pixel's value in an image, and sign is 1 for images of the second class and -1 for
images of the first. Solvers there stop at a tolerance; the fits here converge.

Most pixels are 0 in many images. These images have the same probability, so only the other values
are visited.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from idx import Array

# How many pixels are fitted together: few enough that their values stay in the processor's cache.
_TOGETHER = 8

# A fit has converged when its next step would improve the objective, which is hundreds or
# thousands, by less. That step is still made; one after it would improve nothing.
_CONVERGED = 1e-10

# A step went too far if the objective rises at its end at more than half the rate at which it fell
# at its start.
_TOO_FAR = 0.5

# Fits take three to ten steps.
_MOST_STEPS = 200


class Columns(NamedTuple):
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
    """

    images: int
    values: Array
    starts: Array

    def part(self, first: int, last: int) -> Columns:
        """Return the pixels from first up to last."""
        starts = self.starts[first : last + 1]
        return Columns(self.images, self.values[starts[0] : starts[-1]], starts - starts[0])


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
    for start in range(0, pixels, _TOGETHER):
        stop = min(start + _TOGETHER, pixels)
        problem = _Problem(first.part(start, stop), second.part(start, stop))
        point = problem.solve()
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
        self.counts = np.concatenate([np.diff(first.starts), np.diff(second.starts)])
        self.pixels = len(first.starts) - 1
        # How many images have a 0, of the first class and of the second.
        self.first_zeros = first.images - self.counts[: self.pixels]
        self.second_zeros = second.images - self.counts[self.pixels :]
        self.zeros = self.first_zeros + self.second_zeros
        self.share = second.images / (first.images + second.images)
        # The sums over the images of the second class, which the gradient subtracts.
        self.second = np.empty((2, self.pixels))
        self.second[0] = np.add.reduceat(second.values, second.starts[:-1])
        self.second[1] = second.images

    def solve(self) -> Array:
        """Return the point where all gradients vanish."""
        # At weight 0, all images have the same probability.
        point = np.zeros((2, self.pixels))
        point[1] = np.log(self.share / (1 - self.share))
        gradient, step = self._step(point, np.full(len(self.values), self.share))
        for _ in range(_MOST_STEPS):
            fall = -(gradient * step).sum(axis=0)
            if (fall < _CONVERGED).all():
                return point + step
            trial = point + step
            new_gradient, new_step = self._step(trial, _sigmoid(self._scores(trial)))
            is_too_far = (new_gradient * step).sum(axis=0) > _TOO_FAR * fall
            point = np.where(is_too_far, point, trial)
            gradient = np.where(is_too_far, gradient, new_gradient)
            step = np.where(is_too_far, step / 2, new_step)
        raise ArithmeticError(f"not converged after {_MOST_STEPS} steps")

    def correct(self, point: Array) -> Array:
        """Count the images that are given their class."""
        answers = (self._scores(point) > 0).astype(np.intp)
        seconds = np.add.reduceat(answers, self.starts)
        correct: Array = seconds[self.pixels :] - seconds[: self.pixels]
        correct += self.counts[: self.pixels]
        correct += np.where(point[1] > 0, self.second_zeros, self.first_zeros)
        return correct

    def _step(self, point: Array, probabilities: Array) -> tuple[Array, Array]:
        """Return the gradient at a point, and Newton's step from there.

        The probabilities are those of the second class for each value. They are overwritten.
        """
        of_zero = _sigmoid(point[1])
        gradient = np.empty_like(point)
        gradient[0] = point[0] + self._sum(probabilities * self.values)
        gradient[1] = self._sum(probabilities) + self.zeros * of_zero
        gradient -= self.second
        # From here on, the second derivatives.
        probabilities -= probabilities * probabilities
        intercept = self._sum(probabilities) + self.zeros * (of_zero - of_zero * of_zero)
        probabilities *= self.values
        both = self._sum(probabilities)
        probabilities *= self.values
        weight = 1 + self._sum(probabilities)
        step = np.empty_like(point)
        step[0] = both * gradient[1] - intercept * gradient[0]
        step[1] = both * gradient[0] - weight * gradient[1]
        step /= weight * intercept - both * both
        return gradient, step

    def _scores(self, point: Array) -> Array:
        """Return weight * x + intercept for each value."""
        weights, intercepts = np.concatenate([point, point], axis=1)
        scores = np.repeat(weights, self.counts)
        scores *= self.values
        scores += np.repeat(intercepts, self.counts)
        return scores

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
