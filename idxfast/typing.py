"""The types of what `load` reads from and `save` writes to."""

from __future__ import annotations

import os
from typing import Any, Protocol, TypeAlias

import numpy as np


class Buffer(Protocol):
    """What a memoryview can be made of: `collections.abc.Buffer`, from Python 3.12 on."""

    def __buffer__(self, flags: int, /) -> memoryview: ...


class Reader(Protocol):
    """A binary file, or another object that is read like one."""

    def read(self, size: int, /) -> bytes | None: ...


class Writer(Protocol):
    """A binary file, or another object that is written to like one."""

    def write(self, data: bytes, /) -> int | None: ...


# Memory that threads share: each slices it for itself. Slices of a memoryview are counted, and in a
# free-threaded Python not all are if threads slice at once: then it is taken for released
# (github.com/python/cpython/issues/155606).
Memory: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

# numpy's stubs say that an array is a buffer from Python 3.12 on.
BytesLike: TypeAlias = Buffer | np.ndarray[Any, Any]
ReadableFile: TypeAlias = str | os.PathLike[str] | os.PathLike[bytes] | int | BytesLike | Reader
WritableFile: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes] | int | Writer
