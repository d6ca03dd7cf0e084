"""Files of numpy, .npy: their header is checked before anything is allocated.

The format is described in `numpy.lib.format`. Arrays of Python objects, which are pickles, are
refused.
"""

from __future__ import annotations

import io
import math
import os
import sys
import tokenize
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import numpy as np

from ...errors import FormatError, SizeError, TrailingDataError, TruncatedError
from ...format import MAX_NDIM
from ...storage import outputs
from ...storage.regular import open_regular
from ...storage.source import Progress
from ...typing import Buffer
from ..rows import Rows, blocks

MAGIC = b"\x93NUMPY"
# More than any header of an array of numbers has, in bytes.
_MAX_HEADER = 64 << 10
# Far more than any dimension has. Python refuses to write an integer of thousands of digits.
_MAX_BITS = 128
_PIECE = 1 << 20
_DAMAGE = (ValueError, TypeError, EOFError, SyntaxError, tokenize.TokenError)
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class NpyHeader(NamedTuple):
    """What an .npy file holds, and where its data start."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_fortran: bool
    offset: int


def read_npy_header(file: IO[bytes], size: int, name: str) -> NpyHeader:
    """Read the header at the start of a file, and compare it with the size of the file.

    Parameters
    ----------
    file : binary file object
        Is left at the start of the data.
    size : int
        The size of the whole file.
    name : str
        For messages.

    Raises
    ------
    FormatError
        If this is no .npy file, or its elements are not numbers.
    SizeError
        If no array can have the shape.
    TruncatedError, TrailingDataError
        If there are fewer or more data than the header announces.
    """
    try:
        start = io.BytesIO(_read_start(file))
        version = np.lib.format.read_magic(start)
        if version not in _READERS:
            raise ValueError(f"version {version[0]}.{version[1]} is not for arrays of numbers")
        shape, is_fortran, dtype = _READERS[version](start)
        if any(count.bit_length() > _MAX_BITS for count in shape):
            raise ValueError(f"a dimension of more than {_MAX_BITS} bits")
    # Nested expressions in the header may be too deep for Python's parser.
    except (*_DAMAGE, RecursionError, MemoryError) as error:
        reason = str(error) or type(error).__name__
        raise FormatError(
            f"not an .npy file: {reason}", part="start", filename=name, offset=0
        ) from error
    if dtype.kind not in "biuf":
        what = "pickled Python objects, which are never loaded" if dtype.hasobject else dtype
        raise FormatError(
            "the elements are not numbers",
            part="type",
            filename=name,
            offset=0,
            expected="integers or floating-point numbers",
            found=what,
        )
    offset = start.tell()
    if any(type(count) is not int for count in shape) or len(shape) > MAX_NDIM:
        raise FormatError(
            "no array has these dimensions",
            part="dimensions",
            filename=name,
            expected=f"at most {MAX_NDIM} whole numbers",
            found=f"{len(shape)}: {str(shape)[:80]}",
        )
    if any(count < 0 for count in shape):
        raise FormatError("a dimension is negative", part="dimensions", filename=name, found=shape)
    if 0 in shape and math.prod(count or 1 for count in shape) * dtype.itemsize > sys.maxsize:
        raise SizeError(
            "no array can have this shape", part="dimensions", filename=name, found=shape
        )
    expected = offset + math.prod(shape) * dtype.itemsize
    if expected != size:
        kind = TruncatedError if size < expected else TrailingDataError
        raise kind(
            "the file does not have the size that its header announces",
            part="payload" if size < expected else "end",
            filename=name,
            offset=min(size, expected),
            expected=expected,
            found=size,
        )
    return NpyHeader(dtype, tuple(shape), bool(is_fortran), offset)


def _read_start(file: IO[bytes]) -> bytes:
    """The bytes of a header, after the field with its length."""
    start = file.read(len(MAGIC) + 2)
    # The length has 2 bytes in version 1, and 4 later.
    length = file.read(2 if start[len(MAGIC) :][:1] == b"\1" else 4)
    count = int.from_bytes(length, "little")
    if count > _MAX_HEADER:
        raise ValueError(f"a header of {count:,} bytes, more than {_MAX_HEADER:,}")
    return start + length + file.read(count)


class NpyRows:
    """The items of an .npy file, read when they are asked for.

    The file is closed when the object is garbage-collected.
    """

    # `__del__` needs a value even if the file cannot be opened.
    _file: io.BufferedReader | None = None

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = open_regular(path)
        size = os.fstat(self._file.fileno()).st_size
        try:
            self._header = read_npy_header(self._file, size, path)
        except BaseException:
            self._file.close()
            raise
        self.dtype, self.shape = self._header.dtype.newbyteorder("="), self._header.shape
        self._whole: np.ndarray[Any, Any] | None = None

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        shape = self._header.shape
        if self._header.is_fortran and self._whole is None:
            # Its items are not consecutive.
            self._whole = self._read(math.prod(shape), 0).reshape(shape, order="F")
        if self._whole is not None:
            return self._whole[start:stop]
        item = math.prod(shape[1:])
        count = item * (stop - start) if shape else 1
        return self._read(count, start * item).reshape((stop - start, *shape[1:]) if shape else ())

    def _read(self, count: int, start: int) -> np.ndarray[Any, Any]:
        assert self._file is not None
        self._file.seek(self._header.offset + start * self._header.dtype.itemsize)
        return read_elements(self._file, self._header.dtype, count, self._path)


def read_elements(
    file: IO[bytes], dtype: np.dtype[Any], count: int, name: str
) -> np.ndarray[Any, Any]:
    """Read some elements from the position of a file, into an array in native byte order.

    Raises
    ------
    TruncatedError
        If there are fewer.
    """
    found = np.empty(count, dtype)
    data, done = memoryview(found.view(np.uint8)), 0
    while done < len(data):
        part = file.read(min(len(data) - done, _PIECE))
        if not part:
            raise TruncatedError(
                "the data end too early",
                part="payload",
                filename=name,
                expected=len(data),
                found=done,
            )
        data[done : done + len(part)] = part
        done += len(part)
    return found.astype(dtype.newbyteorder("="), copy=False)


def write_npy(path: str, rows: Rows, progress: Progress) -> None:
    """Write items as an .npy file, which appears whole or not at all."""
    outputs.write(path, npy_pieces(rows, progress))


def npy_pieces(rows: Rows, progress: Progress) -> Iterator[Buffer]:
    """The bytes of an .npy file."""
    start = io.BytesIO()
    description = np.lib.format.dtype_to_descr(rows.dtype)
    header = {"descr": description, "fortran_order": False, "shape": rows.shape}
    np.lib.format.write_array_header_1_0(start, header)
    yield start.getvalue()
    for block in blocks(rows, progress):
        if block.size:
            yield np.ascontiguousarray(block).reshape(-1).view(np.uint8)
