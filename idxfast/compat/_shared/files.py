"""Local files, as the loaders beside this one read them."""

from __future__ import annotations

import gzip
import math
import os
import sys
from typing import Any, Literal

import numpy as np

from ...datasets.folder import check_counts
from ...errors import FormatError
from ...reading import loading

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def load(file: Any) -> Array:
    """Load an IDX file as `idxfast.load` does, through a file of the gzip module if need be.

    Of what `gzip.open` gave, and nobody has read from yet, the file beneath is loaded, which is
    several times as fast. Afterwards it stands at its start again, not at its end.
    """
    unread = type(file) is gzip.GzipFile and file.readable() and not file.tell()
    beneath: Any = getattr(file, "fileobj", None) if unread else None
    # gzip reads whatever has read, and ahead: where the file beneath stands tells whether it has
    # begun.
    if not getattr(beneath, "seekable", bool)() or beneath.tell():
        return loading.load(file)
    try:
        return loading.load(beneath)
    finally:
        beneath.seek(0)


def big_endian(array: Array) -> Array:
    """The same values, in the same memory, in the byte order of IDX files."""
    if array.itemsize > 1 and sys.byteorder == "little":
        return array.byteswap(inplace=True).view(array.dtype.newbyteorder(">"))
    return array


def flat(images: Array) -> Array:
    """Images as rows of pixels."""
    return images.reshape(len(images), math.prod(images.shape[1:]))


def load_pair(images: Any, labels: Any) -> Pair:
    """Load images, uint8 of three dimensions, and as many labels, uint8 of one.

    Raises
    ------
    FormatError
        If a file holds something else.
    IdxError
        If their numbers differ, or a file is damaged.
    """
    pair = load_typed(images, "images", 3), load_typed(labels, "labels", 1)
    check_counts(*pair, _name_of(labels))
    return pair


def load_typed(file: Any, what: Literal["images", "labels"], ndim: int) -> Array:
    """Load a file of uint8 that has to have so many dimensions."""
    array = load(file)
    if array.dtype != np.uint8 or array.ndim != ndim:
        raise FormatError(
            f"not a file of {what}",
            filename=_name_of(file),
            offset=2,
            expected=f"uint8 of {ndim} dimensions",
            found=f"{array.dtype.name} of {array.ndim}",
        )
    return array


def _name_of(file: Any) -> str:
    if isinstance(file, (str, os.PathLike)):
        return os.fsdecode(file)
    return str(getattr(file, "name", file))


def path_of(
    directory: str | os.PathLike[str], name: str, suffixes: tuple[str, ...] = ("", ".gz")
) -> str | None:
    """The path of a file, or of the same file packed, if it is there."""
    for suffix in suffixes:
        path = os.path.join(directory, name + suffix)
        if os.path.isfile(path):
            return path
    return None


def has_four(directory: str | os.PathLike[str]) -> bool:
    """Whether a folder holds the four files of MNIST, packed or not."""
    return all(path_of(directory, name) for name in TRAIN + TEST)


def load_four(directory: str) -> tuple[Pair, Pair]:
    """Load the training and the test pair of a folder that holds the four files of MNIST."""
    (train_images, train_labels), (test_images, test_labels) = (
        [path_of(directory, name) or os.path.join(directory, name) for name in pair]
        for pair in (TRAIN, TEST)
    )
    return load_pair(train_images, train_labels), load_pair(test_images, test_labels)
