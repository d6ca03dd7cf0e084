"""Handwritten-looking digits, drawn here instead of downloaded.

Sample data for the demo, the tests and the benchmarks. The images have the shape of MNIST's and
compress about as well (4.75 times at gzip level 6), so that measurements on them apply to the real
files, too.

Every digit is one stroke of a pen: a Catmull-Rom spline through a few control points. Size, slant,
thickness and unsteadiness of the hand vary from image to image. A pixel's brightness depends on its
distance to the stroke.

The same seed gives the same bytes on every platform and with every version of NumPy: all arithmetic
is on integers, and the random words are the raw stream of `numpy.random.PCG64`, which NumPy
promises not to change. There is no such promise for `numpy.random.Generator` (NEP 19).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["digits"]

_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]

_SIDE = 28

# Lengths are in 1/32 pixel. The squares of two lengths of at most _FAR add up to at most 64,800,
# which fits into uint16.
_PIXEL = 32
_FAR = 180

# Factors are in 1/256.
_ONE = 256

# The control points x,y of each digit's stroke, in pixels of a box of 20 by 20 as in MNIST, with y
# downwards. A repeated point makes a corner.
_STROKES = tuple(
    np.array([[int(length) for length in point.split(",")] for point in stroke.split()], np.int32)
    for stroke in (
        "12,1 6,3 3,10 6,17 11,18 16,11 15,4 11,1 9,2",
        "12,1 10,7 9,13 8,19",
        "4,5 9,1 14,5 10,12 4,18 4,18 10,17 17,18",
        "4,3 9,1 13,4 8,9 8,9 14,13 10,18 3,17",
        "5,2 4,9 4,9 9,11 13,8 15,2 15,2 12,11 11,19",
        "16,2 8,2 8,2 6,9 6,9 12,9 14,14 9,18 3,17",
        "13,1 7,6 4,13 8,18 13,16 13,11 8,11 5,15",
        "3,4 9,3 16,2 16,2 12,10 9,18",
        "14,4 10,1 6,3 7,7 12,11 13,16 9,19 5,16 7,12 14,4",
        "15,4 10,2 5,5 7,10 12,9 15,4 13,11 10,19",
    )
)

# The least and the greatest width, slant, turn and height (factors), shift to the right, shift down
# and radius of the pen (lengths).
_LEAST, _GREATEST = np.array(
    [(160, 270), (-130, 50), (-30, 30), (195, 245), (-24, 24), (-24, 24), (16, 74)], np.int32
).T[:, :, np.newaxis]

# How far, at most, a control point strays in x and in y (length).
_WOBBLE = 52

# Half the width of the stroke's soft rim (length). The compression at gzip level 6 depends on it:
# 20 gave 5.0 times, 22 gives 4.75 times, 24 gave 4.5 times.
_EDGE = 22

# Random words for each image: one for the label; the others are 28 pairs of bytes, 7 for the values
# above and 2 for each of at most 10 control points.
_WORDS = 8
_PAIRS = 28

# How many images are drawn at once: the fastest of 512, 1,024, 2,048 and 4,096.
_BATCH = 2048


def digits(count: int, *, seed: int = 0) -> tuple[_Bytes, _Bytes]:
    """Draw digits in the manner of MNIST.

    Image i depends only on `seed` and i, so a smaller `count` gives the first images of a larger
    one.

    Parameters
    ----------
    count : int
        How many images to draw.
    seed : int
        Not negative. Another seed gives other labels and other images.

    Returns
    -------
    images : ndarray of uint8, shape (count, 28, 28)
        Bright strokes on black.
    labels : ndarray of uint8, shape (count,)
        The digits drawn, 0 to 9, all equally likely.

    Raises
    ------
    ValueError
        If `count` or `seed` is negative.
    """
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    source = np.random.PCG64(seed)
    images = np.empty((count, _SIDE, _SIDE), np.uint8)
    labels = np.empty(count, np.uint8)
    for start in range(0, count, _BATCH):
        batch = slice(start, min(start + _BATCH, count))
        words = source.random_raw((batch.stop - start, _WORDS))
        labels[batch] = words[:, 0] % 10
        # The same byte order on every machine, so that the pairs are the same.
        pairs = words[:, 1:].astype("<u8").view(np.uint8).reshape(-1, _PAIRS, 2)
        throws = pairs.sum(axis=2, dtype=np.int32).T
        for digit, stroke in enumerate(_STROKES):
            members = np.flatnonzero(labels[batch] == digit)
            images[start + members] = _draw(stroke, throws[:, members])
    return images, labels


def _draw(stroke: _Ints, throws: _Ints) -> _Bytes:
    """Draw one digit's stroke, of shape (points, 2), once for each column of throws."""
    values = _spread(throws[:7], _LEAST, _GREATEST)
    width, slant, turn, height, right, down, radius = values
    wobble = _spread(throws[7 : 7 + stroke.size], -_WOBBLE, _WOBBLE)
    x, y = stroke.T[:, :, np.newaxis] * _PIXEL + wobble.reshape(2, len(stroke), -1)
    dots = _curve(np.stack([width * x + slant * y, turn * x + height * y]) // _ONE)
    # As in MNIST, the centre of mass is in the middle of the image, apart from the shift.
    mass = dots.sum(axis=1, dtype=np.int32) // dots.shape[1]
    dots += (np.stack([right, down]) + _SIDE * _PIXEL // 2 - mass)[:, np.newaxis]
    # From 255 at radius - _EDGE down to 0 at radius + _EDGE, linear in the squared distance.
    depth = (radius + _EDGE) ** 2 - _nearest(dots)
    brightness: _Ints = np.clip(255 * depth // (4 * radius * _EDGE), 0, 255)
    return brightness.astype(np.uint8).transpose(2, 0, 1)


def _spread(throws: _Ints, least: _Ints | int, greatest: _Ints | int) -> _Ints:
    """Map sums of two bytes to least..greatest. As with two dice, the middle is most likely."""
    return least + throws * (greatest - least) // 510


def _curve(points: _Ints) -> _Ints:
    """Place eight dots between neighbouring points, of shape (2, points, images), on a spline."""
    padded = np.concatenate([points[:, :1], points, points[:, -1:]], axis=1)
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, 4, axis=1)
    whole = 16
    past = np.arange(1, whole, 2, dtype=np.int32)
    left = whole - past
    # Catmull and Rom's blending functions, times 2 * whole**3 to make them integers.
    blend = np.stack(
        [
            -past * left**2,
            2 * whole**3 - 5 * whole * past**2 + 3 * past**3,
            2 * whole**3 - 5 * whole * left**2 + 3 * left**3,
            -left * past**2,
        ]
    )
    dots: _Ints = np.einsum("nd,asin->asdi", blend, neighbours) // (2 * whole**3)
    return dots.reshape(2, neighbours.shape[1] * past.size, points.shape[2])


def _nearest(dots: _Ints) -> _Ints:
    """Find the squared distance to the nearest dot, shape (28, 28, images)."""
    centres = np.arange(_PIXEL // 2, _SIDE * _PIXEL, _PIXEL, dtype=np.int32)[:, np.newaxis]
    distances = np.minimum(np.abs(centres - dots[:, :, np.newaxis]), _FAR)
    # With images as the innermost axis, NumPy's loops are long: 2.6 times faster than in the order
    # of the array that numpy.einsum returns.
    squares = distances.astype(np.uint16, order="C") ** 2
    nearest = np.full((_SIDE, _SIDE, dots.shape[2]), 2 * _FAR**2, np.uint16)
    for across, down in zip(*squares, strict=True):
        np.minimum(nearest, down[:, np.newaxis] + across, out=nearest)
    return nearest.astype(np.int32)
