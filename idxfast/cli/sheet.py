"""idxfast sheet: a contact sheet of each class."""

from __future__ import annotations

import argparse
import os

import numpy as np

from ..errors import printable
from ..images.display import to_pixels
from ..images.pillow import as_png
from ..images.sheet import contact_sheet
from ..reading.opening import open as open_idx
from ..storage import outputs
from .classes import Labels, find_labels, upright
from .failures import UsageError
from .saying import check_png, say

_COLUMNS = 10
# The rows of a grid, without labels or if labels have more values than classes.
_ROWS = 10
_MAX_CLASSES = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of images, or a URL")
    parser.add_argument("-o", "--output", metavar="PNG", required=True, help="the file to write")
    parser.add_argument(
        "--columns",
        type=_number,
        default=_COLUMNS,
        help=f"how many images of each class (default: {_COLUMNS})",
    )
    parser.epilog = (
        "Each row shows the first images of a class. Labels, and the names of their classes, are "
        "found beside the images; without labels, the first images are shown."
    )


def run(options: argparse.Namespace) -> int:
    check_png(options.output)
    with open_idx(options.file) as file:
        if len(file.shape) < 2 or not len(file):
            raise UsageError(f"{printable(options.file)}: the file holds no images")
        labels = find_labels(options.file, len(file)) if os.path.isfile(options.file) else None
        chosen = _choose(len(file), labels, options.columns)
        every = file[np.concatenate([rows for _, rows in chosen])]
    every = to_pixels(upright(options.file, every))
    rows = np.split(every, np.cumsum([len(rows) for _, rows in chosen])[:-1])
    sheet = contact_sheet(rows, [caption for caption, _ in chosen])
    outputs.write(options.output, [as_png(sheet)])
    images = "1 image" if len(every) == 1 else f"{len(every):,} images"
    say(f"{printable(options.output)}: {images} in {len(rows):,} rows", options.output)
    return 0


def _choose(
    count: int, labels: Labels | None, columns: int
) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.int64]]]]:
    """For each row of the sheet, its caption, and which images it shows."""
    if labels is not None:
        values, firsts = np.unique(labels.values, return_index=True)
        if len(values) <= _MAX_CLASSES:
            return [
                (labels.caption(first), np.flatnonzero(labels.values == value)[:columns])
                for value, first in zip(values, firsts, strict=True)
            ]
    shown = np.arange(min(count, columns * _ROWS))
    return [("", shown[start : start + columns]) for start in range(0, len(shown), columns)]


def _number(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of images")
    return int(text)
