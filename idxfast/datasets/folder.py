"""Images and labels together, from the files of a directory."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import IdxError
from ..reading.loading import load
from .pairs import Pair, find_pair, words_of

# How many images are transposed at once: few enough that their copy stays in cache.
_BATCH = 256


def load_dataset(
    directory: str | os.PathLike[str], kind: str = "train", *, upright: bool = True
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read the images and the labels of a data set from a directory.

    Parameters
    ----------
    directory : str or PathLike
        Where the files are: raw, gzip, xz or bzip2, with dashes or dots in their names, as MNIST
        and the sets that follow it name them (``train-images-idx3-ubyte.gz``,
        ``t10k-labels.idx1-ubyte``, ``emnist-letters-test-images-idx3-ubyte.gz``,
        ``qmnist-train-labels-idx2-int.gz``).
    kind : str
        Which files: ``"train"``, ``"test"`` (or ``"t10k"``), or more words of the names where a
        directory has several sets, like ``"letters-train"``.
    upright : bool
        EMNIST stores its images transposed. They are turned upright unless this is False. Other
        sets, and EMNIST's files under other names, are left as they are.

    Returns
    -------
    images, labels : ndarray
        As `load` returns them: images of shape (N, 28, 28), uint8; labels of shape (N,), uint8.
        QMNIST's labels have shape (N, 8), int32, with the class in column 0. Labels are as stored:
        EMNIST's letters are 1 to 26.

    Raises
    ------
    FileNotFoundError
        If the directory has no images with labels of that kind.
    ValueError
        If the directory has several sets of that kind.
    IdxError
        If a file is damaged, or the numbers of images and labels differ.
    """
    directory = os.fsdecode(directory)
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries if entry.is_file()]
    pair = find_pair(names, kind, directory)
    return load_pair(directory, pair, upright=upright)


def load_pair(
    directory: str | os.PathLike[str], pair: Pair, *, upright: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read two files of a directory, as `load_dataset` does."""
    images_file, labels_file = (os.path.join(directory, name) for name in pair)
    images, labels = load(images_file), load(labels_file)
    return join(images, labels, pair, labels_file, upright=upright)


def join(
    images: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    pair: Pair,
    labels_file: str,
    *,
    upright: bool,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images and labels as `load_dataset` returns them, from the arrays of their files."""
    check_counts(images, labels, labels_file)
    square = images.ndim == 3 and images.shape[1] == images.shape[2]
    if upright and square and words_of(pair.images)[0] == "emnist":
        _transpose(images)
    return images, labels


def check_counts(images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], filename: str) -> None:
    """Refuse labels, from the file named, whose number is not that of the images."""
    expected, found = (len(array) if array.ndim else "no row" for array in (images, labels))
    if not images.ndim or expected != found:
        raise IdxError(
            "there are not as many labels as images",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=expected,
            found=found,
        )


def _transpose(images: np.ndarray[Any, Any]) -> None:
    """Swap rows and columns of square images, in place."""
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        batch[:] = batch.swapaxes(1, 2).copy()
