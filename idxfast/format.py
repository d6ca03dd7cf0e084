"""The IDX format: type codes, header, sizes.

An IDX file is a header and a payload, nothing else; every number is big-endian::

    offset  bytes     what
    0       2         zero
    2       1         type of the elements: 0x08 unsigned byte, 0x09 signed byte, 0x0B int16,
                      0x0C int32, 0x0D float32, 0x0E float64
    3       1         number of dimensions, n
    4       4 * n     the dimensions, as unsigned 32-bit numbers, slowest first
    4+4*n             the payload: the elements in C order, as many as the product of the
                      dimensions

Without dimensions, the payload is one element. A dimension may be zero. The format comes from
Y. LeCun's page of MNIST. The page says nothing about these two cases; here they follow numpy.
"""

from __future__ import annotations

import math
import struct
import sys
from typing import Any, NamedTuple

import numpy as np

from .errors import FormatError, IdxError, SizeError, TruncatedError

DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}

MAX_NDIM = 64 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 32
MAX_HEADER_SIZE = 4 + 4 * 255

START = "00 00 and one of the types 08 09 0b 0c 0d 0e"
"""What an IDX file starts with, for messages."""
INTERRUPTED = b"a+"
"""What `append` puts in place of the two zero bytes until it is done."""
NOT_IDX = "not an IDX file"
"""The beginning of the message about a file that starts with anything else."""

_MAGICS = {bytes([0, 0, code]): dtype for code, dtype in DTYPES.items()}
_DIMENSIONS = [struct.Struct(f">{ndim}I") for ndim in range(MAX_NDIM + 1)]


class Header(NamedTuple):
    """What an IDX file holds.

    Attributes
    ----------
    dtype : numpy.dtype
        The type of the elements, in the file's byte order (``>i4``). To state a header in a call of
        `load`, this may be anything that `numpy.dtype` takes.
    shape : tuple of int
        The dimensions.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def offset(self) -> int:
        """Where the payload starts, in bytes from the start of the (unpacked) file."""
        return 4 + 4 * len(self.shape)

    @property
    def nbytes(self) -> int:
        """The size of the payload in bytes; exact, however large."""
        return math.prod(self.shape, start=self.dtype.itemsize)

    @property
    def item_nbytes(self) -> int:
        """Bytes of an item along the first dimension, or of the one element of a scalar."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize


def parse(start: bytes | bytearray, filename: str) -> Header:
    """Parse the header at the start of an IDX file.

    Parameters
    ----------
    start : bytes
        The first bytes of the (unpacked) file: `MAX_HEADER_SIZE` of them, or all there are.
    filename : str
        For messages.

    Raises
    ------
    FormatError
        If the file is not IDX, or has more dimensions than numpy can hold.
    TruncatedError
        If the file ends inside the header.
    SizeError
        If no array can have this shape.
    """
    dtype = _MAGICS.get(bytes(start[:3])) if len(start) >= 4 else None
    if dtype is None:
        raise _not_idx(start, filename)
    ndim = start[3]
    if ndim > MAX_NDIM:
        raise FormatError(
            f"{ndim} dimensions, more than numpy can hold",
            part="dimensions",
            filename=filename,
            offset=3,
            expected=f"at most {MAX_NDIM}",
            found=ndim,
        )
    if len(start) < 4 + 4 * ndim:
        raise _cut_short(start, 4 + 4 * ndim, filename)
    shape = _DIMENSIONS[ndim].unpack_from(start, 4)
    size = dtype.itemsize
    for count in shape:
        # numpy refuses a shape whose other dimensions are too large, even if one of them is 0.
        size *= count or 1
    if size > sys.maxsize:
        raise SizeError(
            f"no {dtype.name} array can have the shape {shape}",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=f"at most {sys.maxsize:,} bytes",
            found=size,
        )
    return Header(dtype, shape)


def pack(header: Header) -> bytes:
    """The bytes of a header.

    Raises
    ------
    SizeError
        If a dimension has more than 32 bits.
    """
    if any(n > 0xFFFFFFFF for n in header.shape):
        raise SizeError(
            "an IDX dimension has 32 bits",
            part="dimensions",
            filename="<array>",
            offset=4,
            expected="at most 4,294,967,295",
            found=max(header.shape),
        )
    return struct.pack(
        f">HBB{len(header.shape)}I", 0, CODES[header.dtype], len(header.shape), *header.shape
    )


def _not_idx(start: bytes | bytearray, filename: str) -> IdxError:
    """The error for a file whose first four bytes are missing or not those of IDX."""
    if not start:
        return TruncatedError(
            "the file is empty",
            part="start",
            filename=filename,
            offset=0,
            expected="an IDX header",
            found="nothing",
        )
    zeros = not any(start[:2])
    # If the type is known, only the number of dimensions can be missing.
    if zeros and (len(start) < 3 or start[2] in DTYPES):
        return _cut_short(start, 4, filename)
    if start[:2] == INTERRUPTED and len(start) > 2 and start[2] in DTYPES:
        return FormatError(
            "an append to this file was interrupted, or is not done yet; "
            "the next idxfast.append to it, even of no items, removes what is incomplete",
            part="start",
            filename=filename,
            offset=0,
            expected=START,
            found=start[:4].hex(" "),
        )
    rule = "it does not start with two zero bytes"
    if zeros:
        rule = f"there is no type 0x{start[2]:02x}"
    return FormatError(
        f"{NOT_IDX}: {rule}",
        part="type" if zeros else "start",
        filename=filename,
        offset=2 if zeros else 0,
        expected=START,
        found=start[:4].hex(" "),
    )


def _cut_short(start: bytes | bytearray, size: int, filename: str) -> TruncatedError:
    return TruncatedError(
        f"the IDX header is cut short: {len(start)} of {size} bytes",
        part="start" if size == 4 else "dimensions",
        filename=filename,
        offset=len(start),
        expected=size,
        found=len(start),
    )
