"""Whether a file or folder is this user's own, for the system's folder for temporary files.

All users of a machine share that folder. Another user may have made a file or a folder there under
the name that a program is going to look for, so only what is the user's own may be read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import BinaryIO

_HINT = "name another folder"


def make_private(folder: str) -> None:
    """Make a folder where nobody else may write. A folder that exists already is left as it is.

    Raises
    ------
    PermissionError
        If it exists and is another user's, a symbolic link, or open to others for writing.
    NotADirectoryError
        If a file has its name.
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
    """Refuse a file or folder that belongs to another user, or that others may change.

    Raises
    ------
    PermissionError
        With the path as its `filename`.
    """
    if not hasattr(os, "geteuid"):
        return  # Windows gives each user a folder for temporary files.
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EACCES, f"it belongs to another user: {_HINT}", path)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(
            errno.EACCES, f"others may write to it: change its mode (chmod go-w), or {_HINT}", path
        )


def check_file(file: BinaryIO, folder: str) -> None:
    """Refuse an open file that others may have put into its folder.

    Raises
    ------
    PermissionError
        If others may write in the folder, and the file is not the user's own.
    """
    status = os.stat(folder)
    is_shared = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    if is_shared and hasattr(os, "geteuid") and not status.st_mode & stat.S_ISVTX:
        # Others may rename one of the user's files to the name that is read.
        raise PermissionError(
            errno.EACCES, f"others may rename what is in it: set its sticky bit, or {_HINT}", folder
        )
    if is_shared or (hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0)):
        opened = os.fstat(file.fileno())
        check_own(opened, file.name)
        if not os.path.samestat(opened, os.lstat(file.name)):
            raise PermissionError(errno.EACCES, f"it is a symbolic link: {_HINT}", file.name)
