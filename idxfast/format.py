"""The IDX format: type codes, header, sizes.

An IDX file is a header and a payload, nothing else; every number is big-endian::

    offset  bytes     what
    0       2         zero
    2       1         type of the elements: 0x08 unsigned byte, 0x09 signed byte, 0x0B int16,
                      0x0C int32, 0x0D float32, 0x0E float64
    3       1         number of dimensions, n
    4       4 * n     the dimensions, as unsigned 32-bit numbers, slowest first
    4+4*n             the payload: the product of the dimensions elements, in C order

With no dimension, the payload is one element. A dimension may be zero. The format comes from
Y. LeCun's page of MNIST; it says nothing about these two, which follow numpy's rules here.
"""

from __future__ import annotations

import math
import struct
import sys
from typing import Any, NamedTuple

import numpy as np

from .diagnosis.start import describe
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

_MAGICS = {bytes([0, 0, code]): dtype for code, dtype in DTYPES.items()}
_DIMENSIONS = [struct.Struct(f">{ndim}I") for ndim in range(MAX_NDIM + 1)]


class Header(NamedTuple):
    """What an IDX file holds.

    Attributes
    ----------
    dtype : numpy.dtype
        The type of the elements, in the file's byte order (``>i4``).
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
        """Bytes of the payload; exact, however large."""
        return math.prod(self.shape) * self.dtype.itemsize


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
        If this is not an IDX file, or it has more dimensions than numpy can hold.
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
        # Zero does not count: numpy cannot index an array whose other dimensions are too large.
        size *= count or 1
    if size > sys.maxsize:
        raise SizeError(
            f"no array can have the shape {shape} of {dtype.name}",
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
            filename="<array>",
            offset=4,
            expected="at most 4,294,967,295",
            found=max(header.shape),
        )
    return struct.pack(
        f">HBB{len(header.shape)}I", 0, CODES[header.dtype], len(header.shape), *header.shape
    )


def swapped_hint(header: Header, nbytes: int) -> str:
    """A hint for a payload of the wrong size that little-endian dimensions would explain."""
    shape = struct.unpack(
        f"<{len(header.shape)}I", struct.pack(f">{len(header.shape)}I", *header.shape)
    )
    if shape != header.shape and Header(header.dtype, shape).nbytes == nbytes:
        return f"; its dimensions look byte-swapped: little-endian they read {shape}"
    return ""


def _not_idx(start: bytes | bytearray, filename: str) -> IdxError:
    """The error for what does not start with four bytes that IDX files start with."""
    if not start:
        return TruncatedError(
            "the file is empty",
            filename=filename,
            offset=0,
            expected="an IDX header",
            found="nothing",
        )
    zeros = not any(start[:2])
    # With a type that there is, only the number of dimensions can be missing.
    if zeros and (len(start) < 3 or start[2] in DTYPES):
        return _cut_short(start, 4, filename)
    if start == b"\x1f":
        return TruncatedError(
            "gzip header: 1 of 10 bytes", filename=filename, offset=1, expected=10, found=1
        )
    what = describe(start)
    if what is not None:
        reason = f"not an IDX file; it looks like {what}"
    elif zeros:
        reason = f"not an IDX file: there is no type 0x{start[2]:02x}"
    elif len(start) >= 4 and not any(start[2:4]) and start[1] in DTYPES:
        reason = "not an IDX file; its magic number looks byte-swapped (little-endian)"
    else:
        reason = "not an IDX file: it does not start with two zero bytes"
    return FormatError(
        reason,
        filename=filename,
        offset=2 if zeros else 0,
        expected=START,
        found=start[:4].hex(" "),
    )


def _cut_short(start: bytes | bytearray, size: int, filename: str) -> TruncatedError:
    return TruncatedError(
        f"IDX header: {len(start)} of {size} bytes",
        filename=filename,
        offset=len(start),
        expected=size,
        found=len(start),
    )
