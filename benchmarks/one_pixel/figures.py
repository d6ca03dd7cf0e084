"""The study's two figures: differences of mean images, and the accuracy of every pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from idx import Array
from pictures import style

from one_pixel.outcomes import Accuracies

matplotlib.use("agg")

from matplotlib import pyplot

# Between two pictures, in pixels.
_GAP = 2

# Digits on cells darker than this are white.
_DARK = 0.8


def draw_differences(means: dict[str, dict[int, Array]], path: Path) -> None:
    """Draw the difference of the mean images of every pair of classes, for each data set.

    Parameters
    ----------
    means : dict
        By title and class, mean images in rows and columns, pixels 0 to 1.
    path : Path
        Where to write a PNG file.
    """
    with pyplot.rc_context(style("one pixel")):
        figure, panels = _panels(len(means), (5.6, 5.2))
        for axes, (title, images) in zip(panels, means.items(), strict=True):
            labels = list(images)
            height, width = images[labels[0]].shape
            picture = axes.imshow(_mosaic(images), cmap="RdBu_r", vmin=-1, vmax=1)
            places = np.arange(len(labels) - 1)
            axes.set_xticks(places * (width + _GAP) + width / 2, labels[1:])
            axes.set_yticks(places * (height + _GAP) + height / 2, labels[:-1])
            _finish(axes, title)
        figure.colorbar(picture, ax=panels, shrink=0.7, label="mean of the row minus the column's")
        figure.savefig(path, dpi=100, transparent=True, metadata={"Software": None})
        pyplot.close(figure)


def draw_accuracies(accuracies: dict[str, Accuracies], path: Path) -> None:
    """Draw the accuracy of every pair of classes, for each data set.

    Parameters
    ----------
    accuracies : dict
        By title and pair.
    path : Path
        Where to write an SVG file.
    """
    with pyplot.rc_context(style("one pixel")):
        figure, panels = _panels(len(accuracies), (4.4, 3.9))
        for axes, (title, cells) in zip(panels, accuracies.items(), strict=True):
            labels = sorted({label for pair in cells for label in pair})
            table = np.full((len(labels) - 1, len(labels) - 1), np.nan)
            for (first, second), accuracy in cells.items():
                row, column = labels.index(first), labels.index(second) - 1
                table[row, column] = accuracy
                axes.text(
                    column,
                    row,
                    f"{accuracy:.2f}".removeprefix("0"),
                    ha="center",
                    va="center",
                    color="white" if accuracy < _DARK else "black",
                    fontsize=9,
                )
            edges = np.arange(len(labels)) - 0.5
            scale = axes.pcolormesh(edges, edges, table, cmap="viridis", vmin=0.5, vmax=1)
            axes.set_xticks(range(len(labels) - 1), labels[1:])
            axes.set_yticks(range(len(labels) - 1), labels[:-1])
            axes.set_aspect("equal")
            axes.invert_yaxis()
            _finish(axes, title)
        figure.colorbar(scale, ax=panels, shrink=0.7, label="accuracy of the best pixel")
        figure.savefig(path, transparent=True, metadata={"Date": None})
        pyplot.close(figure)


def _panels(count: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """Make panels side by side."""
    figure, panels = pyplot.subplots(
        1,
        count,
        figsize=(size[0] * count, size[1]),
        layout="constrained",
        squeeze=False,
    )
    return figure, panels[0]


def _finish(axes: Any, title: str) -> None:
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11, fontweight="bold")


def _mosaic(images: dict[int, Array]) -> Array:
    """Put the differences into one picture; where no pair belongs, it has no value."""
    labels = list(images)
    height, width = images[labels[0]].shape
    down, right = height + _GAP, width + _GAP
    mosaic = np.full(((len(labels) - 1) * down - _GAP, (len(labels) - 1) * right - _GAP), np.nan)
    for row, first in enumerate(labels[:-1]):
        for column, second in enumerate(labels[1:]):
            if row <= column:
                top, left = row * down, column * right
                difference = images[first] - images[second]
                mosaic[top : top + height, left : left + width] = difference
    return mosaic
