"""In place of pylearn2's reader: ``from idxfast.compat.pylearn2 import read_mnist_images``.

What differs:

- gzip, xz and bzip2 files are read, too, from a path and from an open file. The original needs a
  file with a descriptor.
- A file that is damaged or holds something else is an `idxfast.IdxError`, which is a ValueError.
  The original does not compare the number of labels with that in the header.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._shared.files import Array, load_typed

__all__ = ["MNIST_IMAGE_MAGIC", "MNIST_LABEL_MAGIC", "read_mnist_images", "read_mnist_labels"]

MNIST_IMAGE_MAGIC = 2051
"""The first four bytes of a file of images, as a big-endian number."""

MNIST_LABEL_MAGIC = 2049
"""The first four bytes of a file of labels, as a big-endian number."""


def read_mnist_images(fn: Any, dtype: Any = None) -> Array:
    """Read images.

    Parameters
    ----------
    fn : str, PathLike or binary file object
        An open file is read from its current position and stays open.
    dtype : dtype, optional
        By default uint8. bool means pixels of at least 128. float and complex pixels are from 0 to
        1. Any other dtype holds the same numbers as uint8 if it can.

    Returns
    -------
    ndarray, (n, rows, columns)

    Raises
    ------
    IdxError
        If it is not a whole file of images.
    """
    images = load_typed(fn, "images")
    if dtype is None:
        return images
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return images >= 128
    converted = images.astype(dtype)
    if dtype.kind in "fc":
        converted /= 255.0
    return converted


def read_mnist_labels(fn: Any) -> Array:
    """Read labels, uint8 (n,), as `read_mnist_images` reads images."""
    return load_typed(fn, "labels")
