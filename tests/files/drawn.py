"""Pictures of many kinds and sizes, drawn from a seed."""

from __future__ import annotations

import numpy as np


def product(rng, width, height, *, ground=(255, 255, 255), noise=6):
    """A shape with a texture and a line across, on a ground of one colour, as uint8."""
    y, x = np.mgrid[:height, :width]
    centre = rng.uniform(0.4, 0.6, 2) * (height, width)
    reach = rng.uniform(0.2, 0.45, 2) * (height, width) + 0.5
    away = np.abs((np.stack([y, x], -1) - centre) / reach)
    distance = away.max(-1) if rng.random() < 0.5 else np.hypot(away[..., 0], away[..., 1])
    cover = np.clip((1 - distance) * min(reach) / 1.5, 0, 1)[..., None]
    colour = rng.uniform(0, 220, 3)
    texture = colour + 25 * np.sin((x + 2 * y) / rng.uniform(2, 9))[..., None]
    texture = texture + rng.integers(-noise, noise + 1, (height, width, 3))
    stripe = np.abs(x * height - y * width) < width * height / 20
    texture[stripe] = 255 - colour
    return np.clip(np.round(cover * texture + (1 - cover) * ground), 0, 255).astype(np.uint8)


def photograph(rng, width, height):
    """Smooth colours over the whole picture, with some noise."""
    y, x = np.mgrid[:height, :width]
    waves = [
        np.sin(x / rng.uniform(5, 60) + rng.uniform(0, 6))
        * np.sin(y / rng.uniform(5, 60) + rng.uniform(0, 6))
        for _ in range(3)
    ]
    levels = 128 + 110 * np.stack(waves, -1) + rng.normal(0, 4, (height, width, 3))
    return np.clip(levels, 0, 255).astype(np.uint8)


def gradient(rng, width, height):
    """One colour that fades into another, across, down, or in both directions."""
    ends = rng.integers(0, 256, (2, 3))
    across, down = [(1, 0), (0, 1), (1, 1)][rng.integers(3)]
    y, x = np.mgrid[:height, :width]
    share = (across * x / max(1, width - 1) + down * y / max(1, height - 1)) / (across + down)
    return np.round(ends[0] + share[..., None] * (ends[1] - ends[0])).astype(np.uint8)
