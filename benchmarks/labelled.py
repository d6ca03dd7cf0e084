"""Labelled images for the studies: published sets, a set of one's own, or synthetic digits."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from idx import Array

import idxfast
from idxfast.datasets.synthetic import digits

FASHION, MNIST = "fashion-mnist", "mnist"
# The published sets, and their titles.
PUBLISHED = {FASHION: "Fashion-MNIST", MNIST: "MNIST"}
SYNTHETIC = "synthetic"

# Enough to tell classifiers apart, and few enough for tests.
_SYNTHETIC_TRAIN, _SYNTHETIC_TEST = 10_000, 2_000


@dataclass(frozen=True)
class Labelled:
    """A data set with its training and its test images, each a row of pixels.

    Attributes
    ----------
    name : str
        ``"synthetic"``, or the name of its folder.
    shape : tuple of int
        Of an image before its pixels were put in a row.
    train_images, test_images : ndarray of numbers, shape (N, pixels)
    train_labels, test_labels : ndarray of integers, shape (N,)
    """

    name: str
    shape: tuple[int, ...]
    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose data sets."""
    parser.add_argument(
        "--datasets",
        nargs="+",
        default=[],
        choices=(*PUBLISHED, SYNTHETIC),
        help="default: the published sets in IDXFAST_DATA, or else synthetic digits",
    )
    parser.add_argument(
        "--data",
        type=os.path.abspath,
        metavar="FOLDER",
        help="a labelled IDX set of your own; its results have the folder's name",
    )


def chosen(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, Labelled]:
    """Read the data sets that the options choose, by the source that `read` takes.

    The program ends with a message if one of them cannot be read.
    """
    found: dict[str, Labelled] = {}
    try:
        for source in _sources(options):
            found[source] = read(source)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if len({data.name for data in found.values()}) < len(found):
        parser.error(f"the folders have the same name: {', '.join(found)}")
    return found


def _sources(options: argparse.Namespace) -> list[str]:
    root = published_root()
    if root is None and (missing := [name for name in options.datasets if name in PUBLISHED]):
        raise FileNotFoundError(f"{missing[0]}: set IDXFAST_DATA to the folder of the data sets")
    folders = {} if root is None else {name: str(root / name) for name in PUBLISHED}
    sources = [folders.get(name, name) for name in options.datasets]
    if options.data is not None:
        sources.append(options.data)
    at_hand = [folder for folder in folders.values() if os.path.isdir(folder)]
    return sources or at_hand or [SYNTHETIC]


def published_root() -> Path | None:
    """Return the folder of the published sets: IDXFAST_DATA, or one beside the repository."""
    if folder := os.environ.get("IDXFAST_DATA"):
        return Path(folder).absolute()
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return beside if beside.is_dir() else None


def read(source: str) -> Labelled:
    """Read the synthetic digits, or the files of a folder.

    Raises
    ------
    OSError
        If there is no such folder, or it lacks training or test files.
    ValueError
        If a file is damaged, or if the studies cannot use the images or labels.
    """
    if source == SYNTHETIC:
        images, labels = digits(_SYNTHETIC_TRAIN + _SYNTHETIC_TEST)
        train = images[:_SYNTHETIC_TRAIN], labels[:_SYNTHETIC_TRAIN]
        test = images[_SYNTHETIC_TRAIN:], labels[_SYNTHETIC_TRAIN:]
    else:
        train, test = (idxfast.load_dataset(source, kind) for kind in ("train", "test"))
    if unfit := _unfit(train, test):
        raise ValueError(f"{source}: {unfit}")
    shape = train[0].shape[1:]
    return Labelled(os.path.basename(source), shape, *_flat(*train), *_flat(*test))


def _flat(images: Array, labels: Array) -> tuple[Array, Array]:
    """Put the pixels of each image in a row; of a table of labels, take the class."""
    return images.reshape(len(images), -1), np.ascontiguousarray(_classes(labels))


def _classes(labels: Array) -> Array:
    return labels if labels.ndim == 1 else labels[:, 0]


def _unfit(train: tuple[Array, Array], test: tuple[Array, Array]) -> str | None:
    """Say why the studies cannot use a set, if they cannot."""
    for what, (images, labels) in (("training", train), ("test", test)):
        if not images.size:
            return f"there are no {what} images"
        if not labels.size:
            return f"there are no {what} labels"
        if not np.isfinite(images).all():
            return f"{what} images have pixels that are not finite"
        if labels.dtype.kind not in "iu":
            return f"{what} labels are {labels.dtype}, and not integers"
    shapes = [images.shape[1:] for images, _ in (train, test)]
    if shapes[0] != shapes[1]:
        return f"training images have the shape {shapes[0]}, and test images {shapes[1]}"
    if len(np.intersect1d(_classes(train[1]), _classes(test[1]))) < 2:
        return "fewer than two classes have both training and test images"
    return None
