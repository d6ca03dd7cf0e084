"""The few lines of IDX that the contenders without a reader of their own need; uint8 only."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def header(*shape: int, code: int = 0x08) -> bytes:
    """Pack an IDX header; the type code 0x08 is uint8."""
    return struct.pack(f">4B{len(shape)}I", 0, 0, code, len(shape), *shape)


def read_shape(file: BinaryIO) -> tuple[int, ...]:
    """Read a header, and leave the file at its payload."""
    ndim = file.read(4)[3]
    return struct.unpack(f">{ndim}I", file.read(4 * ndim))


def view(data: bytes | bytearray | memoryview) -> Array:
    """View a whole unpacked file as its array, without a copy."""
    ndim = data[3]
    shape = struct.unpack_from(f">{ndim}I", data, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * ndim).reshape(shape)
