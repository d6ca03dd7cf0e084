"""Published files, downloaded when they are not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .archives import EMNIST
from .files import Array, has_four

if TYPE_CHECKING:
    from ..datasets.catalogue import File


def find_or_fetch(name: str, directory: str | os.PathLike[str] | None) -> str:
    """The folder that holds the four files of a published set.

    Parameters
    ----------
    name : str
        The set, as `idxfast.datasets` calls it.
    directory : str or PathLike, optional
        If it holds the files, it is the answer and nothing else is looked at. If not, this is
        where they are downloaded to.
    """
    if directory is not None and has_four(directory):
        return os.fspath(directory)
    return download(name, directory)


def download(name: str, directory: str | os.PathLike[str] | None) -> str:
    """The folder that a published set has been downloaded to."""
    from ..datasets import fetch

    return os.fsdecode(fetch(name, directory))


def download_file(name: str, filename: str, path: str) -> None:
    """Have one file of a published set at a path: another file that stands there is replaced."""
    from ..datasets import fetching

    fetching.fetch_file(name, filename, path)


def load_file(name: str, filename: str, path: str) -> Array:
    """Have one file of a published set at a path, and load it from the bytes that were verified."""
    from ..datasets import verifying

    download_file(name, filename, path)
    return verifying.load_verified(path, published(name, filename))


def published(name: str, filename: str) -> File:
    """What the catalogue says of one file of a set."""
    from ..datasets import catalogue

    (file,) = (file for file in catalogue.find(name).files if file.name == filename)
    return file


def download_emnist(path: str) -> None:
    """Have EMNIST's zip file at a path."""
    # Each of its sets names it.
    download_file("emnist-digits", EMNIST, path)
