"""What the caller passed, as bytes to read, with a name for messages.

Two shapes are enough. A `FileSource` or `MemorySource` knows its size and is read by position. A
`StreamSource` (a pipe, a socket, any other object with ``read``) does not, and is read in order.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import re
import stat
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias, cast

from .native import files

if TYPE_CHECKING:
    from typing_extensions import Buffer

    File: TypeAlias = str | os.PathLike[str] | os.PathLike[bytes] | int | Buffer | BinaryIO

# Linux reads at most 0x7ffff000 bytes in one call, macOS less than 2^31.
MAX_READ = 1 << 30


class FileSource:
    """A regular file, read by position, from where it stands.

    Attributes
    ----------
    name : str
    size : int
        Bytes from the start position to the end of the file, when it was opened.
    """

    __slots__ = ("_caller", "_descriptor", "_start", "name", "size")

    def __init__(self, descriptor: int, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self._descriptor = descriptor
        self._start = 0
        self._caller: BinaryIO | None = None

    @classmethod
    def of_caller(cls, file: BinaryIO, name: str, size: int) -> FileSource:
        """A file that the caller has opened, and will close."""
        start = file.tell()
        source = cls(file.fileno(), name, max(size - start, 0))
        source._start = start
        source._caller = file
        return source

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        if self._caller is None:
            os.close(self._descriptor)

    def consume(self) -> None:
        """Leave the caller's file object where the data ended."""
        if self._caller is not None:
            self._caller.seek(self._start + self.size)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position; return how many bytes there were."""
        done = 0
        while done < len(buffer):
            piece = buffer[done : done + MAX_READ]
            count = _read_at_into(self._descriptor, piece, self._start + offset + done)
            if count == 0:
                break
            done += count
        return done

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from a position: `count`, or fewer at the end of the file."""
        data = _read_at(self._descriptor, count, self._start + offset)
        while 0 < len(data) < min(count, self.size - offset):
            more = _read_at(self._descriptor, count - len(data), self._start + offset + len(data))
            if not more:
                break
            data += more
        return data

    def map(self, access: int) -> tuple[mmap.mmap, int]:
        """Map the whole file; return the mapping and where in it this source starts."""
        return mmap.mmap(self._descriptor, self._start + self.size, access=access), self._start


class MemorySource:
    """Bytes in memory; the same interface as a file's."""

    __slots__ = ("_bytes", "_caller", "_view", "name", "size")

    def __init__(self, data: Buffer, name: str, caller: io.BytesIO | None = None) -> None:
        view = memoryview(data)
        self._view = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
        self._bytes = data if type(data) is bytes else None
        self._caller = caller
        self.name = name
        self.size = len(self._view)

    def __enter__(self) -> MemorySource:
        return self

    def __exit__(self, *_: object) -> None:
        self._view.release()

    def consume(self) -> None:
        """Leave the caller's file object where the data ended."""
        if self._caller is not None:
            self._caller.seek(0, io.SEEK_END)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position; return how many bytes there were."""
        piece = self._view[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from a position: `count`, or fewer at the end."""
        if self._bytes is not None and offset == 0 and count >= self.size:
            return self._bytes
        return bytes(self._view[offset : offset + count])


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
                raise BlockingIOError(f"{self.name}: no data to read yet from a non-blocking file")
            if not 0 <= count <= len(piece):
                raise OSError(f"{self.name}: read {count} bytes where {len(piece)} were asked for")
            if count == 0:
                break
            done += count
        return done

    def _read_some(self, piece: memoryview) -> int | None:
        if hasattr(self._file, "readinto"):
            return cast("int | None", self._file.readinto(piece))
        data = self._file.read(len(piece))
        if isinstance(data, str):
            raise TypeError(f"{self.name} reads text; open it in binary mode")
        if data is not None and len(data) <= len(piece):
            piece[: len(data)] = data
        return None if data is None else len(data)


Source: TypeAlias = FileSource | MemorySource


