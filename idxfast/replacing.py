"""Put a file in its place so that it appears whole or not at all.

The bytes go to a file in a private folder beside the target, which nobody else may enter. So those
who may write to the target's folder can neither read nor exchange what is not whole yet. The bytes
reach the disk, and only then the file moves out of the private folder and takes the target's name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from typing import BinaryIO

from .folders import Folder, is_anothers
from .private import is_own, move_out, name_for

# The private folder of a target is named .NAME.USER.tmp, and a file in it PROCESS-RANDOM. What a
# killed process left is removed after a day (in seconds), by the next one that saves to the target.
_SUFFIX = ".tmp"
_OURS = re.compile(r"\d+-[0-9a-f]{8}")
_MAX_AGE = 24 * 60 * 60
# What opening a folder or a file in it says if its name leads to something of another user's.
_IN_THE_WAY = (errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM)
# Another process that saves to the same target may remove the empty folder so often, in theory.
_TRIES = 100


@contextlib.contextmanager
def replacing(folder: Folder, name: str, old: os.stat_result | None) -> Iterator[BinaryIO]:
    """A file that takes a name in a folder unless an exception comes first.

    Parameters
    ----------
    folder : Folder
    name : str
    old : os.stat_result or None
        What the system says of the regular file that has the name now. The new file gets its
        permissions, and its group and owner where the system allows that. It gets none of them from
        a file that another user may have put there for this.

    Yields
    ------
    file
        Empty, and open for writing without a buffer.

    Raises
    ------
    OSError
        If the system refuses a step. What had the name has it still.
    PermissionError
        Also if another file has been put in place of the new one: see `move_out`.
    """
    if old is not None and is_anothers(old, folder, is_owner_trusted=True):
        old = None
    # With the permissions of a new file, or closed to others until the old ones are set.
    permissions = 0o666 if old is None else 0o600
    with _private_file(folder, name, permissions) as (private, own, file):
        yield file
        if old is not None:
            _copy_permissions(old, file)
        os.fsync(file.fileno())
        move_out(private, own, file, folder, name)
    # Makes the new name last through a power cut.
    folder.sync()


@contextlib.contextmanager
def _private_file(
    folder: Folder, name: str, permissions: int
) -> Iterator[tuple[Folder, str, BinaryIO]]:
    """A private folder, the name of a new file in it, and the file; at the end all that goes."""
    own = f"{os.getpid()}-{secrets.token_hex(4)}"
    # Another user may have taken the first name, on purpose; the second cannot be known before.
    for base in (name_for(name, _SUFFIX), name_for(name, f".{own}{_SUFFIX}")):
        path, descriptor = folder.named(base), folder.descriptor
        try:
            made = _create(folder, base, own, permissions)
            if made is not None:
                private, file = made
                with private, file:
                    yield private, own, file
                return
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(path, own), dir_fd=descriptor)
            raise
        finally:
            # Ctrl-C is answered after a call, so that this one has to be the first.
            try:  # noqa: SIM105
                os.rmdir(path, dir_fd=descriptor)
            except OSError:
                pass  # another process has a file there
    raise PermissionError(errno.EACCES, "no private folder can be made here", name)


def _create(
    folder: Folder, base: str, own: str, permissions: int
) -> tuple[Folder, BinaryIO] | None:
    """Make a file in a private folder, and the folder; None if another user's is in the way."""
    for _ in range(_TRIES):
        is_new = True
        try:
            os.mkdir(folder.named(base), 0o700, dir_fd=folder.descriptor)
        except FileExistsError:
            is_new = False
        try:
            private = Folder(base, folder, is_followed=False)
            file = private.open(own, "xb", permissions)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ESTALE):
                continue  # another process has just removed the folder
            if not is_new and error.errno in (
                errno.ENOTDIR,
                errno.ELOOP,
                errno.EACCES,
                errno.EPERM,
            ):
                return None
            raise
        if not is_own(private, file):
            file.close()
            private.remove(own)
            return None
        if not is_new:
            _sweep(private)
        return private, file
    return None


def _sweep(private: Folder) -> None:
    """Remove what killed processes left in a private folder long ago."""
    oldest = time.time() - _MAX_AGE
    for name in filter(_OURS.fullmatch, private.list_names()):
        status = private.status(name)
        if status is not None and status.st_mtime < oldest:
            with contextlib.suppress(FileNotFoundError):
                private.remove(name)


def _copy_permissions(old: os.stat_result, file: BinaryIO) -> None:
    """Give a file the permissions of the old one, and its group and owner where that is allowed."""
    if not hasattr(os, "fchown"):
        return
    descriptor = file.fileno()
    with contextlib.suppress(OSError):
        os.fchown(descriptor, -1, old.st_gid)
    mode = old.st_mode & 0o777
    if os.fstat(descriptor).st_gid != old.st_gid:
        mode &= ~0o070  # what was for the old group is not for another one
    os.fchmod(descriptor, mode)
    # Last: what is another's may not be ours to change.
    with contextlib.suppress(OSError):
        os.fchown(descriptor, old.st_uid, -1)
