"""Open what the caller passed: a path, a URL, a descriptor, bytes, or a file object."""

from __future__ import annotations

import io
import os
import re
import stat
from typing import Any, Literal, cast

from ..errors import printable
from ..native import files
from ..typing import BytesLike, ReadableFile
from .pread import read_at
from .source import FileSource, MemorySource, Source, StreamSource

_URL = re.compile(r"[A-Za-z][\w+.:-]+://")


def open_source(
    file: ReadableFile, mode: Literal["rb", "r+b"] = "rb", *, small: int = 0
) -> Source | StreamSource:
    """Open what the caller passed.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path or fsspec URL, a file descriptor, a file's content, or a file open for reading.
        Descriptors and file objects are read from their current position, and stay open.
    mode : {"rb", "r+b"}
        How to open a path.
    small : int
        The size in bytes of the largest file that is read into memory at once.

    Raises
    ------
    OSError
        As `open` does.
    TypeError
        If `file` is none of these, or open in text mode.
    ImportError
        If `file` is a URL and fsspec is not installed.
    """
    if hasattr(file, "__fspath__"):
        file = os.fspath(file)  # type: ignore[arg-type]
        if isinstance(file, bytes):
            file = os.fsdecode(file)
    if isinstance(file, str):
        if is_url(file):
            return _open_url(file)
        return _open_path(file, mode, small)
    if isinstance(file, int):
        return _of_file(io.FileIO(file, closefd=False), f"<descriptor {file}>", owned=False)
    name = _name_of(file)
    if type(file) in (io.FileIO, io.BufferedReader, io.BufferedRandom):
        raw = getattr(file, "raw", file)
        if type(raw) is io.FileIO:
            return _of_file(file, name, owned=False)
    if isinstance(file, io.BytesIO):
        return MemorySource(file.getbuffer()[file.tell() :], name, file)
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{printable(name)} is open in text mode; open it in binary mode")
    try:
        return open_bytes(cast("BytesLike", file), name)
    except TypeError:
        if hasattr(file, "readinto") or hasattr(file, "read"):
            return StreamSource(file, name, owned=False)
    raise TypeError(f"{printable(name)} is neither a path, nor bytes-like, nor a binary file")


def open_bytes(data: BytesLike, name: str) -> MemorySource:
    """A file's content in memory, as a source.

    Raises
    ------
    TypeError
        If `data` is not bytes-like.
    """
    return MemorySource(data, name, is_content=True)


def is_url(path: str) -> bool:
    """Whether a string is a URL rather than the path of a file."""
    return "://" in path and _URL.match(path) is not None


def _open_path(path: str, mode: Literal["rb", "r+b"], small: int) -> Source | StreamSource:
    if files.AVAILABLE and mode == "rb":
        file = files.open_file(path, small)
        if isinstance(file, bytes):
            return MemorySource(file, path)
    else:
        file = io.FileIO(path, mode)
    try:
        return _of_file(file, path, owned=True)
    except BaseException:
        file.close()
        raise


def _of_file(file: Any, name: str, *, owned: bool) -> FileSource | StreamSource:
    if file.writable():
        file.flush()
    descriptor = file.fileno()
    status = os.fstat(descriptor)
    # Files in /proc look like regular files, and claim to be empty although they are not.
    if stat.S_ISREG(status.st_mode) and (status.st_size > 0 or not read_at(descriptor, 1, 0)):
        return FileSource(file, name, status.st_size, owned=owned)
    return StreamSource(file, name, owned=owned)


def _open_url(url: str) -> StreamSource:
    try:
        import fsspec
    except ImportError as error:
        raise ImportError(f"{url}: URLs need fsspec: pip install fsspec") from error
    return StreamSource(fsspec.open(url, "rb").open(), url, owned=True)


def _name_of(file: object) -> str:
    name = getattr(file, "name", None)
    if isinstance(name, (str, bytes)) and name:
        return os.fsdecode(name)
    return f"<{type(file).__name__}>"
