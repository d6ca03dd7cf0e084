"""The types of what `load` reads from and `save` writes to."""

from __future__ import annotations

import os
from typing import Any, Protocol, TypeAlias

import numpy as np


class Buffer(Protocol):
    """What a memoryview can be made of; from Python 3.12 on, `collections.abc.Buffer`."""

    def __buffer__(self, flags: int, /) -> memoryview: ...


class Reader(Protocol):
    """A binary file, or another object with its method for reading."""

    def read(self, size: int, /) -> bytes | None: ...


class Writer(Protocol):
    """A binary file, or another object with its method for writing."""

    def write(self, data: bytes, /) -> int | None: ...


# Memory that several threads slice. It is an array because a memoryview counts its slices, and a
# free-threaded Python miscounts them if threads slice at the same time: the memoryview then seems
# to be released (github.com/python/cpython/issues/155606).
Memory: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

# Below Python 3.12, numpy's stubs do not say that an array is a buffer.
BytesLike: TypeAlias = Buffer | np.ndarray[Any, Any]
ReadableFile: TypeAlias = str | os.PathLike[str] | os.PathLike[bytes] | int | BytesLike | Reader
Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
WritableFile: TypeAlias = Path | int | Writer
