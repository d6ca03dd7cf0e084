"""Remote objects: the start of one, with its size and version, and then any ranges.

Each answer over HTTP or from S3 states the size and the version of the object
(`range_requests.py`). So the first request asks for the start of the object, and every later answer
is compared with the first. Other file systems are asked for size and version once, when the object
is opened.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from ..errors import IdxError
from .identity import ObjectVersion
from .network_errors import network_errors
from .range_requests import NoRanges, Range, is_http, request_ranges

# How many bytes the first request asks for: enough for any header, and for a whole file of MNIST's
# labels. A home connection transfers them in about the time that the request itself takes.
START = 64 << 10

# The entries of fsspec's information about a file that tell one version of it from another.
_VERSION_KEYS = (
    "ETag", "etag", "md5Hash", "md5", "crc32c", "CRC", "generation", "checksum", "sha", "hash",
    "mtime", "LastModified", "Last-Modified", "last_modified", "modified", "updated", "created",
    "date_time",
)  # fmt: skip


class Connection(NamedTuple):
    """A file system, and the path of a file in it."""

    file_system: Any
    path: str
    name: str


class Start(NamedTuple):
    """The first bytes of an object, and which version of it they are from."""

    data: bytes
    version: ObjectVersion


def connect(url: str, name: str) -> Connection:
    """Find the file system of a URL.

    Raises
    ------
    OSError, IdxError, ImportError, ValueError
        See `network_errors`.
    """
    with network_errors(name):
        from fsspec.core import url_to_fs

        file_system, path = url_to_fs(url)
    return Connection(file_system, path, name)


def read_start(connection: Connection) -> Start | None:
    """The first bytes of an object; None if it cannot be read in ranges."""
    file_system, path, name = connection
    with network_errors(name):
        if _is_read_in_order(file_system):
            return None
        try:
            answers = request_ranges(file_system, path, [(0, START)])
            if answers is not None:
                ((data, version),) = answers
            else:
                with _one_at_a_time(file_system):
                    version = _version(file_system, path)
                    if version is None:
                        return None
                    data = _read_ends(file_system, path, version.size)
        except NoRanges:
            return None
    return None if version is None else Start(data, version)


def read_ranges(
    connection: Connection, ranges: Sequence[Range], version: ObjectVersion
) -> list[bytes]:
    """Read ranges of an object, several at once.

    Raises
    ------
    IdxError
        If the object is no longer in this version, as far as the answers tell.
    OSError
        If the network fails.
    """
    file_system, path, name = connection
    with network_errors(name):
        try:
            answers = request_ranges(file_system, path, ranges)
            if answers is None:
                with _one_at_a_time(file_system):
                    answers = [(piece, None) for piece in _get_ranges(file_system, path, ranges)]
        except NoRanges:
            raise OSError("the server has stopped answering requests for ranges") from None
    for (start, stop), (data, found) in zip(ranges, answers, strict=True):
        if (found is not None and found != version) or len(data) != stop - start:
            raise IdxError(
                "the file has been replaced or written to since it was opened",
                part="payload",
                filename=name,
                offset=start + len(data) if found is None else start,
                expected=f"{version}" if found is not None else stop - start,
                found=f"{found}" if found is not None else len(data),
            )
    return [data for data, _ in answers]


def open_in_order(connection: Connection) -> Any:
    """Open a file that is read in order."""
    # With a block size, fsspec would request ranges, which may come from different versions.
    options = {"block_size": 0} if is_http(connection.file_system) else {}
    return connection.file_system.open(connection.path, "rb", **options)


def version_of(connection: Connection) -> ObjectVersion | None:
    """The version of a file that is read in order; None if it is not known."""
    file_system, path, _ = connection
    if file_system.protocol == "data":
        return ObjectVersion(len(path), "")  # fsspec 2026.9 fails to tell more
    return _version(file_system, path)


def _read_ends(file_system: Any, path: str, size: int) -> bytes:
    """Read the start of a file in a range, and check that its last byte is where its size says.

    That is not so for data in base64 inside a reference file, because fsspec 2026.9 gives the size
    of the text. A file system over HTTP gives the whole file if the server knows no ranges.
    """
    stop = min(START, size)
    start, end = _get_ranges(file_system, path, [(0, stop), (max(size - 1, 0), size)])
    if (len(start), len(end)) != (stop, min(size, 1)):
        raise NoRanges
    return start


def _get_ranges(file_system: Any, path: str, ranges: Sequence[Range]) -> list[bytes]:
    from fsspec.implementations.cached import SimpleCacheFileSystem

    if isinstance(file_system, SimpleCacheFileSystem):
        # Until 2026.7, fsspec gives ranges only of files that are already in its cache.
        file_system.open(path).close()
    ends = [list(some) for some in zip(*ranges, strict=True)]
    return list(file_system.cat_ranges([path] * len(ranges), *ends, on_error="raise"))


def _version(file_system: Any, path: str) -> ObjectVersion | None:
    from fsspec.implementations.cached import CachingFileSystem

    if isinstance(file_system, CachingFileSystem):
        file_system = file_system.fs  # the cache itself would list the folder, which http cannot
    file_system.invalidate_cache()
    info = file_system.info(path)
    if info.get("type") == "directory":
        raise IsADirectoryError
    size = info.get("size")
    tags = [f"{key} {info[key]}" for key in _VERSION_KEYS if info.get(key) is not None]
    return ObjectVersion(size, ", ".join(tags)) if isinstance(size, int) else None


def _is_read_in_order(file_system: Any) -> bool:
    """Whether a range of a file costs as much as everything before it, or cannot be requested."""
    from fsspec.archive import AbstractArchiveFileSystem
    from fsspec.implementations.data import DataFileSystem

    inner = getattr(file_system, "fs", None)
    return any(
        isinstance(one, (AbstractArchiveFileSystem, DataFileSystem)) for one in (file_system, inner)
    )


# A lock for each process: after a fork, the thread that held the parent's may not exist.
_locks: dict[int, threading.Lock] = {}


def _one_at_a_time(file_system: Any) -> AbstractContextManager[object]:
    """A lock for file systems without async, which are not made for several threads."""
    if file_system.async_impl:
        return nullcontext()
    return _locks.setdefault(os.getpid(), threading.Lock())
