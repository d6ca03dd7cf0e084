"""Write to what the caller passed: a path, a descriptor or a file object."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterable
from typing import Any

from ..typing import Buffer, WritableFile
from .folders import Entry, Folder
from .owners import may_be_planted
from .replacing import replace

# Linux follows as many symbolic links.
MAX_LINKS = 40


def write(file: WritableFile, pieces: Iterable[Buffer]) -> None:
    """Write pieces one after another to a path or an open binary file.

    Parameters
    ----------
    file : str, bytes, PathLike, int or binary file object
        A path is replaced in one step when all is written (see `replacing`); of a symbolic link,
        what it leads to. Something that is no regular file with a name, like a pipe or /dev/stdout,
        is written to directly, as a file object or a descriptor is.
    pieces : iterable of bytes-like

    Raises
    ------
    OSError
        If writing fails. Then a file that stood at the path is as it was.
    PermissionError
        Also if the path leads to another user's symbolic link or pipe, in a folder that others than
        this process's user and root may write to. A link to a file of its own owner is followed.
    """
    if isinstance(file, int):
        file = io.FileIO(file, "wb", closefd=False)
    if not isinstance(file, (str, bytes, os.PathLike)):
        _write_to_object(file, pieces)
        return
    given = os.fsdecode(file)
    try:
        _write_to_path(given, pieces)
    except OSError as error:
        if error.filename in (None, given):
            raise
        # It names what stands on the way, of which the caller may know nothing.
        raise OSError(error.errno, error.strerror, given) from error


def _write_to_path(given: str, pieces: Iterable[Buffer]) -> None:
    held: list[Folder | Entry] = []
    try:
        folder, name, entry = _find(given, held)
        if entry is None or stat.S_ISREG(entry.status.st_mode):
            replace(folder, name, lambda file: _write_to_object(file, pieces))
            return
        # A pipe, a device, or what is open already.
        if not stat.S_ISDIR(entry.status.st_mode) and may_be_planted(entry.status, folder):
            raise _refusal("pipe", "written to", entry.path)
        with entry.open() as file:
            _write_to_object(file, pieces)
    finally:
        # An error that is kept keeps what its frames hold.
        for found in held:
            found.close()


def _find(given: str, held: list[Folder | Entry]) -> tuple[Folder, str, Entry | None]:
    """The folder and the name in it that a path leads to, and what has that name.

    The system's own links to what is open, as /dev/stdout is one, are not followed: their text need
    not be a path. What is found on the way is added to `held`.
    """
    path = given
    folder: Folder | None = None
    planted: list[Entry] = []
    for _ in range(MAX_LINKS + 1):
        parent, name = os.path.split(path)
        if not name:
            # What ends in a slash is no file's name: to open it tells what is wrong.
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
    """Refuse links that other users may have put there, unless they lead to their own file."""
    for link in planted:
        is_theirs = (
            end is not None
            and stat.S_ISREG(end.status.st_mode)
            and end.status.st_uid == link.status.st_uid
        )
        if not is_theirs:
            raise _refusal("symbolic link", "followed", link.path)


def _refusal(what: str, done: str, path: str) -> PermissionError:
    reason = f"a {what} of another user, in a folder that others may write to, is not {done}"
    return PermissionError(errno.EACCES, reason, path)


def _write_to_object(file: Any, pieces: Iterable[Buffer]) -> None:
    if isinstance(file, io.TextIOBase):
        raise TypeError("the file is open in text mode; open it in binary mode")
    if not hasattr(file, "write"):
        raise TypeError(f"<{type(file).__name__}> is no path and no binary file")
    # io's own classes use what they are given only during the call. Others may keep it, while the
    # memory of a piece is the caller's, or the next piece's.
    may_keep = not isinstance(file, io.IOBase)
    for piece in pieces:
        data: Any = bytes(piece) if may_keep else memoryview(piece).cast("B")
        while len(data):
            count = file.write(data)
            if count is None:
                if isinstance(file, io.RawIOBase):
                    raise BlockingIOError("a non-blocking file takes no more data yet")
                count = len(data)  # many file-like objects return nothing, and write all
            if not 0 < count <= len(data):
                raise OSError(f"the file took {count} bytes where {len(data)} were given")
            data = data[count:]
