"""Folders that one user alone may enter, for files that are not whole yet.

They stand beside the place where a file is to go. Whoever may write there can move such a folder
away, but can neither read what is in it nor exchange it, nor is anything else taken for it: it is
held by its descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from .folders import Folder

# On Windows these permissions would be an access control list that files keep when they move out.
_PERMISSIONS = 0o700 if hasattr(os, "geteuid") else 0o777
# The most bytes of a file's name in the name of its private folder.
_MOST = 80
# Windows does not replace a file while another program, like a virus scanner, has it open.
_REPLACE_SECONDS = 2.0


def name_for(name: str, ending: str) -> str:
    """What a user's private folder for a file of this name is called."""
    # Names are limited in bytes, and cut between characters.
    start = name[:_MOST]
    while len(os.fsencode(start)) > _MOST:
        start = start[:-1]
    user = f".{os.geteuid()}" if hasattr(os, "geteuid") else ""
    return f".{start}{user}{ending}"


def random_name() -> str:
    """A name that nothing else has."""
    return f"idxfast-{os.getpid()}-{secrets.token_hex(4)}"


def enter(folder: Folder, name: str) -> tuple[Folder, bool]:
    """Hold a private folder, which is made if it is not there, and say whether it is new.

    Whether it is this user's is still to be asked: see `is_ours`.
    """
    is_new = True
    try:
        os.mkdir(folder.named(name), _PERMISSIONS, dir_fd=folder.descriptor)
    except FileExistsError:
        is_new = False
    private = Folder(name, folder, is_followed=False)
    if is_new:
        private.allow_owner()
    return private, is_new


@contextlib.contextmanager
def entered(folder: Folder, name: str) -> Iterator[Folder]:
    """A private folder that stays for the next time.

    Raises
    ------
    PermissionError
        If another user's folder has its name, or one that others may enter.
    OSError
        If it cannot be made, or something else has its name.
    """
    private, _ = enter(folder, name)
    with private:
        probe = random_name()
        try:
            with private.open(probe, "xb") as file:
                is_usable = is_ours(private, file, folder)
        finally:
            with contextlib.suppress(OSError):
                private.remove(probe)
        if not is_usable:
            raise PermissionError(
                errno.EACCES, f"{name} is not a folder of this user alone", private.path
            )
        yield private


def is_ours(private: Folder, file: BinaryIO, folder: Folder) -> bool:
    """Whether a folder is this user's alone, in which this process has just made a file.

    It has to belong to the same user as the file. The file system decides which one: a server may
    have users of its own. Nobody else may enter it, unless the file system cannot keep others out.
    And no other file system may be mounted there.
    """
    if not hasattr(os, "geteuid"):
        return True  # as far as that can be known
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
    """Move an open file out of its private folder, in place of what has its name outside.

    Raises
    ------
    PermissionError
        If another file has taken its name in the private folder. Only those can do that whom the
        file system does not keep out.
    OSError
        If the system refuses.
    """
    found = private.status(name)
    is_same = found is not None and os.path.samestat(found, os.fstat(file.fileno()))
    if hasattr(os, "geteuid") and not is_same:
        raise PermissionError(errno.EPERM, "another file has been put in its place", target)
    # Windows moves no file that is open.
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
