"""The files of a published set, downloaded if they are missing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .files import Array, Pair
from .four_files import has_four, load_four

if TYPE_CHECKING:
    from ...datasets.catalogue import File


def load_or_download(name: str, directory: str | os.PathLike[str] | None) -> tuple[Pair, Pair]:
    """Load the training pair and the test pair of a set of four files.

    Parameters
    ----------
    name : str
        The set's name in `idxfast.datasets`.
    directory : str or PathLike, optional
        If it holds the four files, they are loaded and not verified. Otherwise the set is
        downloaded into it, and the bytes that are loaded are those that were verified.
    """
    if directory is not None and has_four(directory):
        return load_four(os.fspath(directory))
    return load_published(name, "train", directory), load_published(name, "test", directory)


def load_published(name: str, kind: str, directory: str | os.PathLike[str] | None) -> Pair:
    """Load images, as they are stored, and labels of a set, which is downloaded if necessary."""
    from ... import datasets

    return datasets.load(name, kind, directory, upright=False)


def download(name: str, directory: str | os.PathLike[str] | None) -> str:
    """Download what is missing of a set, and return its folder."""
    from ...datasets import fetch

    return os.fsdecode(fetch(name, directory))


def download_file(name: str, filename: str, path: str) -> None:
    """Download one file of a set to a path, in place of any other file there."""
    from ...datasets import fetching

    fetching.fetch_file(name, filename, path)


def load_file(name: str, filename: str, path: str) -> Array:
    """Download one file of a set to a path, and load it from the bytes that were verified."""
    from ...datasets import verifying

    download_file(name, filename, path)
    return verifying.load_verified(path, published(name, filename))


def published(name: str, filename: str) -> File:
    """The catalogue's entry for one file of a set."""
    from ...datasets import catalogue

    (file,) = (file for file in catalogue.find(name).files if file.name == filename)
    return file


@contextlib.contextmanager
def progress(is_shown: bool) -> Iterator[None]:
    """Show progress bars for what is downloaded in a ``with`` block, or do not."""
    from ...datasets.transfer import shows_progress

    token = shows_progress.set(is_shown)
    try:
        yield
    finally:
        shows_progress.reset(token)
