"""Tensors from what callers pass as images and labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from ...datasets.fitting import check_counts
from ...errors import IdxError
from ...lazy.idx_file import IdxFile
from ...reading.loading import load
from ...reading.opening import open

Array: TypeAlias = np.ndarray[Any, Any]
Rows: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Path: TypeAlias = str | os.PathLike[str]
Source: TypeAlias = "torch.Tensor | Array | IdxFile"


def as_source(images: Path | Source) -> Source:
    """Images to be read as they are needed. An array becomes a tensor of its memory, if it can.

    Raises
    ------
    TypeError
        If these are neither a path, an `IdxFile`, an array nor a tensor.
    """
    if isinstance(images, (str, os.PathLike)):
        return open(images)
    if not isinstance(images, (torch.Tensor, np.ndarray, IdxFile)):
        raise TypeError(
            f"images is a {type(images).__name__}, not a path, IdxFile, array or tensor"
        )
    # A tensor is writable, in native byte order, and without negative strides.
    if (
        isinstance(images, np.ndarray)
        and images.flags.writeable
        and images.dtype.isnative
        and min(images.strides, default=0) >= 0
    ):
        return torch.from_numpy(images)
    return images


def as_tensor(images: Path | Source) -> torch.Tensor:
    """All images as one tensor. It shares the memory of an array or tensor, if it can.

    Errors as in `as_source`.
    """
    if isinstance(images, (str, os.PathLike)):
        return torch.from_numpy(load(images))
    source = as_source(images)
    return source if isinstance(source, torch.Tensor) else _from_array(np.asarray(source))


def as_labels(labels: Path | Source | Sequence[int]) -> torch.Tensor:
    """All labels as one tensor of int64.

    Raises
    ------
    TypeError
        If these are not integers.
    """
    if isinstance(labels, torch.Tensor):
        is_whole = not (labels.is_floating_point() or labels.is_complex())
        if is_whole:
            return labels.long()
        found = str(labels.dtype)
    else:
        array = load(labels) if isinstance(labels, (str, os.PathLike)) else np.asarray(labels)
        if array.dtype.kind in "iub" or not array.size:
            return torch.from_numpy(np.require(array, np.int64, ["C", "W"]))
        found = array.dtype.name
    raise TypeError(f"{name_of(labels)}: labels are whole numbers, not {found}")


def check_pair(images: Path | Source, labels: Any, shape: Sequence[int], count: int) -> None:
    """Refuse a data set that has no images, or not a label for each.

    Parameters
    ----------
    images, labels
        What the caller passed, for messages.
    shape : sequence of int
        The shape of the images.
    count : int
        The number of labels.

    Raises
    ------
    IdxError
    """
    check_counts(shape, (count,), name_of(labels))
    if not count:
        raise IdxError(
            "there are no images", part="dimensions", filename=name_of(images), offset=4, found=0
        )


def name_of(source: Any) -> str:
    """A name for messages."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    return source.name if isinstance(source, IdxFile) else f"<{type(source).__name__}>"


def row_of(source: Source, number: int) -> torch.Tensor:
    """One image; a view if the source is a tensor."""
    return source[number] if isinstance(source, torch.Tensor) else _from_array(source[number])


def as_rows(rows: Sequence[int]) -> Rows:
    """Numbers of images as an array. For a list of 256, torch takes six times as long as numpy."""
    return np.array(rows, np.int64)


def take(source: Source, rows: Rows) -> torch.Tensor:
    """Several images, in this order, as a new tensor; IndexError if one does not exist."""
    if isinstance(source, torch.Tensor):
        if rows.min(initial=0) < 0:
            rows = np.where(rows < 0, rows + len(source), rows)
        return source.index_select(0, torch.from_numpy(rows).to(source.device))
    return _from_array(source[rows])


def _from_array(array: Any) -> torch.Tensor:
    """A tensor of an array or a scalar, copied if it cannot share the array's memory."""
    array = np.asarray(array)
    return torch.from_numpy(np.require(array, array.dtype.newbyteorder("="), ["C", "W"]))
