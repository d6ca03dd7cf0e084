"""Folders for temporary files, which a user shares with all others of the machine.

Whoever comes first may make a folder there, or a file, of the name that another user's program is
going to look for. So what is read there has to be one's own.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import BinaryIO

_HINT = "name another folder"


def make_private(folder: str) -> None:
    """Make a folder where nobody else may write; one that is there is left as it is.

    Raises
    ------
    PermissionError
        If it is there, and is another user's, a symbolic link, or one where others may write.
    OSError
        If it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    status = os.lstat(folder)
    if stat.S_ISLNK(status.st_mode):
        raise PermissionError(errno.EACCES, f"it is a symbolic link: {_HINT}", folder)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    check_own(status, folder)


def check_own(status: os.stat_result, path: str) -> None:
    """Refuse a file or folder that another user has made, or may change.

    Raises
    ------
    PermissionError
        Which names it.
    """
    if not hasattr(os, "geteuid"):
        return  # Windows gives each user a folder for temporary files
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EACCES, f"it belongs to another user: {_HINT}", path)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(
            errno.EACCES, f"others may write to it: change its mode (chmod go-w), or {_HINT}", path
        )


def check_file(file: BinaryIO, folder: str) -> None:
    """Refuse an open file that others have put into a folder that is open to them.

    Raises
    ------
    PermissionError
        If they may write in the folder, and the file is not the user's own.
    """
    status = os.stat(folder)
    is_shared = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    if is_shared and hasattr(os, "geteuid") and not status.st_mode & stat.S_ISVTX:
        # Others may give one file of the user's the name of another.
        raise PermissionError(
            errno.EACCES, f"others may rename what is in it: set its sticky bit, or {_HINT}", folder
        )
    if is_shared or (hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0)):
        opened = os.fstat(file.fileno())
        check_own(opened, file.name)
        if not os.path.samestat(opened, os.lstat(file.name)):
            raise PermissionError(errno.EACCES, f"it is a symbolic link: {_HINT}", file.name)
