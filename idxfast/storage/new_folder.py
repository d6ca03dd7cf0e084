"""A folder that appears under its name whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator

from .folders import Folder
from .locks import try_to_lock
from .private_folder import random_name

# How many characters of a folder's name the name of its private folder begins with.
_MAX_NAME = 80


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Make a folder with what is written in a ``with`` block.

    The block gets the path of another folder beside it, which takes the name when the block ends.
    If an exception leaves the block, nothing remains. Missing parents are made. The block has to
    make sure that its files are on the disk; the names of the folder last through a power cut, too.

    What a killed process left is removed by the next one that makes a folder of this name, where
    folders can be locked.

    Parameters
    ----------
    path : str
        The name of an empty folder, or of nothing yet.

    Raises
    ------
    OSError
        If the folder is not empty, is a symbolic link or a mount point, or the system refuses.
    """
    given, path = path, os.path.abspath(path)
    parent, name = os.path.split(path)
    os.makedirs(parent, exist_ok=True)
    if os.path.lexists(path) and os.listdir(path):
        raise OSError(errno.ENOTEMPTY, "the folder is not empty", given)
    # No folder can take these places, which would only be known at the end.
    if os.path.islink(path) or os.path.ismount(path):
        raise OSError(errno.EBUSY, "a link or a mount point; name a folder within it", given)
    start = os.path.join(parent, f".{name[:_MAX_NAME]}.")
    _remove_abandoned(start)
    private = ""
    with contextlib.ExitStack() as stack:
        try:
            while True:
                private = f"{start}{random_name()}"
                os.mkdir(private)
                if _hold(private, stack):
                    break
            yield private
            _sync(private)
            if os.name == "nt" and os.path.isdir(path):
                os.rmdir(path)
            # This takes the place of an empty folder, but of no other.
            os.rename(private, path)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(private)
            raise
        _sync(parent)


def _sync(folder: str) -> None:
    with Folder(folder) as held:
        held.sync()


def _hold(private: str, stack: contextlib.ExitStack) -> bool:
    """Lock a folder until it is closed; False if another process has taken it for abandoned."""
    if not hasattr(os, "O_DIRECTORY"):
        return True
    try:
        descriptor = _open(private, stack)
        is_locked = try_to_lock(descriptor)
        return is_locked is not False and os.path.samestat(os.fstat(descriptor), os.stat(private))
    except FileNotFoundError:
        return False


def _remove_abandoned(start: str) -> None:
    """Remove this user's private folders that no process holds. Their names have this start."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    parent, name = os.path.split(start)
    ours = re.compile(rf"{re.escape(name)}idxfast-\d+-[0-9a-f]{{8}}")
    for found in filter(ours.fullmatch, os.listdir(parent)):
        path = os.path.join(parent, found)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            descriptor = _open(path, stack)
            if os.fstat(descriptor).st_uid == os.geteuid() and try_to_lock(descriptor):
                shutil.rmtree(path)


def _open(folder: str, stack: contextlib.ExitStack) -> int:
    """Open a folder, which may not be a symbolic link, until the stack is closed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    stack.callback(os.close, descriptor)
    return descriptor
