"""Draw load.svg: the times of `load` and of other loaders for a data set's train images (.gz).

Run `python benchmarks/draw.py`. It takes half a minute, prints the figures that it draws, and needs
two cores that have nothing else to do. It leaves load.svg unchanged if the images are synthetic.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import contenders
import matplotlib
from data import prepare
from measure import in_turn, ratio

matplotlib.use("svg")

from matplotlib import pyplot

_FILE = Path(__file__).with_name("load.svg")
_ROUNDS = 21

# The others are compared with the first loader of each panel.
PANELS: dict[str, dict[str, contenders.Loader]] = {
    "1 thread": {
        "idxfast": contenders.idxfast,
        "imagecodecs": contenders.imagecodecs,
        "deflate": contenders.deflate,
        "isal": contenders.isal,
        "zlib-ng": contenders.zlib_ng,
        "zlib": contenders.stdlib_zlib,
        "gzip + np.frombuffer": contenders.stdlib_gzip,
        "rapidgzip": contenders.rapidgzip,
        "idx2numpy": contenders.idx2numpy,
        "mnist": contenders.mnist,
    },
    "2 threads": {
        "idxfast": contenders.idxfast_two,
        "rapidgzip": partial(contenders.rapidgzip, threads=2),
        "idxfast, 1 thread": contenders.idxfast,
    },
}

# Of medium lightness, legible on white and on black.
_TEXT = "#7b838c"
_OWN = "#2f81f7"
_OTHERS = "#a0a7af"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "load",
    "figure.constrained_layout.w_pad": 0.15,
    "figure.constrained_layout.h_pad": 0.1,
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _TEXT,
    "axes.labelcolor": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "axes.edgecolor": _TEXT,
}


def main() -> None:
    """Measure, print and draw."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        calls: dict[str, Callable[[], object]] = {}
        for panel, loaders in PANELS.items():
            found, skipped = contenders.usable(loaders, files.images, files.expected_images)
            calls |= {f"{panel}: {name}": partial(f, files.images) for name, f in found.items()}
            for name, reason in skipped.items():
                print(f"skipped: {name} ({reason})")
        samples = in_turn(calls, rounds=_ROUNDS)
    ratios: dict[str, dict[str, float]] = {panel: {} for panel in PANELS}
    for key, times in samples.items():
        panel, _, name = key.partition(": ")
        ratios[panel][name] = ratio(times, samples[f"{panel}: idxfast"]).median
        print(f"{key}: {ratios[panel][name]:.2f}")
    if files.is_published:
        _draw(next(iter(files.sets)), ratios)
    else:
        print(f"{_FILE.name} needs published images and is left unchanged; see data.py")


def _draw(data_set: str, ratios: dict[str, dict[str, float]]) -> None:
    """Draw the panels below each other, on the same scale."""
    heights = [len(panel) + 1.0 for panel in ratios.values()]
    with pyplot.rc_context(_STYLE):
        figure, panels = pyplot.subplots(
            len(ratios),
            figsize=(7, 0.27 * sum(heights) + 0.6),
            sharex=True,
            height_ratios=heights,
            layout="constrained",
        )
        for axes, (title, panel) in zip(panels, ratios.items(), strict=True):
            names = sorted(panel, key=lambda name: panel[name])
            colors = [_OWN if name.startswith("idxfast") else _OTHERS for name in names]
            bars = axes.barh(names, [panel[name] for name in names], color=colors, height=0.7)
            axes.bar_label(bars, fmt="%.2f", padding=4)
            axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
            axes.invert_yaxis()
            axes.spines[["top", "right", "bottom"]].set_visible(False)
            axes.tick_params(length=0, labelbottom=False)
            axes.margins(x=0.1)
        figure.supxlabel(
            f"time to load {data_set} train images (.gz), relative to idxfast on as many threads",
            fontsize=10,
        )
        figure.savefig(_FILE, transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    main()
