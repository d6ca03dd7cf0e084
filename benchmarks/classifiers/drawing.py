"""The picture of the report."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from pictures import TEXT, style

from classifiers.comparing import Comparison

matplotlib.use("svg")

from matplotlib import pyplot

_NEAR, _FAR = "#2f81f7", "#d1603d"


def draw_differences(compared: dict[str, list[Comparison]], path: Path) -> None:
    """Draw the difference of each row from the paper, by classifier.

    Parameters
    ----------
    compared : dict
        By title of the data set.
    path : Path
        Where to write an SVG file.
    """
    names = sorted({each.row.classifier for rows in compared.values() for each in rows})
    with pyplot.rc_context(style("classifiers")):
        figure, panels = pyplot.subplots(
            1,
            len(compared),
            figsize=(2.2 + 3.6 * len(compared), 1 + 0.3 * len(names)),
            sharex=True,
            sharey=True,
            layout="constrained",
            squeeze=False,
        )
        for axes, (title, rows) in zip(panels[0], compared.items(), strict=True):
            axes.axvspan(-0.01, 0.01, color=TEXT, alpha=0.2, linewidth=0)
            for place, name in enumerate(names):
                family = [each for each in rows if each.row.classifier == name]
                # Side by side in the order of the paper, so that points do not hide each other.
                offsets = np.linspace(-0.25, 0.25, len(family)) if len(family) > 1 else [0]
                axes.scatter(
                    [each.difference for each in family],
                    [place + offset for offset in offsets],
                    s=12,
                    c=[_FAR if each.is_far else _NEAR for each in family],
                )
            axes.locator_params(axis="x", nbins=5)
            axes.set_yticks(range(len(names)), names)
            axes.set_title(title, fontsize=11, fontweight="bold")
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        panels[0][0].invert_yaxis()
        figure.supxlabel("our accuracy minus the paper's", fontsize=10)
        figure.savefig(path, transparent=True, metadata={"Date": None})
        pyplot.close(figure)
