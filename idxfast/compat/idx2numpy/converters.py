"""The functions, where idx2numpy has them."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ...errors import IdxError
from ...format import CODES
from ...writing.saving import save
from .._shared.faults import fault
from .._shared.files import Array, big_endian, load
from .FormatError import FormatError

_MAX_LENGTH = 2**32 - 1


def convert_from_file(file: Any) -> Array:
    """Read an IDX file.

    Parameters
    ----------
    file : str, PathLike or binary file object
        A file object is read from where it stands, to its end.

    Raises
    ------
    FormatError
        If it is not a whole IDX file.
    GzipError, TruncatedError
        If it is a damaged gzip file, or the start of one.
    """
    try:
        return big_endian(load(file))
    except IdxError as error:
        if fault(error).part == "gzip":
            raise
        raise FormatError(_message(error)) from error


def convert_from_string(idx_string: Any) -> Array:
    """Read the content of an IDX file from bytes, as `convert_from_file` does."""
    return convert_from_file(memoryview(idx_string))


def convert_to_file(file: Any, ndarr: Any) -> None:
    """Write an array as an IDX file, never compressed.

    It is written straight into the file, as the original does; `idxfast.save` puts a new file in
    the place of the old one.

    Parameters
    ----------
    file : str, PathLike or binary file object
    ndarr : ndarray
        uint8, int8, int16, int32, float32 or float64, and not empty.

    Raises
    ------
    FormatError
        If the array is another; then `file` has not been touched.
    """
    array = _checked(ndarr)
    if isinstance(file, (str, os.PathLike)):
        with open(file, "wb", buffering=0) as opened:
            save(opened, array)
    else:
        save(file, array)


def convert_to_string(ndarr: Any) -> bytes:
    """The content of an IDX file; what is accepted is what `convert_to_file` accepts."""
    content = io.BytesIO()
    save(content, _checked(ndarr))
    return content.getvalue()


def _checked(ndarr: Any) -> Array:
    """The array, if IDX has its type, and the original would write its shape."""
    array: Array = np.asanyarray(ndarr)
    if array.size == 0:
        raise FormatError("Cannot encode empty array.")
    if array.dtype.newbyteorder(">") not in CODES or isinstance(array, np.ma.MaskedArray):
        raise FormatError("numpy ndarray type not supported by IDX format.")
    if max(array.shape, default=1) > _MAX_LENGTH:
        raise FormatError(
            f"IDX format cannot encode array with more than {_MAX_LENGTH} elements along any axis"
        )
    return array


def _message(error: IdxError) -> str:
    part, magic = fault(error)
    if part == "start":
        return "Incomplete magic number."
    if part == "zeros":
        return f"Incorrect first two bytes of the magic number: 0x{magic[0]:02X} 0x{magic[1]:02X}"
    if part == "type":
        return f"Incorrect data type code: 0x{magic[2]:02X}"
    if part == "dimensions":
        return f"Dims sizes: {error}"
    if part == "payload":
        return f"Error creating numpy array: {error}"
    return "Superfluous data detected."
