"""A published data set as arrays, by its name."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..directory import load_pair
from ..names import find_pair
from .catalogue import find
from .fetching import fetch


def load(
    name: str,
    kind: str = "train",
    directory: str | os.PathLike[str] | None = None,
    *,
    upright: bool = True,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read the images and the labels of a published data set, fetched if need be.

    Parameters
    ----------
    name, directory
        As for `fetch`.
    kind, upright
        As for `idxfast.load_dataset`. Kannada-MNIST also has ``"dig"``; XNIST has ``"xnist"`` only.

    Returns
    -------
    images, labels : ndarray
        As `idxfast.load_dataset` returns them.

    Raises
    ------
    FetchError, ImportError, OSError
        As `fetch` does.
    FileNotFoundError
        If the set has no such kind.
    """
    pair = find_pair([file.name for file in find(name).files], kind, name)
    return load_pair(fetch(name, directory), pair, upright=upright)
