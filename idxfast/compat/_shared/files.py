"""One IDX file, or images and their labels, as arrays."""

from __future__ import annotations

import gzip
import math
import os
import sys
from typing import Any, Literal, TypeAlias

import numpy as np

from ...datasets.fitting import check_counts
from ...errors import FormatError
from ...reading import loading

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]
Content: TypeAlias = Literal["images", "labels"]

NDIM: dict[Content, int] = {"images": 3, "labels": 1}


def load(file: Any) -> Array:
    """Load an IDX file as `idxfast.load` does, and the file beneath an unread file of `gzip.open`.

    If `file` comes from `gzip.open` and nothing has been read from it, the file beneath is loaded,
    because our decoder is faster than the gzip module's. Afterwards `file` is at its start, not at
    its end.
    """
    is_reader = type(file) is gzip.GzipFile and file.readable()
    beneath: Any = file.fileobj if is_reader else None
    # The gzip module reads ahead, even for peek(). Only the position of the file beneath tells
    # whether it has begun.
    if not getattr(beneath, "seekable", bool)() or beneath.tell():
        return loading.load(file)
    try:
        return loading.load(beneath)
    finally:
        beneath.seek(0)


def load_pair(images: Any, labels: Any) -> Pair:
    """Load images, uint8 of three dimensions, and as many labels, uint8 of one dimension.

    Raises
    ------
    FormatError
        If a file holds something else.
    IdxError
        If the numbers of images and labels differ, or a file is damaged.
    """
    pair = load_typed(images, "images"), load_typed(labels, "labels")
    check_counts(pair[0].shape, pair[1].shape, _name_of(labels))
    return pair


def load_typed(file: Any, content: Content) -> Array:
    """Load a file of images or of labels; errors as of `check_type`."""
    array = load(file)
    check_type(array, content, _name_of(file))
    return array


def check_type(array: Array, content: Content, filename: str) -> None:
    """Refuse an array that is not what its file should hold: images, or labels.

    Raises
    ------
    FormatError
        If it is not uint8, of three dimensions for images and one for labels.
    """
    ndim = NDIM[content]
    if array.dtype != np.uint8 or array.ndim != ndim:
        raise FormatError(
            f"not a file of {content}",
            part="dimensions" if array.dtype == np.uint8 else "type",
            filename=filename,
            offset=2,
            expected=f"uint8 of {ndim} dimensions",
            found=f"{array.dtype.name} of {array.ndim}",
        )


def _name_of(file: Any) -> str:
    if isinstance(file, (str, os.PathLike)):
        return os.fsdecode(file)
    return str(getattr(file, "name", file))


def big_endian(array: Array) -> Array:
    """The same values, in the same memory, in the byte order of IDX files."""
    if array.itemsize > 1 and sys.byteorder == "little":
        return array.byteswap(inplace=True).view(array.dtype.newbyteorder(">"))
    return array


def flat(images: Array) -> Array:
    """Images as rows of pixels."""
    return images.reshape(len(images), math.prod(images.shape[1:]))
