"""In place of TensorFlow 1's reader: ``from idxfast.compat.tensorflow import read_data_sets``.

What differs:

- `DataSet` shuffles the order in which images are taken, not the images; for a seed the order is
  the same. Its random numbers are its own: numpy's global ones are not seeded anew.
- A batch of more images than there are takes as many epochs as it needs.
- Files that are damaged or do not belong together are errors. A label beyond the classes is an
  IndexError before any memory is taken for one-hot labels.
- `fake_data` needs no files, as before, but `source_url` only says which set to download, by
  `idxfast.datasets.fetch`, if the folder does not hold it.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from ..errors import printable
from ._shared.batches import DataSet
from ._shared.downloads import load_four
from ._shared.files import Array, has_four, load_typed

__all__ = [
    "DEFAULT_SOURCE_URL",
    "DataSet",
    "Datasets",
    "extract_images",
    "extract_labels",
    "read_data_sets",
]

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"

_SETS = {
    DEFAULT_SOURCE_URL: "mnist",
    "http://yann.lecun.com/exdb/mnist/": "mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/": "fashion-mnist",
}


class Datasets(NamedTuple):
    """What `read_data_sets` returns."""

    train: DataSet
    validation: DataSet
    test: DataSet


def extract_images(f: Any) -> Array:
    """Read images from an open file, gzip or not, and print its name.

    Returns
    -------
    ndarray of uint8, (n, rows, columns, 1)

    Raises
    ------
    IdxError
        If it is no whole file of images; a ValueError.
    """
    print("Extracting", printable(str(f.name)))
    return load_typed(f, "images", 3)[..., np.newaxis]


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> Array:
    """Read labels from an open file, gzip or not, and print its name.

    Returns
    -------
    ndarray
        uint8 (n,), or float64 (n, num_classes) with a 1 at each label.

    Raises
    ------
    IdxError
        If it is no whole file of labels; a ValueError.
    IndexError
        If `one_hot`, and there is a label beyond the classes.
    """
    print("Extracting", printable(str(f.name)))
    labels = load_typed(f, "labels", 1)
    return _one_hot(labels, num_classes) if one_hot else labels


def read_data_sets(
    train_dir: str | os.PathLike[str],
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = np.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """Load MNIST, or a set like it, and split off images for validation.

    Parameters
    ----------
    train_dir : str or PathLike
        The folder of the four files.
    fake_data, one_hot, dtype, reshape, seed
        As for `DataSet`.
    validation_size : int
        How many of the first training images to set apart.
    source_url : str
        Which set to download, MNIST or Fashion-MNIST, if files are not there.

    Raises
    ------
    ValueError
        If there are not as many training images as `validation_size`, the files are damaged, or
        files are not there and `source_url` is not known.
    """
    options = {"one_hot": one_hot, "dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        nothing = np.empty(0, np.uint8)
        return Datasets(*(DataSet(nothing, nothing, fake_data=True, **options) for _ in range(3)))
    # If the folder holds the files, it does not matter what the address is.
    name = "" if has_four(train_dir) else _set_at(source_url)
    (images, labels), test = load_four(name, train_dir)
    if not 0 <= validation_size <= len(images):
        raise ValueError(
            f"Validation size should be between 0 and {len(images)}. Received: {validation_size}."
        )
    size = validation_size
    pairs = (images[size:], labels[size:]), (images[:size], labels[:size]), test
    return Datasets(
        *(
            DataSet(images[..., np.newaxis], _one_hot(labels, 10) if one_hot else labels, **options)
            for images, labels in pairs
        )
    )


def _set_at(source_url: str) -> str:
    """The set, as `idxfast.datasets` calls it, of an address; or of that name itself."""
    from ..datasets import catalogue

    name = _SETS.get(source_url or DEFAULT_SOURCE_URL, source_url)
    if name not in catalogue.datasets():
        raise ValueError(f"source_url is {source_url!r}, which is not one of {', '.join(_SETS)}")
    return name


def _one_hot(labels: Array, num_classes: int) -> Array:
    # Before any memory is taken for a file that holds something else.
    if labels.max(initial=0) >= num_classes and len(labels):
        raise IndexError(f"label {labels.max()} is not one of {num_classes} classes")
    encoded = np.zeros((len(labels), num_classes))
    encoded[np.arange(len(labels)), labels] = 1
    return encoded
