"""idxfast show: images in the terminal, with their labels."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import Any

import numpy as np

from ..errors import printable
from ..images.display import shrink, to_pixels
from ..images.terminal import HALF, as_text, half_blocks
from ..lazy.idx_file import IdxFile
from ..reading.opening import open as open_idx
from .classes import Labels, caption, find_labels, names_of, upright
from .failures import UsageError
from .header_options import add_header_options, stated_header

# How many images or labels are shown if no index is given.
_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of images or labels, or a URL")
    parser.add_argument(
        "indexes",
        metavar="INDEX",
        nargs="*",
        default=[],
        type=int,
        help=f"which images, from 0; -1 is the last (default: the first {_SHOWN})",
    )
    add_header_options(parser)
    parser.epilog = (
        "Labels are found beside the images. On a terminal, images are in colour; elsewhere, or "
        "if NO_COLOR is set, in plain characters."
    )


def run(options: argparse.Namespace) -> int:
    with open_idx(options.file, **stated_header(options)) as file:
        if not file.shape:
            print(file[()])
            return 0
        indexes = _indexes(options.file, options.indexes, len(file))
        if len(file.shape) == 1:
            _print_values(options.file, file, indexes)
        else:
            labels = find_labels(options.file, len(file)) if os.path.isfile(file.name) else None
            images = upright(options.file, file[np.array(indexes, np.int64)])
            _print_images(images, indexes, labels)
    return 0


def _indexes(path: str, given: list[int], count: int) -> list[int]:
    for index in given:
        if not -count <= index < count:
            raise UsageError(f"{printable(path)}: there is no image {index} among {count:,}")
    return [index % count for index in given] or list(range(min(count, _SHOWN)))


def _print_values(path: str, file: IdxFile, indexes: list[int]) -> None:
    names = names_of(path, np.asarray(file)) if os.path.isfile(path) else {}
    for index in indexes:
        print(f"{index}: {caption(file[index].item(), names)}")


def _print_images(images: np.ndarray[Any, Any], indexes: list[int], labels: Labels | None) -> None:
    columns = shutil.get_terminal_size().columns
    pixels = shrink(to_pixels(images), columns)
    draw = half_blocks if _has_colour() else as_text
    captions = [f"#{index} {labels.caption(index)}" if labels else f"#{index}" for index in indexes]
    width = max([pixels.shape[2], *map(len, captions)])
    gap = width - pixels.shape[2] + 1
    at_once = max(1, (columns + 1) // (width + 1))
    for start in range(0, len(pixels), at_once):
        print(" ".join(f"{text:{width}}" for text in captions[start : start + at_once]).rstrip())
        print(*draw(pixels[start : start + at_once], gap), sep="\n")


def _has_colour() -> bool:
    """Whether the output is a terminal that can show half blocks in colour."""
    if (
        sys.stdout is None
        or not sys.stdout.isatty()
        or os.environ.get("NO_COLOR")
        or os.environ.get("TERM") == "dumb"
    ):
        return False
    try:
        HALF.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True
