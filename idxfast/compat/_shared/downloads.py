"""Published files, downloaded when they are not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...containers.archives import EMNIST
from . import files
from .files import Array, Pair, has_four

if TYPE_CHECKING:
    from ...datasets.catalogue import File


def load_four(name: str, directory: str | os.PathLike[str] | None) -> tuple[Pair, Pair]:
    """Load the training and the test pair of a published set of four files.

    Parameters
    ----------
    name : str
        The set, as `idxfast.datasets` calls it.
    directory : str or PathLike, optional
        If it holds the files, they are read as they are. If not, this is where they are downloaded
        to, and what is loaded are the bytes that were verified.
    """
    if directory is not None and has_four(directory):
        return files.load_four(os.fspath(directory))
    return load_published(name, "train", directory), load_published(name, "test", directory)


def load_published(name: str, kind: str, directory: str | os.PathLike[str] | None) -> Pair:
    """Load the images, as they are stored, and labels of a published set, downloaded if need be."""
    from ... import datasets

    return datasets.load(name, kind, directory, upright=False)


def download(name: str, directory: str | os.PathLike[str] | None) -> str:
    """The folder that a published set has been downloaded to."""
    from ...datasets import fetch

    return os.fsdecode(fetch(name, directory))


def download_file(name: str, filename: str, path: str) -> None:
    """Have one file of a published set at a path: another file that stands there is replaced."""
    from ...datasets import fetching

    fetching.fetch_file(name, filename, path)


def load_file(name: str, filename: str, path: str) -> Array:
    """Have one file of a published set at a path, and load it from the bytes that were verified."""
    from ...datasets import verifying

    download_file(name, filename, path)
    return verifying.load_verified(path, published(name, filename))


def published(name: str, filename: str) -> File:
    """What the catalogue says of one file of a set."""
    from ...datasets import catalogue

    (file,) = (file for file in catalogue.find(name).files if file.name == filename)
    return file


def download_emnist(path: str) -> None:
    """Have EMNIST's zip file at a path."""
    # Each of its sets names it.
    download_file("emnist-digits", EMNIST, path)
