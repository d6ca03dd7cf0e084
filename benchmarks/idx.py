"""A minimal IDX reader for contenders that only decompress; uint8 only."""

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
    """Read a header, up to the payload."""
    ndim = file.read(4)[3]
    return struct.unpack(f">{ndim}I", file.read(4 * ndim))


def view(data: bytes | bytearray | memoryview) -> Array:
    """View an unpacked file as an array, without a copy."""
    ndim = data[3]
    shape = struct.unpack_from(f">{ndim}I", data, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * ndim).reshape(shape)
