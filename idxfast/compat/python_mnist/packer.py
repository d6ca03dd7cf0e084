"""Images and labels into IDX files."""

from __future__ import annotations

import os
from array import array
from typing import Any

import numpy as np

from ...storage import outputs
from ...writing.saving import DEFAULT_LEVEL, dumps
from .._shared.files import Array


def img_packer(
    path: str,
    filename: str,
    imgs: Any,
    gzip: bool = False,
    magic: int = 2051,
    rows: int = 28,
    cols: int = 28,
) -> None:
    """Write images, each a sequence of rows * cols pixels, as an IDX file in a folder.

    Raises
    ------
    TypeError
        If the images are neither a list nor an array.
    ValueError
        If they are not what the file's header would announce.
    """
    pixels = _bytes_of(imgs, magic, 2051, "Unsupported data type.")
    if pixels.size != len(pixels) * rows * cols:
        raise ValueError(f"the images are not of {rows} rows and {cols} columns")
    _pack(os.path.join(path, filename), pixels.reshape(len(pixels), rows, cols), gzip)


def label_packer(
    path: str, filename: str, label: Any, gzip: bool = False, magic: int = 2049
) -> None:
    """Write labels as an IDX file in a folder. Errors are those of `img_packer`."""
    labels = _bytes_of(label, magic, 2049, "Unsupported label type.")
    if labels.ndim != 1:
        raise ValueError(f"labels of {labels.ndim} dimensions")
    _pack(os.path.join(path, filename), labels, gzip)


def _bytes_of(values: Any, magic: int, expected_magic: int, complaint: str) -> Array:
    if not isinstance(values, (list, array, np.ndarray)):
        raise TypeError(complaint)
    if magic != expected_magic:
        raise ValueError(f"the magic number of such a file is {expected_magic}, not {magic}")
    numbers = np.asarray(values)
    if numbers.size and (
        numbers.dtype.kind not in "iu" or not 0 <= numbers.min() <= numbers.max() <= 255
    ):
        raise ValueError("only integers from 0 to 255 fit into a byte")
    return numbers.astype(np.uint8)


def _pack(path: str, values: Array, packed: bool) -> None:
    outputs.write(path, [dumps(values, compresslevel=DEFAULT_LEVEL if packed else None)])
