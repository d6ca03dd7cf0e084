"""Bytes to read, with a name for messages.

Two shapes are enough. A `FileSource` or `MemorySource` knows its size and is read by position. A
`StreamSource` (a pipe, a socket, any other object with ``read``) does not, and is read in order.
"""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np

from ..errors import printable
from ..typing import BytesLike, Memory
from .pread import MAX_READ, read_at, read_at_into

# Called with the bytes that are done, and with all there are to do.
Progress: TypeAlias = Callable[[int, int], object]


class FileSource:
    """A regular file, read by position, from where it stands.

    Parameters
    ----------
    file : FileIO or a buffer over one
        It closes itself once nobody has it, so it is not left open whatever Ctrl-C interrupts.
    size : int
        Of the whole file.
    owned : bool
        Whether it is closed at the end; or the caller has opened it, and will close it.

    Attributes
    ----------
    name : str
    size : int
        Bytes from the start position to the end of the file, when it was opened.
    """

    __slots__ = ("_descriptor", "_file", "_owned", "_start", "name", "size")

    def __init__(self, file: BinaryIO, name: str, size: int, *, owned: bool) -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._start = file.tell()
        self._owned = owned
        self.name = name
        self.size = max(size - self._start, 0)

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._file.close()

    def consume(self) -> None:
        """Leave the caller's file object where the data ended."""
        if not self._owned:
            self._file.seek(self._start + self.size)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position; return how many bytes there were."""
        return read_at_into(self._descriptor, buffer, self._start + offset)

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from a position: `count`, or fewer at the end of the file."""
        return read_at(self._descriptor, min(count, self.size - offset), self._start + offset)

    def map(self, access: int) -> tuple[mmap.mmap, int]:
        """Map the whole file; return the mapping and where in it this source starts.

        Raises
        ------
        ValueError
            If the file has become shorter.
        """
        size = self._start + self.size
        # On Windows mmap would make the file longer.
        if os.fstat(self._descriptor).st_size < size:
            raise ValueError("the file has become shorter")
        return mmap.mmap(self._descriptor, size, access=access), self._start


class MemorySource:
    """Bytes in memory; the same interface as a file's."""

    __slots__ = ("_caller", "_data", "name", "size")

    def __init__(self, data: BytesLike, name: str, caller: io.BytesIO | None = None) -> None:
        self._data: bytes | Memory
        if type(data) is bytes:
            self._data = data
        else:
            view = memoryview(data)
            content = view if view.c_contiguous else view.tobytes()
            self._data = np.frombuffer(content, np.uint8)
        self._caller = caller
        self.name = name
        self.size = len(self._data)

    def __enter__(self) -> MemorySource:
        return self

    def __exit__(self, *_: object) -> None:
        # The caller may resize what it has given, also while it holds an error that leads here.
        del self._data

    def consume(self) -> None:
        """Leave the caller's file object where the data ended."""
        if self._caller is not None:
            self._caller.seek(0, io.SEEK_END)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position; return how many bytes there were."""
        # A slice of bytes would be a copy.
        data = memoryview(self._data) if isinstance(self._data, bytes) else self._data
        piece = memoryview(data[offset : offset + len(buffer)])
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from a position: `count`, or fewer at the end."""
        return bytes(self._data[offset : offset + count])


class StreamSource:
    """An object with ``read`` or ``readinto``, of unknown size, read in order.

    It may return fewer bytes than asked; None (nothing yet, from a non-blocking file) is a
    `BlockingIOError`, never an end.
    """

    __slots__ = ("_file", "_owned", "name", "size")

    def __init__(self, file: Any, name: str, *, owned: bool) -> None:
        self._file = file
        self._owned = owned
        self.name = name
        self.size = None

    def __enter__(self) -> StreamSource:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._file.close()

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer with the next bytes; return how many there were."""
        done = 0
        while done < len(buffer):
            piece = buffer[done : done + MAX_READ]
            count = self._read_some(piece)
            if count is None:
                raise BlockingIOError(
                    f"{printable(self.name)}: no data to read yet from a non-blocking file"
                )
            if not 0 <= count <= len(piece):
                raise OSError(
                    f"{printable(self.name)}: read {count} bytes where {len(piece)} were asked for"
                )
            if count == 0:
                break
            done += count
        return done

    def _read_some(self, piece: memoryview) -> int | None:
        if hasattr(self._file, "readinto"):
            return cast("int | None", self._file.readinto(piece))
        data = self._file.read(len(piece))
        if isinstance(data, str):
            raise TypeError(f"{printable(self.name)} reads text; open it in binary mode")
        if data is not None and len(data) <= len(piece):
            piece[: len(data)] = data
        return None if data is None else len(data)


Source: TypeAlias = FileSource | MemorySource