def open_source(
    file: File, mode: Literal["rb", "r+b"] = "rb", *, small: int = 0
) -> Source | StreamSource:
    """Open what the caller passed.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path or fsspec URL, a file descriptor, the bytes of a file, or a file open for reading.
        Descriptors and file objects are read from where they stand, and stay open.
    mode : {"rb", "r+b"}
        How to open a path.
    small : int
        The size, in bytes, of the largest file that is read into memory at once.

    Raises
    ------
    OSError
        As `open` does.
    TypeError
        If it is none of these, or open in text mode.
    ImportError
        If it is a URL and fsspec is not installed.
    """
    if not isinstance(file, str) and hasattr(file, "__fspath__"):
        file = os.fspath(cast("os.PathLike[Any]", file))
        if isinstance(file, bytes):
            file = os.fsdecode(file)
    if isinstance(file, str):
        if "://" in file and _URL.match(file):
            return _open_url(file)
        return _open_path(file, mode, small)
    if isinstance(file, int):
        return _of_caller(io.FileIO(file, closefd=False), f"<descriptor {file}>")
    name = _name_of(file)
    if type(file) in (io.FileIO, io.BufferedReader, io.BufferedRandom):
        raw = getattr(file, "raw", file)
        if type(raw) is io.FileIO:
            return _of_caller(cast("BinaryIO", file), name)
    if isinstance(file, io.BytesIO):
        return MemorySource(file.getbuffer()[file.tell() :], name, file)
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{name} is open in text mode; open it in binary mode")
    try:
        return MemorySource(cast("Buffer", file), name)
    except TypeError:
        if hasattr(file, "readinto") or hasattr(file, "read"):
            return StreamSource(file, name, owned=False)
    raise TypeError(f"{name} is no path, no bytes of a file and no binary file")


_URL = re.compile(r"[A-Za-z][\w+.:-]+://")


def _open_path(path: str, mode: Literal["rb", "r+b"], small: int) -> Source | StreamSource:
    if files.AVAILABLE and mode == "rb":
        data, descriptor, size = files.open_file(path, small)
        if data is not None:
            return MemorySource(data, path)
    else:
        flags = os.O_RDONLY if mode == "rb" else os.O_RDWR
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        size = -1
    try:
        if size <= 0:
            status = os.fstat(descriptor)
            size = status.st_size if _has_size(status) else -1
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if size > 0:
            return FileSource(descriptor, path, size)
        return StreamSource(io.FileIO(descriptor, mode), path, owned=True)
    except BaseException:
        os.close(descriptor)
        raise


def _of_caller(file: Any, name: str) -> FileSource | StreamSource:
    if file.writable():
        file.flush()
    status = os.fstat(file.fileno())
    if _has_size(status):
        return FileSource.of_caller(file, name, status.st_size)
    return StreamSource(file, name, owned=False)


def _has_size(status: os.stat_result) -> bool:
    """Whether it is a regular file; what only looks like one (/proc) says its size is 0."""
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _open_url(url: str) -> StreamSource:
    try:
        import fsspec
    except ImportError as error:
        raise ImportError(f"{url}: URLs need fsspec: pip install idxfast[fsspec]") from error
    return StreamSource(fsspec.open(url, "rb").open(), url, owned=True)


def _name_of(file: object) -> str:
    name = getattr(file, "name", None)
    if isinstance(name, (str, bytes)) and name:
        return os.fsdecode(name)
    return f"<{type(file).__name__}>"


# Where the system cannot read by position, the descriptor's own position moves: one at a time.
_moving = threading.Lock()


def _seek_and_read(descriptor: int, count: int, position: int) -> bytes:
    with _moving:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, count)


def _copy_into(descriptor: int, buffer: memoryview, position: int) -> int:
    data = _read_at(descriptor, len(buffer), position)
    buffer[: len(data)] = data
    return len(data)


def _preadv(descriptor: int, buffer: memoryview, position: int) -> int:
    return os.preadv(descriptor, [buffer], position)


_read_at = getattr(os, "pread", _seek_and_read)
_read_at_into = _preadv if hasattr(os, "preadv") else _copy_into
