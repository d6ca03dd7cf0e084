"""Open what the caller passed: a path, a URL, a descriptor, bytes, or a file object."""

from __future__ import annotations

import io
import os
import re
import stat
from typing import Any, Literal, cast

from ..diagnosis.start import MAX_PATH, looks_like_path
from ..errors import FormatError, printable
from ..format import START
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
    FormatError
        If it is bytes that look like a path.
    TypeError
        If it is none of these, or open in text mode.
    ImportError
        If it is a URL and fsspec is not installed.
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
    raise TypeError(f"{printable(name)} is no path, no bytes of a file and no binary file")


def open_bytes(data: BytesLike, name: str) -> MemorySource:
    """The content of a file, from memory.

    Raises
    ------
    FormatError
        If it looks like a path. `save` takes paths as bytes, so one may land here.
    TypeError
        If it is not bytes-like.
    """
    if isinstance(data, (bytes, bytearray, memoryview)) and memoryview(data).nbytes <= MAX_PATH:
        content = bytes(data)
        if looks_like_path(content):
            raise FormatError(
                "not an IDX file; it looks like a path, but bytes are taken for a file's content: "
                "pass the path as a str (os.fsdecode makes one)",
                filename=name,
                offset=0,
                expected=START,
                found=content[:4].hex(" "),
            )
    return MemorySource(data, name)


def is_url(path: str) -> bool:
    """Whether it is a URL, not the path of a file."""
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
    # What only looks like a regular file (/proc) says it is empty, and is not.
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
