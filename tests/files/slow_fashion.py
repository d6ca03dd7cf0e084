"""The conversion of Fashion-MNIST as its formulas are written: pixel by pixel, and slowly."""

from __future__ import annotations

import math


def convert(picture):
    """Convert rows of (red, green, blue) whose numbers are from 0 to 255 to 28 rows of 28."""
    return finished(sharpened(resized(trimmed(picture))))


def trimmed(picture):
    """The picture without borders that look like the corners; None if it is blank."""
    height, width = len(picture), len(picture[0])

    def unlike(x, y, corner):
        return sum((a - b) ** 2 for a, b in zip(picture[y][x], corner, strict=True)) > 487

    corners = picture[0][0], picture[0][-1], picture[-1][0]
    places = [(x, y) for y in range(height) for x in range(width)]
    unlike_first = [place for place in places if unlike(*place, corners[0])]
    if not unlike_first:
        return None
    left, top = min(x for x, _ in unlike_first), min(y for _, y in unlike_first)
    right = max((x for x, y in places if unlike(x, y, corners[1])), default=-1)
    bottom = max((y for x, y in places if unlike(x, y, corners[2])), default=-1)
    if left > right:
        left, right = 0, width - 1
    if top > bottom:
        top, bottom = 0, height - 1
    return [row[left : right + 1] for row in picture[top : bottom + 1]]


def resized(picture):
    height, width = len(picture), len(picture[0])
    scale = 28 / max(width, height)
    new_width = max(1, math.floor(scale * width + 0.5))
    new_height = max(1, math.floor(scale * height + 0.5))
    if (width, height) == (new_width, new_height):
        return picture
    grows = new_width * new_height > width * height
    rows = _along(picture, new_height, grows)
    return _turned(_along(_turned(rows), new_width, grows))


def _along(lines, new, grows):
    """Resize a list of lines to another number of lines."""
    old = len(lines)
    scale, reach = max(old / new, 1), 2 if grows else 3

    def weight(t):
        t = abs(t)
        if grows:
            if t < 1:
                return 7 / 6 * t**3 - 2 * t**2 + 8 / 9
            return -7 / 18 * t**3 + 2 * t**2 - 10 / 3 * t + 16 / 9 if t < 2 else 0
        if t == 0:
            return 1
        return 3 * math.sin(math.pi * t) * math.sin(math.pi * t / 3) / (math.pi * t) ** 2

    result = []
    for i in range(new):
        centre = (i + 0.5) * old / new
        start = math.floor(max(centre - reach * scale + 0.5, 0))
        stop = math.floor(min(centre + reach * scale + 0.5, old))
        weights = [weight((k - centre + 0.5) / scale) for k in range(start, stop)]
        result.append(
            [
                tuple(
                    sum(w * lines[start + k][x][c] for k, w in enumerate(weights)) / sum(weights)
                    for c in range(3)
                )
                for x in range(len(lines[0]))
            ]
        )
    return result


def _turned(picture):
    return [list(column) for column in zip(*picture, strict=True)]


def _near(picture, x, y):
    """The pixel at a place; borders repeat the edge."""
    return picture[min(max(y, 0), len(picture) - 1)][min(max(x, 0), len(picture[0]) - 1)]


def _weighted(picture, weights):
    """At each place, the weighted sum of the pixels around it. Weights are by (u, v)."""
    return [
        [
            tuple(
                sum(w * _near(picture, x + u, y + v)[c] for (u, v), w in weights.items())
                for c in range(3)
            )
            for x in range(len(picture[0]))
        ]
        for y in range(len(picture))
    ]


def _levelled(picture):
    values = [value for row in picture for pixel in row for value in pixel]
    low, high = min(values), max(values)
    if low == high:
        return picture
    return [[tuple((v - low) / (high - low) for v in pixel) for pixel in row] for row in picture]


def sharpened(picture):
    square = [(u, v) for u in range(-2, 3) for v in range(-2, 3)]
    edges = _weighted(picture, {place: 24 if place == (0, 0) else -1 for place in square})
    taps = [sum(math.exp(-(u**2) / 18) for u in range(3 * k - 7, 3 * k - 4)) for k in range(5)]
    # Of fifteen values, the last group of three has the last three.
    taps = [tap / sum(taps) for tap in taps]
    blurred = _weighted(_levelled(edges), {(u, v): taps[u + 2] * taps[v + 2] for u, v in square})
    result = [list(row) for row in picture]
    for y, row in enumerate(_levelled(blurred)):
        for x, (red, green, blue) in enumerate(row):
            intensity = 0.212656 * red + 0.715158 * green + 0.072186 * blue
            step = math.ceil(5 * (1 - intensity) - 0.5)
            if step <= 3:
                reach = 2 if step <= 1 else 1
                weights = {
                    (u, v): math.exp(-(u**2 + v**2) / 2)
                    for u, v in square
                    if max(abs(u), abs(v)) <= reach
                }
                total = sum(weights.values())
                around = [
                    sum(w * _near(picture, x + u, y + v)[c] for (u, v), w in weights.items())
                    for c in range(3)
                ]
                result[y][x] = tuple(
                    ((2 * total + 1) * p - s) / (total + 1)
                    for p, s in zip(picture[y][x], around, strict=True)
                )
    return result


def finished(picture):
    """Extended, negated and grey."""
    left, top = 14 - len(picture[0]) // 2, 14 - len(picture) // 2
    result = [[0] * 28 for _ in range(28)]
    for y, row in enumerate(picture):
        for x, pixel in enumerate(row):
            red, green, blue = (math.floor(255 - min(max(v, 0), 255) + 0.5) for v in pixel)
            result[top + y][left + x] = (19595 * red + 38470 * green + 7471 * blue) >> 16
    return result
