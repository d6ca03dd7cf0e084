"""Open URLs, including chained ones, through the file systems of fsspec.

A file that can be read in ranges becomes a `RemoteSource`. A local file is opened as if its path
had been given. Anything else, such as a member of an archive or a file on a server that knows no
ranges, is read in order.

This module and those that it imports are imported when the first URL is opened.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import IdxError
from .identity import ObjectVersion
from .network_errors import network_errors, shown
from .objects import Connection, connect, open_in_order, read_start, version_of
from .ranges import RemoteSource
from .streams import StreamSource

# The file systems of fsspec that are archives.
_ARCHIVES = ("zip", "tar", "libarchive")


def local_path(url: str) -> str | None:
    """The path of a ``file://`` or ``local://`` URL; None for any other URL."""
    if "::" in url or not re.match("(file|local)://", url, re.IGNORECASE):
        return None
    with network_errors(shown(url)):
        from fsspec.implementations.local import LocalFileSystem
    path: str = LocalFileSystem._strip_protocol(url)
    return path


def open_url(url: str) -> RemoteSource | StreamSource:
    """Open a URL that is not that of a local file.

    Raises
    ------
    OSError
        If there is no such file, or the network fails.
    IdxError
        If an archive that contains the file is damaged.
    ImportError
        If fsspec, or the package for this kind of URL, is not installed.
    ValueError
        If fsspec does not know this kind of URL.
    """
    name = shown(url)
    archive = _Archive(url, name)
    connection = connect(url, name)
    start = read_start(connection)
    if start is not None:
        return RemoteSource(url, name, connection, start)
    with network_errors(name):
        argument = url if url == name else None  # no secret gets into a message
        stream = StreamSource(_File(connection, archive), name, owned=True, argument=argument)
        stream.identity = version_of(connection)
        return stream


def _archive_of(url: str) -> str | None:
    """The URL or path of the archive that a URL names a member of; None if there is no archive."""
    parts = url.split("::")
    kinds = [part.partition("://")[0] for part in parts]
    archives = [number for number, kind in enumerate(kinds) if kind in _ARCHIVES]
    return "::".join(parts[archives[-1] + 1 :]) or None if archives else None


class _Archive:
    """The archive that a URL names a member of, if any, and its version before it is read."""

    def __init__(self, url: str, name: str) -> None:
        archive = _archive_of(url)
        self._connection = None if archive is None else connect(archive, name)
        self._version = self._find_version()

    def _find_version(self) -> ObjectVersion | None:
        if self._connection is None:
            return None
        with network_errors(self._connection.name):
            return version_of(self._connection)

    def check(self) -> None:
        """Refuse what has been read if the archive has changed meanwhile, with an IdxError."""
        found = self._find_version()
        if self._connection is not None and found != self._version:
            raise IdxError(
                "the archive has been replaced or written to while it was read",
                part="container",
                filename=self._connection.name,
                offset=0,
                expected=f"{self._version}",
                found=f"{found}",
            )


class _File:
    """An open file. It keeps its file system alive, which closes an archive when it is freed."""

    def __init__(self, connection: Connection, archive: _Archive) -> None:
        self._file_system = connection.file_system
        self._file: Any = open_in_order(connection)
        self._name = connection.name
        self._archive = archive

    def read(self, size: int) -> bytes:
        with network_errors(self._name):
            data: bytes = self._file.read(size)
        return data

    def close(self) -> None:
        with network_errors(self._name):
            self._file.close()
        self._archive.check()
