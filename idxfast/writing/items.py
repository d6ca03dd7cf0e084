"""The items of a file, which are its elements along the first axis, as callers pass them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import IdxError, SizeError
from ..format import Header, pack, parse
from ..storage.inputs import is_url
from .saving import has_type, unmasked

# A dimension of IDX has 32 bits.
MAX_COUNT = 0xFFFFFFFF


def as_items(data: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The data as an array of items, of the file's type in any byte order.

    Parameters
    ----------
    data : array_like
        Items, or a single one, which has one dimension less.
    dtype : numpy.dtype
        The type of the elements, in the file's byte order.
    shape : tuple of int
        The shape of an item.

    Raises
    ------
    TypeError
        If the data are of another type.
    ValueError
        If they have another shape.
    """
    array: np.ndarray[Any, Any] = data
    if type(data) is not np.ndarray or data.dtype != dtype:
        array = unmasked(data)
        if not has_type(array.dtype) or array.dtype.newbyteorder(">") != dtype:
            raise TypeError(
                f"the file holds {dtype.name}, not {array.dtype.name}: "
                f"array.astype('{dtype.name}'), if the values fit"
            )
    if array.shape == shape:
        return array[np.newaxis]
    if array.shape[1:] != shape:
        many = ", ".join(["n", *map(str, shape)])
        raise ValueError(
            f"an item of the file has the shape {shape}, and n items have ({many}), "
            f"but the array has {array.shape}"
        )
    return array


def check_count(
    count: int, dtype: np.dtype[Any], item_shape: tuple[int, ...], filename: str
) -> None:
    """Refuse more items than a header can state, or an array can have.

    Raises
    ------
    SizeError
    """
    if count > MAX_COUNT:
        raise SizeError(
            "the file would have more items than an IDX header can state",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=f"at most {MAX_COUNT:,}",
            found=count,
        )
    # Other items would not fit on any disk.
    if 0 in item_shape:
        parse(pack(Header(dtype, (count, *item_shape))), filename)


def check_dimensions(header: Header, filename: str) -> None:
    """Refuse a file without dimensions: it has no items.

    Raises
    ------
    IdxError
    """
    if not header.shape:
        raise IdxError(
            "the file holds a single number: there is no axis along which it could grow",
            part="dimensions",
            filename=filename,
            offset=3,
            expected="1 or more dimensions",
            found=0,
        )


def size_of(descriptor: int, filename: str) -> int:
    """The size of an open file, if nobody has replaced or removed it.

    Raises
    ------
    IdxError
        If it has no name any more: nobody would find what is written to it.
    """
    status = os.fstat(descriptor)
    if status.st_nlink == 0:
        raise IdxError(
            "the file was replaced or removed after it was opened",
            filename=filename,
            offset=0,
            expected="the file that was opened",
            found="none",
        )
    return status.st_size


def path_of(file: Any) -> str:
    """The path as a str.

    Raises
    ------
    TypeError
        If it is no path.
    ValueError
        If it is a URL.
    """
    path = os.fsdecode(file)
    if is_url(path):
        raise ValueError(f"{path!r} is a URL: only files of this machine can be written in parts")
    return path
