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

PUBLISHED = ("fashion-mnist", "mnist")
SYNTHETIC = "synthetic"

# Enough to tell classifiers apart, and few enough for tests.
_SYNTHETIC_TRAIN, _SYNTHETIC_TEST = 10_000, 2_000


@dataclass(frozen=True)
class Labelled:
    """A data set with its training and its test images, each a row of pixels.

    Attributes
    ----------
    name : str
        ``"mnist"``, or the name of its folder.
    train_images, test_images : ndarray of uint8, shape (N, pixels)
    train_labels, test_labels : ndarray of integers, shape (N,)
    shape : tuple of int
        Of an image before its pixels were put in a row.
    """

    name: str
    shape: tuple[int, ...]
    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array


def published_root() -> Path | None:
    """Return the folder of the published sets: IDXFAST_DATA, or one beside the repository."""
    if folder := os.environ.get("IDXFAST_DATA"):
        return Path(folder)
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return beside if beside.is_dir() else None


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
        "--data", type=Path, metavar="FOLDER", help="a labelled IDX set of your own"
    )


def chosen(options: argparse.Namespace) -> list[str]:
    """Return the data sets that the options choose, as `read` takes them."""
    sources = list(options.datasets)
    if options.data is not None:
        sources.append(str(options.data.resolve()))
    root = published_root()
    at_hand = [name for name in PUBLISHED if root is not None and (root / name).is_dir()]
    return sources or at_hand or [SYNTHETIC]


def read(source: str) -> Labelled:
    """Read a published set by name, the synthetic digits, or the files of a folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it lacks training or test files.
    IdxError
        If a file is damaged.
    """
    if source == SYNTHETIC:
        images, labels = digits(_SYNTHETIC_TRAIN + _SYNTHETIC_TEST)
        train = images[:_SYNTHETIC_TRAIN], labels[:_SYNTHETIC_TRAIN]
        test = images[_SYNTHETIC_TRAIN:], labels[_SYNTHETIC_TRAIN:]
        return _labelled(SYNTHETIC, train, test)
    folder = Path(source)
    if source in PUBLISHED:
        root = published_root()
        if root is None:
            raise FileNotFoundError(f"{source}: set IDXFAST_DATA to the folder of the data sets")
        folder = root / source
    train = idxfast.load_dataset(folder, "train")
    return _labelled(folder.resolve().name, train, idxfast.load_dataset(folder, "test"))


def _labelled(name: str, train: tuple[Array, Array], test: tuple[Array, Array]) -> Labelled:
    return Labelled(name, train[0].shape[1:], *_flat(*train), *_flat(*test))


def _flat(images: Array, labels: Array) -> tuple[Array, Array]:
    """Put the pixels of each image in a row; of a table of labels, take the class."""
    return images.reshape(len(images), -1), np.ascontiguousarray(
        labels.reshape(len(labels), -1)[:, 0]
    )
