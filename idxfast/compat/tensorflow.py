"""In place of TensorFlow 1's reader: ``from idxfast.compat.tensorflow import read_data_sets``.

What differs:

- `DataSet` shuffles the order in which images are taken, not the images; for a seed the order is
  the same. Its random numbers are its own: numpy's global ones are not seeded anew.
- A batch of more images than there are takes as many epochs as it needs.
- Files that are damaged or do not belong together are errors.
- `fake_data` needs no files, as before, but `source_url` only says which set to download, by
  `idxfast.datasets.fetch`, if the folder does not hold it.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from .downloads import find_or_fetch
from .files import Array, load_four, load_typed

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"

_SETS = {
    DEFAULT_SOURCE_URL: "mnist",
    "http://yann.lecun.com/exdb/mnist/": "mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/": "fashion-mnist",
}
_FAKE_EXAMPLES = 10_000
_PIXELS = 28 * 28


class Datasets(NamedTuple):
    """What `read_data_sets` returns."""

    train: DataSet
    validation: DataSet
    test: DataSet


class DataSet:
    """Images and labels, to be taken in batches.

    Parameters
    ----------
    images : ndarray of uint8, (n, rows, columns, 1)
    labels : ndarray, (n,) or (n, classes)
    fake_data : bool
        Hold nothing, and give made-up batches.
    one_hot : bool
        Whether made-up labels are one-hot.
    dtype : {float32, uint8}
        float32 is from 0 to 1; a type of TensorFlow will do.
    reshape : bool
        Make each image a row of pixels.
    seed : int, optional

    Raises
    ------
    TypeError
        If the type is another.
    """

    def __init__(
        self,
        images: Array,
        labels: Array,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = np.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        kind = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
        if kind not in (np.dtype(np.uint8), np.dtype(np.float32)):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        self.one_hot = one_hot
        self._random = np.random.RandomState(seed)
        self._next = 0
        self._epochs = 0
        self._images, self._labels = images, labels
        self._order = np.arange(_FAKE_EXAMPLES if fake_data else len(images))
        if fake_data:
            return
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} images, but {len(labels)} labels")
        if reshape:
            self._images = images.reshape(len(images), images.shape[1] * images.shape[2])
        if kind == np.float32:
            self._images = self._images.astype(np.float32)
            self._images *= np.float32(1 / 255)

    @property
    def images(self) -> Array:
        """All images, in the order of the file."""
        return self._images

    @property
    def labels(self) -> Array:
        """All labels, in the order of the file."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many images there are."""
        return len(self._order)

    @property
    def epochs_completed(self) -> int:
        """How many times all images have been given."""
        return self._epochs

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """The next images and labels.

        Parameters
        ----------
        batch_size : int
        fake_data : bool
            Give made-up ones.
        shuffle : bool
            Shuffle at the first call and at the start of each epoch. A batch that is not complete
            at the end of an epoch is filled from the next one.
        """
        if fake_data:
            label: Any = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * _PIXELS] * batch_size, [label] * batch_size
        if not len(self._order):
            raise ValueError("there are no images to take a batch from")
        if shuffle and self._next == 0 and self._epochs == 0:
            self._shuffle()
        taken = self._order[self._next : self._next + batch_size]
        self._next += len(taken)
        while len(taken) < batch_size:
            self._epochs += 1
            if shuffle:
                self._shuffle()
            self._next = min(batch_size - len(taken), len(self._order))
            taken = np.concatenate([taken, self._order[: self._next]])
        return self._images[taken], self._labels[taken]

    def _shuffle(self) -> None:
        permutation = np.arange(len(self._order))
        self._random.shuffle(permutation)
        self._order = self._order[permutation]


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
    print("Extracting", f.name)
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
    print("Extracting", f.name)
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
        If there are not as many training images as `validation_size`, or the files are damaged.
    """
    options = {"one_hot": one_hot, "dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        nothing = np.empty(0, np.uint8)
        return Datasets(*(DataSet(nothing, nothing, fake_data=True, **options) for _ in range(3)))
    name = _SETS.get(source_url or DEFAULT_SOURCE_URL, source_url)
    (images, labels), test = load_four(find_or_fetch(name, train_dir))
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


def _one_hot(labels: Array, num_classes: int) -> Array:
    encoded = np.zeros((len(labels), num_classes))
    encoded[np.arange(len(labels)), labels] = 1
    return encoded
