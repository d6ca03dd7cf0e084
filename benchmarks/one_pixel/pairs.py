"""For every pair of classes, the pixel that tells them apart best, and how well it does.

As in the study, each image is scaled to length 1. Of the regressions on the training images, the
first pixel with the best accuracy there is kept, and its accuracy on the test images is reported.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from idx import Array
from labelled import Labelled

from one_pixel.logistic import columns, fit_pixels


class Pair(NamedTuple):
    """Two classes and their best pixel.

    Attributes
    ----------
    first, second : int
        The classes, the smaller one first.
    pixel : int
        Its number in the image, row by row.
    weight, intercept : float
        A positive weight * x + intercept means the second class.
    train_accuracy, test_accuracy : float
    difference : float
        The mean over the pixels of the absolute difference of the classes' mean images, as
        `mean_images` returns them: not scaled to length 1.
    """

    first: int
    second: int
    pixel: int
    weight: float
    intercept: float
    train_accuracy: float
    test_accuracy: float
    difference: float


class Scaled(NamedTuple):
    """The images of each class, scaled to length 1, of shape (pixels, images)."""

    train: dict[int, Array]
    test: dict[int, Array]


def scale(data: Labelled) -> Scaled:
    """Scale all images, and sort them by class. A class needs training and test images."""
    labels = np.intersect1d(data.train_labels, data.test_labels)
    return Scaled(
        _by_class(data.train_images, data.train_labels, labels),
        _by_class(data.test_images, data.test_labels, labels),
    )


def best_pixels(data: Labelled, scaled: Scaled) -> list[Pair]:
    """Find the best pixel of every pair of classes."""
    means = mean_images(data)
    kept = {label: columns(pixels) for label, pixels in scaled.train.items()}
    found = []
    for first, second in combinations(scaled.train, 2):
        fits = fit_pixels(kept[first], kept[second])
        pixel = int(fits.accuracies.argmax())
        weight, intercept = float(fits.weights[pixel]), float(fits.intercepts[pixel])
        answers = [weight * scaled.test[label][pixel] + intercept > 0 for label in (first, second)]
        correct = np.count_nonzero(~answers[0]) + np.count_nonzero(answers[1])
        found.append(
            Pair(
                first,
                second,
                pixel,
                weight,
                intercept,
                float(fits.accuracies[pixel]),
                correct / sum(map(len, answers)),
                float(np.abs(means[first] - means[second]).mean()),
            )
        )
    return found


def mean_images(data: Labelled) -> dict[int, Array]:
    """Return the mean training image of each class, in rows and columns of grey pixels.

    A pixel is 1 if it is 255 in all images, or if it is the greatest one of images that are not
    uint8.
    """
    images = data.train_images
    white = 255 if images.dtype == np.uint8 else _greatest(images) or 1
    means = {}
    for label in np.unique(data.train_labels):
        # Sums of float32 might overflow.
        mean = images[data.train_labels == label].mean(axis=0, dtype=np.float64)
        means[int(label)] = _grey(mean.reshape(data.shape)) / white
    return means


def _greatest(images: Array) -> float:
    """Return the greatest absolute value; that of the least int8 is no int8."""
    return max(float(images.max()), -float(images.min()))


def _grey(image: Array) -> Array:
    """Average the colours; a single row of pixels is a picture of height 1."""
    while image.ndim > 2:
        image = image.mean(axis=int(np.argmin(image.shape)))
    return np.atleast_2d(image)


def _by_class(images: Array, of: Array, labels: Array) -> dict[int, Array]:
    by_class = {}
    for label in labels:
        pixels = images[of == label].T.astype(np.float64)
        lengths = np.sqrt((pixels * pixels).sum(axis=0))
        # A black image stays as it is.
        lengths[lengths == 0] = 1
        by_class[int(label)] = pixels / lengths
    return by_class
