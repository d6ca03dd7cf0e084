"""Folders that one user alone may enter, for files that are not complete yet.

Such a folder is beside the place where a file is to go. Others who may write there can move
the folder away, but can neither read nor exchange what is in it. If they put another folder in its
place, this process does not use it, because it holds its own by the descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from .folders import Folder

# On Windows, mode 0o700 would set an access control list, which files keep when they move out.
_PERMISSIONS = 0o700 if hasattr(os, "geteuid") else 0o777
# How many bytes of a file's name the name of its private folder may include.
_MAX_NAME_BYTES = 80
# For how long to try again on Windows, which does not replace a file that another program, such as
# a virus scanner, has open.
_REPLACE_SECONDS = 2.0


def private_folder_name(name: str, ending: str) -> str:
    """The name of this user's private folder for a file called `name`."""
    # The limit counts bytes, but the name is cut between characters.
    start = name[:_MAX_NAME_BYTES]
    while len(os.fsencode(start)) > _MAX_NAME_BYTES:
        start = start[:-1]
    user = f".{os.geteuid()}" if hasattr(os, "geteuid") else ""
    return f".{start}{user}{ending}"


def random_name() -> str:
    """A name that no other file has, and that nobody can guess."""
    return f"idxfast-{os.getpid()}-{os.urandom(4).hex()}"


def open_private_folder(folder: Folder, name: str) -> tuple[Folder, bool]:
    """Open a private folder, and make it if it is missing; return the folder and whether it is new.

    The caller has yet to check that it is this user's alone: see `is_private`.
    """
    is_new = True
    try:
        os.mkdir(folder.named(name), _PERMISSIONS, dir_fd=folder.descriptor)
    except FileExistsError:
        is_new = False
    private = Folder(name, folder, is_followed=False)
    try:
        if is_new:
            private.allow_owner()
    except BaseException:
        private.close()
        raise
    return private, is_new


@contextlib.contextmanager
def lasting_private_folder(folder: Folder, name: str) -> Iterator[Folder]:
    """A private folder that is kept for the next time.

    Raises
    ------
    PermissionError
        If the folder belongs to another user, or others may enter it.
    OSError
        If it cannot be made, or something that is not a folder has its name.
    """
    private, _ = open_private_folder(folder, name)
    with private:
        probe = random_name()
        try:
            with private.open(probe, "xb") as file:
                is_usable = is_private(private, file, folder)
        finally:
            with contextlib.suppress(OSError):
                private.remove(probe)
        if not is_usable:
            raise PermissionError(
                errno.EACCES, f"{name} is not a folder of this user alone", private.path
            )
        yield private


def is_private(private: Folder, file: BinaryIO, folder: Folder) -> bool:
    """Whether a folder, in which this process has just made a file, is this user's alone.

    The folder has to belong to the same user as the file. That need not be this process's user,
    because a file server may have users of its own. Nobody else may enter the folder, unless the
    file system cannot keep others out. And no other file system may be mounted there.
    """
    if not hasattr(os, "geteuid"):
        return True  # as far as can be known
    status, made = private.own_status(), os.fstat(file.fileno())
    if (status.st_uid, status.st_dev) != (made.st_uid, folder.own_status().st_dev):
        return False
    return not status.st_mode & 0o077 or not _keeps_out(private)


def _keeps_out(private: Folder) -> bool:
    """Whether the file system can make folders that others may not enter."""
    probe = random_name()
    os.mkdir(private.named(probe), _PERMISSIONS, dir_fd=private.descriptor)
    try:
        status = private.status(probe)
    finally:
        os.rmdir(private.named(probe), dir_fd=private.descriptor)
    return status is None or not status.st_mode & 0o077


def move_out(private: Folder, name: str, file: BinaryIO, folder: Folder, target: str) -> None:
    """Move an open file out of its private folder, replacing what has the target name outside.

    Raises
    ------
    PermissionError
        If another file has taken the file's name in the private folder. Only users whom the file
        system does not keep out can do that.
    OSError
        If the system refuses.
    """
    found = private.status(name)
    is_same = found is not None and os.path.samestat(found, os.fstat(file.fileno()))
    if hasattr(os, "geteuid") and not is_same:
        raise PermissionError(errno.EPERM, "another file has been put in its place", target)
    # Windows does not move an open file.
    if sys.platform == "win32":
        file.close()
    deadline = time.monotonic() + _REPLACE_SECONDS
    while True:
        try:
            private.move(name, folder, target)
        except PermissionError as error:
            if sys.platform != "win32":
                raise
            if time.monotonic() > deadline:
                raise PermissionError(
                    error.errno, "another program has the file open or mapped", target
                ) from error
            time.sleep(0.05)
        else:
            return
