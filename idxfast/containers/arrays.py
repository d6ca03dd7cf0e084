"""The memory that data are read into: new memory, or the caller's ``out=``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SizeError
from ..format import Header
from ..native.buffers import address, swap
from ..typing import Memory

# A cache line, and the widest vector registers.
ALIGNMENT = 64


def allocate(nbytes: int, filename: str) -> Memory:
    """Uninitialised bytes, 64-byte aligned.

    The memory comes from np.empty, which asks for huge pages if there are many bytes.

    Raises
    ------
    MemoryError
        If the system does not have that much.
    """
    memory, start = _empty(nbytes, filename)
    # A slice of 0 bytes would start where the memory does, which need not be aligned.
    return np.ndarray(nbytes, np.uint8, memory, start)


def new_array(header: Header, filename: str) -> np.ndarray[Any, Any]:
    """An uninitialised array, 64-byte aligned, in native byte order; errors as in `allocate`."""
    memory, start = _empty(header.nbytes, filename)
    return as_payload(memory, header, start)


def _empty(nbytes: int, filename: str) -> tuple[Memory, int]:
    """Memory, and the aligned place in it from which `nbytes` bytes fit."""
    try:
        memory = np.empty(nbytes + ALIGNMENT - 1, np.uint8)
    except (MemoryError, ValueError):
        # numpy raises ValueError if the size with the alignment exceeds what it can index.
        raise MemoryError(
            f"{filename}: no memory for an array of {nbytes:,} bytes; "
            "a raw file can be mapped instead: mmap_mode='r'"
        ) from None
    return memory, -address(memory) % ALIGNMENT


def as_payload(memory: np.ndarray[Any, Any], header: Header, offset: int) -> np.ndarray[Any, Any]:
    """The array over the bytes at an offset, in native byte order."""
    dtype = header.dtype if header.dtype.isnative else header.dtype.newbyteorder("=")
    return np.ndarray(header.shape, dtype, memory, offset)


def bytes_of(array: np.ndarray[Any, Any]) -> Memory:
    """The memory of a C-contiguous array."""
    # A subclass may restrict its shape: np.matrix always has two dimensions.
    return np.asarray(array).reshape(-1).view(np.uint8)


def to_native(array: np.ndarray[Any, Any], header: Header) -> np.ndarray[Any, Any]:
    """Swap the data, which are still in the file's byte order, to native byte order."""
    if not header.dtype.isnative:
        swap(bytes_of(array), array.itemsize)
    return array


def check_out(out: Any, header: Header, filename: str) -> None:
    """Refuse an ``out=`` that cannot take the file's data.

    Raises
    ------
    TypeError
        If `out` is not an ndarray.
    ValueError
        If `out` is read-only or not C-contiguous.
    SizeError
        If the shape or dtype of `out` is not the file's (in native byte order).
    """
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out= takes an ndarray, not {type(out).__name__}")
    if not out.flags.writeable or not out.flags.c_contiguous:
        raise ValueError("out= takes a writable, C-contiguous array")
    expected = (header.shape, header.dtype.newbyteorder("="))
    if (out.shape, out.dtype) != expected:
        raise SizeError(
            "out= does not match the file's shape and dtype",
            part="dimensions",
            filename=filename,
            offset=0,
            expected="{1} {0}".format(*expected),
            found=f"{out.dtype} {out.shape}",
        )
