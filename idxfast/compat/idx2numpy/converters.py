"""The functions, in the module where idx2numpy has them."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ...errors import IdxError
from ...format import CODES
from ...writing.saving import save
from .._shared.files import Array, big_endian, load
from .._shared.magic import wrong_magic
from .FormatError import FormatError

_MAX_LENGTH = 2**32 - 1


def convert_from_file(file: Any) -> Array:
    """Read an IDX file.

    Parameters
    ----------
    file : str, PathLike or binary file object
        A file object is read from its position to its end.

    Raises
    ------
    FormatError
        If it is not a whole IDX file.
    IdxError
        If it is compressed, and the compressed data are damaged or cut short.
    """
    try:
        return big_endian(load(file))
    except IdxError as error:
        if error.part == "container":
            raise
        raise FormatError(_message(error)) from error


def convert_from_string(idx_string: Any) -> Array:
    """Read the content of an IDX file from bytes, as `convert_from_file` does."""
    return convert_from_file(memoryview(idx_string))


def convert_to_file(file: Any, ndarr: Any) -> None:
    """Write an array as an IDX file, never compressed.

    The array is written directly into the file, as in the original. (`idxfast.save` puts a new file
    in the place of the old one.)

    Parameters
    ----------
    file : str, PathLike or binary file object
    ndarr : ndarray
        Not empty, and of uint8, int8, int16, int32, float32 or float64.

    Raises
    ------
    FormatError
        If the array is of another dtype, empty, or too long. Then `file` has not been changed.
    """
    array = _checked(ndarr)
    if isinstance(file, (str, os.PathLike)):
        with open(file, "wb", buffering=0) as opened:
            save(opened, array)
    else:
        save(file, array)


def convert_to_string(ndarr: Any) -> bytes:
    """The content of an IDX file, from the arrays that `convert_to_file` accepts."""
    content = io.BytesIO()
    save(content, _checked(ndarr))
    return content.getvalue()


def _checked(ndarr: Any) -> Array:
    """The array, if IDX has its dtype and the original would write its shape."""
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
    """The original's message, with ours after it where the original quotes struct or numpy."""
    if error.part in ("start", "type"):
        magic = wrong_magic(error)
        if not magic:
            return "Incomplete magic number."
        if error.part == "type":
            return f"Incorrect data type code: 0x{magic[2]:02X}"
        return f"Incorrect first two bytes of the magic number: 0x{magic[0]:02X} 0x{magic[1]:02X}"
    if error.part == "dimensions":
        return f"Dims sizes: {error}"
    if error.part == "payload":
        return f"Error creating numpy array: {error}"
    return "Superfluous data detected."
