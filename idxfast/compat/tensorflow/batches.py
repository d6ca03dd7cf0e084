"""Images and labels in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._shared.files import Array

_FAKE_EXAMPLES = 10_000
_PIXELS = 28 * 28


class DataSet:
    """Images and labels, from which batches are taken.

    Parameters
    ----------
    images : ndarray of uint8, (n, rows, columns, 1)
    labels : ndarray, (n,) or (n, classes)
    fake_data : bool
        Hold no data, and give made-up batches.
    one_hot : bool
        Whether made-up labels are one-hot.
    dtype : {float32, uint8}
        float32 pixels are from 0 to 1. A dtype of TensorFlow is accepted, too.
    reshape : bool
        Flatten each image to a row of pixels.
    seed : int, optional

    Raises
    ------
    TypeError
        If `dtype` is another.
    ValueError
        If the numbers of images and labels differ.
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
        """The number of images."""
        return len(self._order)

    @property
    def epochs_completed(self) -> int:
        """How many times all images have been taken."""
        return self._epochs

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """The next images and labels.

        Parameters
        ----------
        batch_size : int
        fake_data : bool
            Give a made-up batch.
        shuffle : bool
            Shuffle at the first call and at the start of each epoch. A batch that is incomplete at
            the end of an epoch is filled from the next one.
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
