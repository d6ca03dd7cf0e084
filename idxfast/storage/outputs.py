"""Write to what the caller passed: a path, a descriptor or a file object."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterable
from typing import Any

from ..typing import Buffer, WritableFile
from .atomic import write_atomically
from .folders import Entry, Folder
from .naming import naming_written
from .trust import may_be_planted
from .write_out import written_out

# How many symbolic links are followed: as many as Linux follows.
MAX_LINKS = 40


def write(file: WritableFile, pieces: Iterable[Buffer]) -> None:
    """Write pieces one after another to a path or an open binary file.

    Parameters
    ----------
    file : str, bytes, PathLike, int or binary file object
        A file at a path is replaced in one step once everything is written (see `atomic`). If the
        path is a symbolic link, its target is replaced. A pipe, a device, or a link to an open
        file such as /dev/stdout is written to directly, as file objects and descriptors are.
    pieces : iterable of bytes-like

    Raises
    ------
    OSError
        If writing fails. A file at the path is then unchanged.
    PermissionError
        Also if the path leads to another user's symbolic link or pipe, in a folder that anyone but
        this process's user and root may write to. A link is followed if its owner also owns the
        file that it leads to.
    """
    if isinstance(file, int):
        file = io.FileIO(file, "wb", closefd=False)
    if not isinstance(file, (str, bytes, os.PathLike)):
        _write_to_object(file, pieces)
        return
    given = os.fsdecode(file)
    with naming(given):
        _write_to_path(given, pieces)


class naming:
    """Have errors of the system name the path that the caller gave.

    Otherwise, they may name a temporary file or folder that the caller does not know. A generator
    would, from CPython 3.12 on, leave the error in a cycle, and with it all that its frames hold.
    """

    def __init__(self, given: str) -> None:
        self._given = given

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError) and error.filename not in (None, self._given):
            raise OSError(error.errno, error.strerror, self._given) from error


def _write_to_path(given: str, pieces: Iterable[Buffer]) -> None:
    held: list[Folder | Entry] = []
    try:
        folder, name, entry = find_target(given, held)
        if entry is None or stat.S_ISREG(entry.status.st_mode):
            write_atomically(
                folder,
                name,
                lambda file: _write_to_object(
                    file, written_out(pieces, file.fileno(), given), given
                ),
            )
            return
        # A pipe, a device, or an open file.
        if not stat.S_ISDIR(entry.status.st_mode) and may_be_planted(entry.status, folder):
            raise _refusal("pipe", "written to", entry.path)
        with entry.open() as file:
            _write_to_object(file, pieces, given)
    finally:
        # Closed explicitly: an error that is kept keeps alive what its frames refer to.
        for found in held:
            found.close()


def find_target(given: str, held: list[Folder | Entry]) -> tuple[Folder, str, Entry | None]:
    """The folder and the name in it that a path leads to, and the entry of that name.

    The system's own links to open files, such as /dev/stdout, are not followed: their text need not
    be a path. The folders and entries on the way are appended to `held`.
    """
    path = given
    folder: Folder | None = None
    planted: list[Entry] = []
    for _ in range(MAX_LINKS + 1):
        parent, name = os.path.split(path)
        if not name:
            # A path that ends in a slash names no file; opening it raises the system's own error.
            with (folder or Folder(os.curdir)).open(path, "ab"):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), given)
        folder = Folder(parent or os.curdir, folder)
        held.append(folder)
        entry = folder.find(name)
        if entry is not None:
            held.append(entry)
        if entry is None or not entry.is_link or entry.is_to_open_file():
            _check_links(planted, entry)
            return folder, name, entry
        if may_be_planted(entry.status, folder):
            planted.append(entry)
        path = entry.read_link()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), given)


def _check_links(planted: list[Entry], end: Entry | None) -> None:
    """Refuse links that others may have planted, unless a link's owner also owns the file."""
    for link in planted:
        is_theirs = (
            end is not None
            and stat.S_ISREG(end.status.st_mode)
            and end.status.st_uid == link.status.st_uid
        )
        if not is_theirs:
            raise _refusal("symbolic link", "followed", link.path)


def _refusal(what: str, done: str, path: str) -> PermissionError:
    reason = f"another user's {what}, in a folder that others may write to, is not {done}"
    return PermissionError(errno.EACCES, reason, path)


def _write_to_object(file: Any, pieces: Iterable[Buffer], name: str | None = None) -> None:
    """Write pieces. If a name is given, errors of the file name it."""
    if isinstance(file, io.TextIOBase):
        raise TypeError("the file is open in text mode; open it in binary mode")
    if not hasattr(file, "write"):
        raise TypeError(f"<{type(file).__name__}> is neither a path nor a binary file")
    # io's own classes use a buffer only during the call. Others may keep it, although its memory
    # belongs to the caller, or is used again for the next piece.
    may_keep = not isinstance(file, io.IOBase)
    for piece in pieces:
        data: Any = bytes(piece) if may_keep else memoryview(piece).cast("B")
        while len(data):
            if name is None:
                count = file.write(data)
            else:
                with naming_written(name):
                    count = file.write(data)
            if count is None:
                if isinstance(file, io.RawIOBase):
                    raise BlockingIOError("a non-blocking file takes no more data yet")
                count = len(data)  # many file-like objects write everything and return nothing
            if not 0 < count <= len(data):
                raise OSError(f"the file took {count} bytes where {len(data)} were given")
            data = data[count:]
