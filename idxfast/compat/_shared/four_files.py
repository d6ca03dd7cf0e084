"""The four files of MNIST in a folder, with or without .gz."""

from __future__ import annotations

import os

from .files import Pair, load_pair

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def path_of(
    directory: str | os.PathLike[str], name: str, suffixes: tuple[str, ...] = ("", ".gz")
) -> str | None:
    """The path of a file, under its name and the first suffix with which it exists."""
    for suffix in suffixes:
        path = os.path.join(directory, name + suffix)
        if os.path.isfile(path):
            return path
    return None


def has_four(directory: str | os.PathLike[str]) -> bool:
    """Whether a folder holds the four files."""
    return all(path_of(directory, name) for name in TRAIN + TEST)


def load_four(directory: str) -> tuple[Pair, Pair]:
    """Load the training pair and the test pair of a folder.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    IdxError
        As `load_pair` raises it.
    """
    (train_images, train_labels), (test_images, test_labels) = (
        [path_of(directory, name) or os.path.join(directory, name) for name in pair]
        for pair in (TRAIN, TEST)
    )
    return load_pair(train_images, train_labels), load_pair(test_images, test_labels)
