"""The four files of a folder as training, validation and test sets."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from ...errors import printable
from .._shared.downloads import load_or_download
from .._shared.files import Array, load_typed
from .._shared.four_files import has_four
from .batches import DataSet

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
"""The default of `source_url`: the address that the original downloads MNIST from."""

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
    """Read images from an open file, raw or compressed, and print its name.

    Returns
    -------
    ndarray of uint8, (n, rows, columns, 1)

    Raises
    ------
    IdxError
        If it is not a whole file of images.
    """
    print("Extracting", printable(str(f.name)))
    return load_typed(f, "images")[..., np.newaxis]


def dense_to_one_hot(labels_dense: Array, num_classes: int = 10) -> Array:
    """Give each label a row of zeros with a 1 at the label.

    Parameters
    ----------
    labels_dense : ndarray of int
        Labels from 0 to num_classes - 1; an array of several dimensions is taken as a flat one.
    num_classes : int

    Returns
    -------
    ndarray of float64, (n, num_classes)

    Raises
    ------
    IndexError
        If a label is negative, or not less than `num_classes`.
    """
    labels = labels_dense.ravel()
    # Checked before memory is taken, in case the file holds something other than labels.
    for label in (labels.min(initial=0), labels.max(initial=0)):
        if labels.size and not 0 <= label < num_classes:
            raise IndexError(f"label {label} is not one of {num_classes} classes")
    encoded = np.zeros((len(labels), num_classes))
    encoded[np.arange(len(labels)), labels] = 1
    return encoded


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> Array:
    """Read labels from an open file, raw or compressed, and print its name.

    Returns
    -------
    ndarray
        uint8 (n,), or float64 (n, num_classes) with a 1 at each label.

    Raises
    ------
    IdxError
        If it is not a whole file of labels.
    IndexError
        If `one_hot` is set and a label is not less than `num_classes`.
    """
    print("Extracting", printable(str(f.name)))
    labels = load_typed(f, "labels")
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


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
        The number of training images, from the first on, to use for validation instead.
    source_url : str
        Which set to download, MNIST or Fashion-MNIST, if files are missing.

    Raises
    ------
    ValueError
        If there are fewer training images than `validation_size`, a file is damaged, or files are
        missing and `source_url` is not known.
    """
    options = {"one_hot": one_hot, "dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        nothing = np.empty(0, np.uint8)
        return Datasets(*(DataSet(nothing, nothing, fake_data=True, **options) for _ in range(3)))
    # If the folder holds the files, the address does not matter.
    name = "" if has_four(train_dir) else _set_at(source_url)
    (images, labels), test = load_or_download(name, train_dir)
    if not 0 <= validation_size <= len(images):
        raise ValueError(
            f"Validation size should be between 0 and {len(images)}. Received: {validation_size}."
        )
    size = validation_size
    pairs = (images[size:], labels[size:]), (images[:size], labels[:size]), test
    return Datasets(
        *(
            DataSet(
                images[..., np.newaxis], dense_to_one_hot(labels) if one_hot else labels, **options
            )
            for images, labels in pairs
        )
    )


def load_mnist(train_dir: str | os.PathLike[str] = "MNIST-data") -> Datasets:
    """Load MNIST by `read_data_sets`, with its other arguments as they are by default."""
    return read_data_sets(train_dir)


def _set_at(source_url: str) -> str:
    """The name in `idxfast.datasets` of the set at an address, which may also be such a name."""
    from ...datasets import catalogue

    name = _SETS.get(source_url or DEFAULT_SOURCE_URL, source_url)
    if name not in catalogue.datasets():
        raise ValueError(f"source_url is {source_url!r}, which is not one of {', '.join(_SETS)}")
    return name
