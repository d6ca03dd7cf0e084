"""Put a file in its place so that it appears whole or not at all.

The bytes go to a file in a private folder beside the target. They reach the disk, and only then the
file moves out of the private folder and takes the target's name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable
from typing import BinaryIO

from .folders import ACCESS_LIST, Entry, Folder
from .owners import are_permissions_trusted
from .private import enter, is_ours, move_out, name_for, random_name

# The private folder of a target is named .NAME.USER.tmp, and a file in it idxfast-PROCESS-RANDOM.
# What a killed process left is removed after a day (in seconds), by the next save to the target.
_SUFFIX = ".tmp"
_OURS = re.compile(r"idxfast-\d+-[0-9a-f]{8}")
_MAX_AGE = 24 * 60 * 60
# How often another process that saves to the same target may remove the folder just before this one
# makes its file there. Then another name is tried.
_TRIES = 100
# What the system says if something of another user's has the private folder's name.
_IN_THE_WAY = (errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.EACCES, errno.EPERM)


def replace(folder: Folder, name: str, write: Callable[[BinaryIO], None]) -> None:
    """Have a function write a file, which then takes a name in a folder.

    Parameters
    ----------
    folder : Folder
    name : str
        Of a regular file, or of nothing. A new file in place of an old one gets its permissions,
        and its group and owner where the system allows that. If another user may have put the old
        file there, the new one is made as any new file, and also denies what the old one denies.
    write : callable
        Gets the new file: empty, and open for writing without a buffer.

    Raises
    ------
    OSError
        If the system refuses a step. What had the name has it still.
    BaseException
        What the function raises; then, too, what had the name has it still.
    """
    own = random_name()
    # Another user may have taken the first name, on purpose; nobody can know the second.
    for private_name in (name_for(name, _SUFFIX), name_for(name, f".{own}{_SUFFIX}")):
        if _replace_from(folder, private_name, own, name, write):
            # Makes the new name last through a power cut.
            folder.sync()
            return
    raise PermissionError(errno.EACCES, "no private folder can be made here", name)


def _replace_from(
    folder: Folder, private_name: str, own: str, name: str, write: Callable[[BinaryIO], None]
) -> bool:
    """Write the file in a private folder, and move it out; False if there can be no such folder.

    All in one function, not in context managers: Ctrl-C may come just when one is left, and then
    what it has made would stay.
    """
    path, descriptor = folder.named(private_name), folder.descriptor
    is_used = True
    try:
        old = folder.status(name)
        # Nobody else gets at the file before it has all its permissions.
        permissions = 0o666 if old is None else 0o600 | old.st_mode & 0o666
        made = _create(folder, private_name, own, permissions)
        if made is None:
            is_used = False
            return False
        private, file = made
        with private, file:
            write(file)
            _take_permissions(folder, name, file)
            os.fsync(file.fileno())
            move_out(private, own, file, folder, name)
        return True
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(path, own), dir_fd=descriptor)
        raise
    finally:
        # Ctrl-C is answered after a call, so that this one has to be the first.
        if is_used:
            try:  # noqa: SIM105
                os.rmdir(path, dir_fd=descriptor)
            except OSError:
                pass  # another process has a file there


def _create(
    folder: Folder, private_name: str, own: str, permissions: int
) -> tuple[Folder, BinaryIO] | None:
    """Make a file in a private folder, and the folder; None if something else has its name."""
    for _ in range(_TRIES):
        is_new = False
        try:
            private, is_new = enter(folder, private_name)
            file = private.open(own, "xb", permissions)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ESTALE):
                continue  # another process has just removed the folder
            is_there = folder.status(private_name) is not None
            if error.errno in _IN_THE_WAY and is_there and not is_new:
                return None
            raise
        try:
            if is_ours(private, file, folder):
                if not is_new:
                    _sweep(private, os.fstat(file.fileno()).st_mtime - _MAX_AGE)
                return private, file
        except BaseException:
            file.close()
            with contextlib.suppress(OSError):
                private.remove(own)
            raise
        with private, file, contextlib.suppress(OSError):
            private.remove(own)
        return None
    return None


def _sweep(private: Folder, oldest: float) -> None:
    """Remove what killed processes left in a private folder before a time of the file system's."""
    with contextlib.suppress(OSError):
        for name in filter(_OURS.fullmatch, private.list_names()):
            status = private.status(name)
            if status is not None and status.st_mtime < oldest:
                private.remove(name)


def _take_permissions(folder: Folder, name: str, file: BinaryIO) -> None:
    """Give a file the permissions that the one with the name has by now, if they are trusted."""
    entry = folder.find(name)
    if entry is not None:
        with entry:
            if are_permissions_trusted(entry.status, folder):
                _copy_permissions(entry, file)


def _copy_permissions(old: Entry, file: BinaryIO) -> None:
    """Give a file the permissions of the old one, and its group and owner where that is allowed."""
    if not hasattr(os, "fchown"):
        return
    descriptor, made = file.fileno(), os.fstat(file.fileno())
    mode, access_list = stat.S_IMODE(old.status.st_mode) & 0o777, old.access_list()
    with contextlib.suppress(OSError):
        os.fchown(descriptor, -1, old.status.st_gid)
    if os.fstat(descriptor).st_gid != old.status.st_gid:
        # What was for the old group is not for another one; who was in it is now one of the others.
        mode = mode & 0o700 | mode & mode >> 3 & 0o007
        access_list = None
    if old.status.st_uid not in (made.st_uid, 0) and os.geteuid() != 0:
        # The file becomes this user's, and the old owner does not say what all may do with it.
        mode = mode & 0o770 | mode & made.st_mode & 0o007
        access_list = None
    # A list may come from the folder. A file system without permissions refuses, and has none.
    with contextlib.suppress(OSError, AttributeError):
        if access_list is None:
            os.removexattr(descriptor, ACCESS_LIST)
    with contextlib.suppress(PermissionError):
        os.fchmod(descriptor, mode)
    with contextlib.suppress(OSError):
        if access_list is not None:
            os.setxattr(descriptor, ACCESS_LIST, access_list)
    # Last: what is another's may not be ours to change.
    with contextlib.suppress(OSError):
        os.fchown(descriptor, old.status.st_uid, -1)
