"""Write a file so that it appears whole or not at all.

The bytes go to a file in a private folder beside the target. Once they have reached the disk, the
file moves out of the private folder and takes the target's name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable
from typing import BinaryIO

from .folders import Entry, Folder
from .naming import naming_written
from .permissions import allowed, give, take_group, take_owner
from .private_folder import (
    is_private,
    move_out,
    open_private_folder,
    private_folder_name,
    random_name,
)
from .trust import are_permissions_trusted

# The private folder of a target is named .NAME.USER.tmp, and a file in it idxfast-PROCESS-RANDOM.
# What a killed process left there is removed, after a day (in seconds), by the next save.
SUFFIX = ".tmp"
_OURS = re.compile(r"idxfast-\d+-[0-9a-f]{8}")
_MAX_AGE = 24 * 60 * 60
# Another process that saves to the same target may remove the folder just before this one makes its
# file there. After this many attempts another name is tried.
_TRIES = 100
# The errors that mean that something else may have the private folder's name.
_IN_THE_WAY = (errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.EACCES, errno.EPERM)


def write_atomically(folder: Folder, name: str, write: Callable[[BinaryIO], None]) -> None:
    """Have a function write a new file, which then takes a name in a folder.

    Parameters
    ----------
    folder : Folder
    name : str
        The name of a regular file, or of nothing yet. The new file takes over an old file's
        permissions, and its group and owner where the system allows that. If another user may have
        put the old file there, the new file is made as any other, but denies what the old one
        denies.
    write : callable
        Called with the new file: empty, and open for writing, unbuffered.

    Raises
    ------
    OSError
        If the system refuses a step. The name still belongs to the old file, if there was one.
    BaseException
        What the function raises; the old file is kept then, too.
    """
    own = random_name()
    # Another user may have taken the first name on purpose, but cannot know the second.
    for ending in (SUFFIX, f".{own}{SUFFIX}"):
        if _write_from(folder, private_folder_name(name, ending), own, name, write):
            # Makes the new name last through a power cut.
            folder.sync()
            return
    raise PermissionError(errno.EACCES, "no private folder can be made here", name)


def _write_from(
    folder: Folder, private_name: str, own: str, name: str, write: Callable[[BinaryIO], None]
) -> bool:
    """Write the file in a private folder, and move it out; False if the folder cannot be made.

    One function rather than context managers: if Ctrl-C came just as a context manager is left,
    the files that it made would stay.
    """
    path, descriptor = folder.named(private_name), folder.descriptor
    is_used = True
    try:
        old = folder.status(name)
        # Until the file has its final permissions, others may do no more with it than with the
        # old one.
        permissions = 0o666 if old is None else 0o600 | old.st_mode & 0o666
        made = create_privately(folder, private_name, own, permissions)
        if made is None:
            is_used = False
            return False
        private, file = made
        with private, file:
            write(file)
            take_permissions(folder, name, file)
            with naming_written(folder.named(name)):
                os.fsync(file.fileno())
            move_out(private, own, file, folder, name)
        return True
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(path, own), dir_fd=descriptor)
        raise
    finally:
        # This call has to be the first here, because Ctrl-C takes effect after a call.
        if is_used:
            try:  # noqa: SIM105
                os.rmdir(path, dir_fd=descriptor)
            except OSError:
                pass  # another process has a file there


def create_privately(
    folder: Folder, private_name: str, own: str, permissions: int
) -> tuple[Folder, BinaryIO] | None:
    """Make a file called `own` in a private folder; None if the folder cannot be made.

    Another user may have taken the folder's name.
    """
    for _ in range(_TRIES):
        is_new = False
        try:
            private, is_new = open_private_folder(folder, private_name)
            try:
                file = private.open(own, "xb", permissions)
            except BaseException:
                # Explicitly: an error that is kept keeps alive what its frames refer to.
                private.close()
                raise
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ESTALE):
                continue  # another process has just removed the folder
            is_there = folder.status(private_name) is not None
            if error.errno in _IN_THE_WAY and is_there and not is_new:
                return None
            raise
        try:
            if is_private(private, file, folder):
                if not is_new:
                    _sweep(private, os.fstat(file.fileno()).st_mtime - _MAX_AGE)
                return private, file
        except BaseException:
            with private, file, contextlib.suppress(OSError):
                private.remove(own)
            raise
        with private, file, contextlib.suppress(OSError):
            private.remove(own)
        return None
    return None


def _sweep(private: Folder, oldest: float) -> None:
    """Remove what killed processes left before `oldest`, a time of the file system's clock."""
    with contextlib.suppress(OSError):
        for name in filter(_OURS.fullmatch, private.list_names()):
            status = private.status(name)
            if status is not None and status.st_mtime < oldest:
                private.remove(name)


def take_permissions(folder: Folder, name: str, file: BinaryIO) -> None:
    """Give a file the permissions that the file with the name has now, if they can be trusted."""
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
    new = take_group(descriptor, old.status)
    mode, access_list = allowed(old.status, old.access_list(), new, made.st_mode)
    give(descriptor, mode & 0o777, access_list)
    take_owner(descriptor, old.status)
