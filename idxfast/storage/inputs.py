"""Open what the caller passed: a path, a URL, a descriptor, bytes, or a file object."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from typing import TYPE_CHECKING, Any, Literal, cast

from ..errors import name_file, printable
from ..native import files
from ..threads.importing import importing
from ..typing import BytesLike, ReadableFile
from .memory import MemorySource
from .pread import read_at
from .source import FileSource
from .streams import StreamSource

_URL = re.compile(r"[A-Za-z][\w+.:-]+://|data:[\w/+.;=-]*,")
# A member of an archive, as fsspec spells it: zip://member::archive.
_MEMBER = re.compile(r"(?:zip|tar)://(.+::.+)", re.DOTALL)
_LOCAL = re.compile(r"^(?:file|local)://")

if TYPE_CHECKING:
    from .ranges import RemoteSource


def open_source(
    file: ReadableFile, mode: Literal["rb", "r+b"] = "rb", *, small: int = 0
) -> FileSource | MemorySource | RemoteSource | StreamSource:
    """Open what the caller passed.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path or fsspec URL, a member of a local archive (``zip://name::file.zip``, which needs no
        fsspec), a file descriptor, a file's content, or a file open for reading.
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
    IdxError, ImportError, ValueError
        For a URL, see `urls.open_url`.
    """
    if not isinstance(file, str) and hasattr(file, "__fspath__"):
        file = os.fspath(file)  # type: ignore[arg-type]
        if isinstance(file, bytes):
            file = os.fsdecode(file)
    if isinstance(file, str):
        if is_url(file):
            named = _split_member(file)
            if named is not None:
                return _open_member(file, *named, small)
            local = _path_of_url(file)
            if local is None:
                return _open_url(file)
            file = local
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
    return ":" in path and _URL.match(path) is not None


def _split_member(url: str) -> tuple[str, str] | None:
    """The name of a member, and the path of its archive; None for any other URL.

    The name may contain colons, too. Then the archive's path is the longest one that exists.
    """
    named = _MEMBER.fullmatch(url)
    if named is None:
        return None
    parts = named[1].split("::")
    splits = [
        ("::".join(parts[:count]).lstrip("/"), _LOCAL.sub("", "::".join(parts[count:]), count=1))
        for count in range(1, len(parts))
    ]
    if is_url(splits[0][1]):
        return None
    return next((split for split in splits if os.path.exists(split[1])), splits[0])


def _open_path(
    path: str, mode: Literal["rb", "r+b"], small: int
) -> FileSource | MemorySource | StreamSource:
    size = 0
    try:
        if files.AVAILABLE and mode == "rb":
            file, size = files.open_file(path, small)
            if isinstance(file, bytes):
                return MemorySource(file, path, argument=path)
        else:
            file = io.FileIO(path, mode)
    except (IsADirectoryError, PermissionError) as error:
        # On Windows, a folder is a PermissionError.
        if not os.path.isdir(path):
            raise
        reason = f"{os.strerror(errno.EISDIR)}; load_dataset loads images and labels from a folder"
        raise IsADirectoryError(errno.EISDIR, reason, error.filename) from None
    try:
        if size > 0:
            return FileSource(file, path, size, owned=True)
        return _of_file(file, path, owned=True)
    except BaseException as error:
        file.close()
        if isinstance(error, OSError):
            name_file(error, path)
        raise


def _open_member(
    url: str, member: str, path: str, small: int
) -> FileSource | MemorySource | RemoteSource | StreamSource:
    """Open a local archive from which the caller wants a member."""
    source = _open_path(path, "rb", small)
    if isinstance(source, StreamSource):
        return _open_url(url)
    source.member = member
    return source


def _of_file(file: Any, name: str, *, owned: bool) -> FileSource | StreamSource:
    if file.writable():
        file.flush()
    descriptor = file.fileno()
    status = os.fstat(descriptor)
    # Files in /proc look like regular files, and claim to be empty although they are not.
    if stat.S_ISREG(status.st_mode) and (status.st_size > 0 or not read_at(descriptor, 1, 0)):
        return FileSource(file, name, status.st_size, owned=owned)
    return StreamSource(file, name, owned=owned)


# Few programs open URLs, so the modules for them are imported only then, as fsspec is.
def _path_of_url(url: str) -> str | None:
    with importing:
        from .urls import local_path
    return local_path(url)


def _open_url(url: str) -> RemoteSource | StreamSource:
    with importing:
        from .urls import open_url
    return open_url(url)


def _name_of(file: object) -> str:
    name = getattr(file, "name", None)
    if isinstance(name, (str, bytes)) and name:
        return os.fsdecode(name)
    return f"<{type(file).__name__}>"
