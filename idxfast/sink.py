"""Write to what the caller passed: a path, a descriptor or a file object."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterable
from typing import Any, BinaryIO

from .folders import Folder, is_anothers
from .replacing import replacing
from .typing import Buffer, WritableFile

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
        Also if the path leads to, or through, a symbolic link, pipe or device of another user, in a
        folder that others than this process's user and root may write to.
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
        # It is of the temporary, of which the caller knows nothing.
        raise OSError(error.errno, error.strerror, given) from error


def _write_to_path(given: str, pieces: Iterable[Buffer]) -> None:
    folder, name, status = _find(given)
    if status is None or stat.S_ISREG(status.st_mode):
        with replacing(folder, name, status) as file:
            _write_to_object(file, pieces)
        return
    # A pipe, a device, or what is open already.
    with _open_directly(folder, name, status) as file:
        _write_to_object(file, pieces)


def _find(given: str) -> tuple[Folder, str, os.stat_result | None]:
    """The folder and the name in it that a path leads to, and what has that name.

    The system's own links to what is open, as /dev/stdout is one, are not followed: what they say
    need not be a path that leads there.
    """
    path = given
    folder: Folder | None = None
    for _ in range(MAX_LINKS + 1):
        parent, name = os.path.split(path)
        if not name:
            # What ends in a slash is no file's name: to open it tells what is wrong.
            with (folder or Folder(os.curdir)).open(path, "wb"):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), given)
        folder = Folder(parent or os.curdir, folder)
        status = folder.status(name)
        if status is None or not stat.S_ISLNK(status.st_mode) or _is_to_open_file(status):
            return folder, name, status
        _check_owner(status, folder, given, "symbolic link", "followed")
        path = folder.read_link(name)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), given)


def _is_to_open_file(link: os.stat_result) -> bool:
    """Whether a symbolic link is the system's own, to what a process has open."""
    try:
        return link.st_dev == os.stat("/proc/self/fd").st_dev
    except OSError:
        return False


def _open_directly(folder: Folder, name: str, status: os.stat_result) -> BinaryIO:
    """Open what cannot be replaced."""
    if stat.S_ISLNK(status.st_mode):
        return folder.open(name, "wb")
    path = os.path.join(folder.path, name)
    _check_owner(status, folder, path, "pipe or device", "written to")
    file = folder.open_special(name)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EBUSY, "another process has just put a file in its place", path)
    return file


def _check_owner(status: os.stat_result, folder: Folder, path: str, what: str, done: str) -> None:
    """Refuse what another user may have put there to have something else overwritten."""
    if is_anothers(status, folder, is_owner_trusted=False):
        raise PermissionError(
            errno.EACCES,
            f"a {what} of another user, in a folder that others may write to, is not {done}",
            path,
        )


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
