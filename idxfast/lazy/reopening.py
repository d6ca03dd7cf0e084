"""A file that can be opened again in another process, which refuses any other file."""

from __future__ import annotations

import os
from typing import Any, Self

from ..containers.stated import StatedHeader, as_stated
from ..errors import IdxError
from ..format import Header
from ..gzip.points import Points
from ..storage.identity import Identity, ObjectVersion
from ..storage.inputs import is_url
from ..storage.kept import Kept
from ..typing import ReadableFile
from .opened import Opened, closed
from .shaped import Shaped

# Seek points of more bytes are not pickled: gathering them again is better than sending them.
MAX_PICKLED = 4 << 20


class Reopenable(Shaped):
    """A file that is open, or that came from another process and is opened when it is first used.

    Leaving a ``with`` block closes it. Only a file that was opened by a path or URL can be pickled.

    Attributes
    ----------
    name, container : str
        As for `IdxFile`.
    """

    def __init__(
        self,
        file: ReadableFile,
        cache_bytes: int,
        threads: int | None,
        stated: StatedHeader | None = None,
    ) -> None:
        self._path: str | None = None
        self._identity: Identity | ObjectVersion | None = None
        self._threads = threads
        self._kept = Kept(cache_bytes)
        self._points: Points | None = None  # those that another process has gathered
        self._is_closed = False
        self._opened: Opened | None = Opened(file, self._kept, threads, stated=stated)
        if self._opened.identity is not None and isinstance(file, (str, os.PathLike)):
            path = os.fsdecode(file)
            self._path = path if is_url(path) else os.path.abspath(path)
            self._identity = self._opened.identity
        self.name, self.container = self._opened.name, self._opened.container
        self._describe(self._opened.header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file as soon as the reads that other threads have begun are over.

        Further calls do nothing. The caller's own file object stays open.
        """
        self._is_closed = True
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._path is None:
            raise TypeError(f"{self!r} cannot be pickled: only a file opened by a path or URL can")
        state = self._path, self.name, self._identity, self._header, self.container
        points = self._points if self._opened is None else self._opened.points
        if points is not None and points.nbytes > MAX_PICKLED:
            points = None
        return _receive, (type(self), *state, self._kept.limit, self._threads, points)

    def _open(self) -> Opened:
        """The opened file; one that came from another process is opened now."""
        opened = self._opened
        if opened is not None:
            return opened
        if self._is_closed:
            raise closed(self.name)
        assert self._path is not None and self._identity is not None
        same = self._header, self._identity
        opened = reopen(self._path, *same, self._kept, self._threads, self._points)
        self._opened = opened
        if self._is_closed:  # by another thread
            self.close()
            raise closed(self.name)
        return opened


def _receive(
    kind: type[Reopenable],
    path: str,
    name: str,
    identity: Identity | ObjectVersion,
    header: Header,
    container: str,
    cache_bytes: int,
    threads: int | None,
    points: Points | None,
) -> Reopenable:
    """A file from another process. It is opened and identified when it is first used."""
    file = kind.__new__(kind)
    file._path, file._identity, file._threads = path, identity, threads
    file._kept, file._points, file._is_closed, file._opened = Kept(cache_bytes), points, False, None
    file.name, file.container = name, container
    file._describe(header)
    return file


def reopen(
    path: str,
    header: Header,
    identity: Identity | ObjectVersion,
    kept: Kept,
    threads: int | None,
    points: Points | None,
) -> Opened:
    """Open the file that had this header and identity.

    Parameters
    ----------
    path : str
    header : Header
        What `Opened` found; it may have been stated.
    identity : Identity or ObjectVersion
    kept, threads, points
        As for `Opened`.

    Raises
    ------
    IdxError
        If it is another file now, or has been written to.
    """
    opened = Opened(path, kept, threads, points, as_stated(header))
    found = opened.identity
    if found is None or opened.header != header or not found.may_be(identity):
        opened.close()
        raise IdxError(
            "the file has been replaced or written to since it was opened",
            filename=opened.name,
            offset=0,
            expected=f"{header}, {identity}",
            found=f"{opened.header}, {found}",
        )
    return opened
