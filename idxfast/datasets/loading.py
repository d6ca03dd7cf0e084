"""A published data set as arrays, by its name."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import FetchError
from .catalogue import find
from .fetching import fetch, folder_of
from .folder import join
from .pairs import Pair, find_pair
from .verifying import load_verified


def load(
    name: str,
    kind: str = "train",
    directory: str | os.PathLike[str] | None = None,
    *,
    split: str | None = None,
    upright: bool = True,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read the images and the labels of a published data set, fetched if need be.

    Parameters
    ----------
    name, directory, split
        As for `fetch`.
    kind, upright
        As for `idxfast.load_dataset`. Kannada-MNIST also has ``"dig"``; XNIST has only ``"xnist"``.

    Returns
    -------
    images, labels : ndarray
        As `idxfast.load_dataset` returns them.

    Raises
    ------
    FetchError, ImportError, OSError
        As `fetch` does.
    ValueError
        If there is no set of that name, or there are several.
    FileNotFoundError
        If the set has no such kind.

    Notes
    -----
    The bytes that become the arrays are the bytes that were verified: each file is read into memory
    once, and is hashed and decoded there, so that other processes may change the directory
    meanwhile. Only the two files that are needed are read. If one of them is missing or damaged,
    the set is fetched.
    """
    dataset = find(name, split)
    files = {file.name: file for file in dataset.files}
    pair = find_pair(files, kind, dataset.name)
    folder = folder_of(dataset.name, directory)
    paths = Pair(*(os.path.join(folder, filename) for filename in pair))

    def read() -> list[np.ndarray[Any, Any]]:
        return [load_verified(path, files[file]) for path, file in zip(paths, pair, strict=True)]

    try:
        images, labels = read()
    except (FileNotFoundError, FetchError):
        fetch(dataset.name, directory)
        images, labels = read()
    return join(images, labels, pair, paths, upright=upright)
