"""idxfast stats: classes, values and duplicates of a file."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..errors import printable
from .classes import caption, find_labels, names_of
from .counting import Values, count_duplicates, count_values
from .json_output import add_json, print_json
from .progress import Progress
from .rows import ArrayRows, Rows, open_rows
from .shapes import shown

# The most values of labels that are listed.
_MAX_CLASSES = 100
# Lines and width of the histogram.
_LINES = 16
_WIDTH = 40


class Classes(NamedTuple):
    """How often each label occurs.

    Attributes
    ----------
    source : str
        The file of the labels.
    counts : mapping of int to int
    names : mapping of int to str
    """

    source: str
    counts: Mapping[int, int]
    names: Mapping[int, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of images or labels, or a URL")
    add_json(parser, "file")
    parser.epilog = "Labels, and the names of their classes, are found beside the images."


def run(options: argparse.Namespace) -> int:
    with Progress(options.file) as progress:
        rows = open_rows(options.file, progress=progress)
    if not rows.shape:
        rows = ArrayRows(rows.read(0, 0).reshape(1))
    with Progress(options.file, "item") as progress:
        values = count_values(rows, progress)
    duplicates = None
    if len(rows.shape) > 1:
        with Progress(options.file, "item") as progress:
            duplicates = count_duplicates(rows, progress)
    classes = _classes(options.file, rows)
    if options.json:
        print_json(_as_json(options.file, rows, values, duplicates, classes))
    else:
        print("\n".join(_as_lines(options.file, rows, values, duplicates, classes)))
    return 0


def _classes(path: str, rows: Rows) -> Classes | None:
    """The classes of a file of labels, or of the images that the labels beside them describe."""
    if len(rows.shape) == 1 and rows.dtype.kind in "iu":
        labels = rows.read(0, rows.shape[0])
        source, names = path, names_of(path, labels) if os.path.isfile(path) else {}
    else:
        found = find_labels(path, rows.shape[0]) if os.path.isfile(path) else None
        if found is None:
            return None
        source, labels, names = found
    values, counts = np.unique(labels, return_counts=True)
    return Classes(source, dict(zip(values.tolist(), counts.tolist(), strict=True)), names)


def _as_json(
    path: str, rows: Rows, values: Values, duplicates: int | None, classes: Classes | None
) -> dict[str, Any]:
    return {
        "file": path,
        "dtype": rows.dtype.name,
        "shape": list(rows.shape),
        "mean": values.mean,
        "standard_deviation": values.deviation,
        "minimum": values.minimum,
        "maximum": values.maximum,
        "not_finite": values.not_finite,
        "histogram": {"edges": values.edges, "counts": values.histogram},
        "duplicates": duplicates,
        "labels": None if classes is None else classes.source,
        "classes": None
        if classes is None
        else [
            {"label": label, "name": classes.names.get(label), "count": count}
            for label, count in classes.counts.items()
        ],
        "single_class": classes is not None and len(classes.counts) == 1,
    }


def _as_lines(
    path: str, rows: Rows, values: Values, duplicates: int | None, classes: Classes | None
) -> list[str]:
    lines = [f"{printable(path)}: {shown(rows.dtype, rows.shape)}"]
    if values.total:
        of_255 = ""
        if rows.dtype == np.uint8 and len(rows.shape) > 1:
            of_255 = f" ({values.mean / 255:.4f} and {values.deviation / 255:.4f} of 255)"
        lines += [
            f"mean {values.mean:.6g}, standard deviation {values.deviation:.6g}{of_255}",
            f"minimum {values.minimum}, maximum {values.maximum}",
        ]
    if values.not_finite:
        lines.append(f"{values.not_finite:,} elements are infinite or NaN")
    if duplicates is not None:
        are = "item equals" if duplicates == 1 else "items equal"
        lines.append(f"duplicates: {duplicates:,} {are} an earlier one")
    elif len(rows.shape) > 1:
        lines.append("duplicates: too many items to compare")
    if classes is not None:
        lines += _class_lines(path, classes)
    if values.total and (classes is None or classes.source != path):
        lines += ["histogram:", *_histogram_lines(values)]
    return lines


def _class_lines(path: str, classes: Classes) -> list[str]:
    beside = "" if classes.source == path else f", from {printable(classes.source)}"
    total, counts = sum(classes.counts.values()), classes.counts
    lines = [f"classes{beside}:"]
    texts = {label: caption(label, classes.names) for label in list(counts)[:_MAX_CLASSES]}
    width = max(map(len, texts.values()), default=0)
    digits = max((len(f"{count:,}") for count in counts.values()), default=0)
    for label, text in texts.items():
        share = 100 * counts[label] / total
        lines.append(f"  {text:{width}}  {counts[label]:{digits},}  {share:5.1f} %")
    if len(counts) > _MAX_CLASSES:
        lines.append(f"  and {len(counts) - _MAX_CLASSES:,} more")
    if len(counts) == 1 and total > 1:
        lines.append("warning: all labels are equal: a single class")
    return lines


def _histogram_lines(values: Values) -> list[str]:
    """A line of text for each bin, or for some bins together."""
    together = max(1, len(values.histogram) // _LINES)
    counts = [
        sum(values.histogram[start : start + together])
        for start in range(0, len(values.histogram), together)
    ]
    # A bin of bytes is shown by the values in it, any other by its edges.
    last = 1 if len(values.histogram) == 256 else 0
    most = max(counts)
    ends = values.edges[::together]
    ranges = [(f"{low:.6g}", f"{high - last:.6g}") for low, high in pairwise(ends)]
    width = max(len(text) for pair in ranges for text in pair)
    before = 2 * width + len("   to   100.0 %  ")
    longest = max(1, min(_WIDTH, shutil.get_terminal_size().columns - before))
    lines = []
    for (low, high), count in zip(ranges, counts, strict=True):
        bar = "#" * round(longest * count / most)
        share = 100 * count / values.total
        lines.append(f"  {low:>{width}} to {high:>{width}}  {share:5.1f} %  {bar}".rstrip())
    return lines
