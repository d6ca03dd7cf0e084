"""The four files of MNIST in a folder, with or without .gz.

Files are looked for under the names that the original looks for. If one of a pair is missing, both
are found as `idxfast.load_dataset` finds them, in that folder and below.
"""

from __future__ import annotations

import contextlib
import os

from ...datasets.finding import search
from ...datasets.naming import name_of
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


def find_pair(
    directory: str | os.PathLike[str],
    names: tuple[str, str],
    suffixes: tuple[str, ...] = ("", ".gz"),
    below: str | os.PathLike[str] | None = None,
) -> tuple[str, str] | None:
    """The paths of images and labels; None if they are missing or ambiguous.

    Parameters
    ----------
    directory : str or PathLike
    names : tuple of str
        The names that the original looks for, without the suffixes.
    suffixes : tuple of str
        The suffixes that the original looks for.
    below : str or PathLike, optional
        The folder to search if the original would find nothing; by default `directory`.
    """
    images, labels = (path_of(directory, name, suffixes) for name in names)
    if images and labels:
        return images, labels
    parsed = [name_of((name,)) for name in names]
    if [name.role for name in parsed] != ["images", "labels"] or parsed[0].own_words != parsed[
        1
    ].own_words:
        return None  # The names are a caller's own, which python-mnist allows.
    kind = "-".join(parsed[0].own_words)
    with contextlib.suppress(OSError, ValueError):
        root = os.fspath(directory if below is None else below)
        choice = search(root, kind, archives=False, exact=True)
        return choice.images.path, choice.labels.path
    return None


def has_four(directory: str | os.PathLike[str]) -> bool:
    """Whether a folder holds the four files."""
    return all(find_pair(directory, names) for names in (TRAIN, TEST))


def load_four(directory: str) -> tuple[Pair, Pair]:
    """Load the training pair and the test pair of a folder.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    IdxError
        As `load_pair` raises it.
    """
    train, test = (
        find_pair(directory, names) or [os.path.join(directory, name) for name in names]
        for names in (TRAIN, TEST)
    )
    return load_pair(*train), load_pair(*test)
