"""Bytes to read, with a name for messages.

There are two kinds of source. A `FileSource`, a `MemorySource` or a `RemoteSource` knows its size
and is read by position; as with `os.pread`, the position comes last. A `StreamSource` (a pipe, a
socket, any other object with ``read``) does not know its size, and is read in order.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from ..errors import IdxError, name_file
from ..native import files
from ..typing import Memory
from .identity import Identity, State
from .pread import read_at, read_at_into

if TYPE_CHECKING:
    from .memory import MemorySource
    from .ranges import Fetched, RemoteSource
    from .read_ahead import ReadAhead
    from .section import Section

# How many bytes `FileSource.fill` reads in one call: few enough that Ctrl-C does not wait long.
FILLED = 4 << 20

# Called with the number of bytes done, and the number of bytes in all.
Progress: TypeAlias = Callable[[int, int], object]


class FileSource:
    """A regular file, read by position, starting at the file object's position.

    Parameters
    ----------
    file : FileIO or a buffer over one
        Closed when garbage-collected, so that an interrupt cannot leak it.
    size : int
        The size of the whole file in bytes.
    owned : bool
        Whether to close the file at the end. False if the caller opened it.

    Attributes
    ----------
    name : str
    size : int
        The number of bytes from where the source starts to where the file ended when opened.
    argument : str or None
        The path that the caller passed, if the file can be opened by it again.
    member : str or None
        Which member the caller wants, if the file is an archive.
    """

    __slots__ = ("_descriptor", "_file", "_inode", "_owned", "_start", "member", "name", "size")

    def __init__(self, file: BinaryIO, name: str, size: int, *, owned: bool) -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._start = file.tell()
        self._owned = owned
        self._inode = None if owned else self.state()[2:]
        self.name = name
        self.size = max(size - self._start, 0)
        self.member: str | None = None

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._file.close()

    def in_order(self) -> FileSource:
        """The source to read most of the file from, in order: this one."""
        return self

    def in_parts(self) -> FileSource:
        """The source to read parts of the file from: this one."""
        return self

    def identity(self) -> Identity:
        """How the file is recognised when another process opens it."""
        return Identity.of(self._descriptor)

    def check_descriptor(self) -> None:
        """Refuse what was read if the caller has closed the file meanwhile.

        Raises
        ------
        IdxError
            If its descriptor is another file's now.
        OSError
            If it is no descriptor any more.
        """
        if self._inode is None:
            return
        found = self.state()[2:]
        if found != self._inode:
            raise IdxError(
                "the file was closed while it was read, and its descriptor is another file's now",
                part="payload",
                filename=self.name,
                offset=self._start,
                expected=f"device and inode {self._inode}",
                found=f"device and inode {found}",
            )

    def consume(self) -> None:
        """Leave the caller's file object at the end of the data."""
        if not self._owned:
            self._file.seek(self._start + self.size)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position, as far as the bytes go; return how many."""
        try:
            return read_at_into(self._descriptor, buffer, self._start + offset)
        except OSError as error:
            name_file(error, self.name)
            raise

    def read(self, count: int, offset: int) -> bytes:
        """Read `count` bytes from a position, or fewer at the end of the file."""
        count = min(count, self.size - offset)
        try:
            return read_at(self._descriptor, count, self._start + offset)
        except OSError as error:
            name_file(error, self.name)
            raise

    def fill(self, array: np.ndarray[Any, Any], offset: int) -> int:
        """Fill a C-contiguous array from a position, as far as the bytes go; return how many."""
        try:
            if files.AVAILABLE and array.nbytes <= FILLED:
                return files.read_at(self._descriptor, array, self._start + offset)
            data, done = array.reshape(-1).view(np.uint8), 0
            while done < len(data):
                piece = data[done : done + FILLED]
                if files.AVAILABLE:
                    count = files.read_at(self._descriptor, piece, self._start + offset + done)
                else:
                    count = self.read_into(memoryview(piece), offset + done)
                done += count
                if count < len(piece):
                    break
        except OSError as error:
            name_file(error, self.name)
            raise
        return done

    def read_rows(self, memory: Memory, size: int, offset: int, rows: np.ndarray[Any, Any]) -> int:
        """Read rows of a table, as the function `read_rows` does for any source."""
        if not files.AVAILABLE:
            return read_rows(self, memory, size, offset, rows)
        try:
            return files.read_rows(self._descriptor, memory, size, self._start + offset, rows)
        except OSError as error:
            name_file(error, self.name)
            raise

    @property
    def argument(self) -> str | None:
        return self.name if self._owned else None

    def fileno(self) -> int:
        """The descriptor, for calls of `os`."""
        return self._descriptor

    def state(self) -> State:
        """The size of the whole file now, when it was last written to, and which file it is.

        The caller may have closed the file: its descriptor may now be that of another one.
        """
        if files.AVAILABLE:
            return files.state(self._descriptor)
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino

    def map(self, access: int) -> tuple[mmap.mmap, int]:
        """Map the whole file; return the mapping and this source's start in it.

        Raises
        ------
        ValueError
            If the file has become shorter.
        """
        size = self._start + self.size
        try:
            # Only on Windows, mmap does not refuse such a file, but extends it.
            if sys.platform == "win32" and self.state()[0] < size:
                raise ValueError("the file has become shorter")
            return mmap.mmap(self._descriptor, size, access=access), self._start
        except OSError as error:
            name_file(error, self.name)
            raise


# The sources from which `open` reads parts, and all sources that are read by position.
PartialSource: TypeAlias = "FileSource | RemoteSource"
Source: TypeAlias = "FileSource | MemorySource | RemoteSource | ReadAhead | Fetched | Section"


def read_rows(
    source: Source, memory: Memory, size: int, offset: int, rows: np.ndarray[Any, Any]
) -> int:
    """Read rows of a table in a source, one after another.

    Parameters
    ----------
    source : Source
    memory : ndarray
        As many bytes as the rows have together.
    size : int
        Bytes of a row.
    offset : int
        Where in the source the table starts.
    rows : ndarray of int64
        The numbers of the rows.

    Returns
    -------
    int
        How many bytes were read before the first that the source does not have.
    """
    done = 0
    for row in rows.tolist():
        count = source.read_into(memoryview(memory[done : done + size]), offset + row * size)
        done += count
        if count < size:
            break
    return done
