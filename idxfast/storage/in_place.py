"""Change a file in place: open it, lock it, write at a position, wait for the disk.

Where a system lacks a call, the function for it does the same in another way.
"""

from __future__ import annotations

import errno
import os
from typing import Any, BinaryIO

import numpy as np

from ..native import files
from .folders import Entry, Folder
from .outputs import find_target, naming
from .pread import read_at
from .regular import check_regular

# The errors of a file system without locks.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


def open_in_place(path: str) -> BinaryIO:
    """Open a regular file that exists, for reading and writing, unbuffered.

    Symbolic links are followed as `save` follows them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    PermissionError
        If the file may not be written to, or the path leads to another user's symbolic link, in a
        folder that anyone but this process's user and root may write to.
    OSError
        If the file is not a regular one, or the system refuses.
    """
    held: list[Folder | Entry] = []
    try:
        with naming(path):
            folder, name, entry = find_target(path, held)
            if entry is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            check_regular(entry.status, path)
            file = folder.open(name, "r+b")
            if not os.path.samestat(os.fstat(file.fileno()), entry.status):
                file.close()
                reason = "another process has just put something else in its place"
                raise OSError(errno.EBUSY, reason, path)
            return file
    finally:
        for found in held:
            found.close()


def lock(descriptor: int) -> None:
    """Wait until no other process has the file locked, and lock it.

    Nothing happens where the system or the file system has no locks.

    Raises
    ------
    OSError
        If the system refuses.
    """
    try:
        files.lock(descriptor, True)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def unlock(descriptor: int) -> None:
    """Undo `lock`. Closing the file is not enough: a forked child may have it open, too."""
    try:
        files.lock(descriptor, False)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def is_as_before(descriptor: int, start: bytes, size: int) -> bool:
    """Whether a file still has a name, begins with these bytes, and has this size.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    if files.AVAILABLE:
        return files.is_as_before(descriptor, start, size)
    status = os.fstat(descriptor)
    is_same = status.st_nlink > 0 and status.st_size == size
    return is_same and read_at(descriptor, len(start), 0) == start


def write_at(
    descriptor: int, data: bytes | np.ndarray[Any, Any], position: int, *, is_awaited: bool = False
) -> None:
    """Write all of the data at a position.

    Parameters
    ----------
    descriptor : int
    data : bytes or ndarray
        C-contiguous.
    position : int
    is_awaited : bool
        Wait until the content and the size of the file are on the disk.

    Raises
    ------
    OSError
        If the system refuses; a part of the data may have been written.
    """
    if files.AVAILABLE:
        files.write_at(descriptor, data, position, is_awaited)
        return
    os.lseek(descriptor, position, os.SEEK_SET)
    rest = memoryview(np.frombuffer(data, np.uint8) if len(data) else b"")
    while len(rest):
        rest = rest[os.write(descriptor, rest) :]
    if is_awaited:
        os.fsync(descriptor)


def append_items(
    descriptor: int,
    header: bytes,
    size: int,
    mark: bytes,
    buffer_format: bytes,
    items: np.ndarray[Any, Any],
) -> bytes | None:
    """Lock a raw IDX file, add items if the file is as before, and unlock it, all in one call.

    See `native.files.append_items`.

    Returns
    -------
    bytes or None
        The new header. None if nothing was written, because that function refuses the items or the
        file, or the system has no locks.

    Raises
    ------
    OSError
        If the system refuses. The file is then as before, or begins with the mark.
    """
    if files.AVAILABLE:
        try:
            return files.append_items(descriptor, header, size, mark, buffer_format, items)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
    return None


def cut(descriptor: int, size: int) -> None:
    """Shorten a file, and wait until its new size is on the disk.

    Raises
    ------
    OSError
        If the system refuses.
    """
    os.ftruncate(descriptor, size)
    os.fsync(descriptor)
