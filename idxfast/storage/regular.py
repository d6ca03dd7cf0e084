"""Open regular files, and refuse everything else.

In a folder that others may write to, a name may belong to a FIFO, on which opening waits for ever,
to a device, or to a link to a file elsewhere.
"""

from __future__ import annotations

import errno
import io
import os
import stat

from ..errors import printable

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a directory",
}
_ERRORS = {stat.S_IFLNK: errno.ELOOP, stat.S_IFDIR: errno.EISDIR}


def open_regular(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a regular file for reading, without waiting; symbolic links are followed.

    Raises
    ------
    OSError
        If it cannot be opened, or is not a regular file.
    """
    file = io.FileIO(os.fspath(path), "rb", opener=_open_at_once)
    try:
        check_regular(os.fstat(file.fileno()), path)
    except BaseException:
        file.close()
        raise
    return io.BufferedReader(file)


def check_regular(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    """Refuse what is not a regular file; `path` is for the message.

    Raises
    ------
    OSError
        Says what it is instead.
    """
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFREG:
        return
    found = _KINDS.get(kind, "something else")
    name = _name_of(path)
    raise OSError(
        _ERRORS.get(kind, errno.EINVAL), f"{name} is {found}, not a regular file", str(path)
    )


def check_single_link(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    """Refuse a file with several hard links: the other name may be that of any file.

    Raises
    ------
    OSError
        If the file has another name.
    """
    if status.st_nlink > 1:
        name = _name_of(path)
        raise OSError(errno.EMLINK, f"{name} has another name, by a hard link", str(path))


def _name_of(path: str | os.PathLike[str]) -> str:
    return printable(os.path.basename(os.path.normpath(path)))


def _open_at_once(path: str, flags: int) -> int:
    """An opener that does not wait for a FIFO's writer, nor make a terminal the controlling one."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0), 0o666)
