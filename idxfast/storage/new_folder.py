"""A folder that appears under its name whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from typing import NamedTuple

from .folders import Folder
from .outputs import naming
from .permissions import allowed, give, take_group, take_owner
from .private_folder import private_folder_name, random_name
from .trust import are_permissions_trusted


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Make a folder with what is written in a ``with`` block.

    The block gets the path of another folder beside it, which takes the name when the block ends.
    If an exception leaves the block, nothing remains but parents, which are made where they are
    missing. The block has to make sure that its files are on the disk. The folder's own names are,
    when the block has ended.

    An empty folder's permissions, group and owner are kept where the system allows that. If another
    user may have put it there, the new folder is made as any other, but denies what the old one
    denies.

    Parameters
    ----------
    path : str
        The name of an empty folder, or of nothing yet.

    Raises
    ------
    OSError
        If the folder is not empty, is a symbolic link, a mount point or the current folder, or the
        system refuses.
    """
    given, path = path, os.path.abspath(path)
    parent, name = os.path.split(path)
    os.makedirs(parent, exist_ok=True)
    if os.path.lexists(path) and os.listdir(path):
        raise OSError(errno.ENOTEMPTY, "the folder is not empty", given)
    # No folder can take these places, which would only be known at the end.
    if os.path.islink(path) or os.path.ismount(path):
        raise OSError(errno.EBUSY, "a link or a mount point; name a folder within it", given)
    old = _look(parent, name)
    # A program in the folder, such as a shell, would stay in the old one, and find nothing there.
    if old is not None and _is_current(old.status):
        raise OSError(errno.EBUSY, "the current folder; name a folder within it", given)
    private = os.path.join(parent, private_folder_name(name, f".{random_name()}"))
    new: Folder | None = None
    try:
        with naming(given):
            # Not even for a moment may others do more with it than with the empty folder.
            os.mkdir(private, 0o777 if old is None else 0o700 | old.status.st_mode & 0o777)
            new = _open_made(private)
            permissions = None if old is None else _begin(new, old)
        yield private
        new.sync()
        if old is not None and permissions is not None:
            _end(new, old, *permissions)
        with naming(given):
            if os.name == "nt" and os.path.isdir(path):
                os.rmdir(path)
            # This takes the place of an empty folder, but of no other.
            os.rename(private, path)
    except BaseException as error:
        _remove(private, new)
        if isinstance(error, OSError) and _is_below(error.filename, private):
            # The caller does not know the private folder.
            error.filename = os.path.join(given, os.path.relpath(error.filename, private))
        raise
    finally:
        if new is not None:
            new.close()
    _sync(parent)


def _open_made(private: str) -> Folder:
    """Open the folder that was just made. Who may rename it may have put another in its place."""
    new = Folder(private, is_followed=False)
    try:
        if new.list_names():
            raise OSError(errno.EBUSY, "another process has put something else there", private)
    except BaseException:
        new.close()
        raise
    return new


def _remove(private: str, new: Folder | None) -> None:
    """Remove the private folder, but nothing that another user has put in its place."""
    with contextlib.suppress(OSError):
        if new is not None:
            new.allow_owner()  # what it has got may keep even its owner out
    with contextlib.suppress(OSError):
        if new is None:
            os.rmdir(private)
        elif os.path.samestat(os.lstat(private), new.own_status()):
            shutil.rmtree(private)


class _Old(NamedTuple):
    """The empty folder that is replaced."""

    status: os.stat_result
    access_list: bytes | None
    is_trusted: bool


def _look(parent: str, name: str) -> _Old | None:
    with Folder(parent) as held:
        entry = held.find(name)
        if entry is None:
            return None
        with entry:
            is_trusted = are_permissions_trusted(entry.status, held)
            return _Old(entry.status, entry.access_list(), is_trusted)


def _is_current(status: os.stat_result) -> bool:
    try:
        return os.path.samestat(status, os.stat(os.curdir))
    except OSError:
        return False  # this user may not even look at the current folder


def _begin(new: Folder, old: _Old) -> tuple[int, bytes | None] | None:
    """Keep others out; return the permissions and the access control list to be given at the end.

    What is made in the folder meanwhile has its group if the old permissions say so.
    """
    descriptor = new.descriptor
    if descriptor is None:
        return None
    made = status = new.own_status()
    if old.is_trusted:
        status = take_group(descriptor, old.status)
    mode, access_list = allowed(old.status, old.access_list, status, made.st_mode)
    if not old.is_trusted:
        # The sticky bit gives no rights, but denies some.
        mode, access_list = mode & (made.st_mode | stat.S_ISVTX), None
        if old.access_list is not None:
            mode &= 0o7707
    with contextlib.suppress(PermissionError):  # some file systems have no permissions
        os.fchmod(descriptor, 0o700 | mode & 0o7000)
    return mode, access_list


def _end(new: Folder, old: _Old, mode: int, access_list: bytes | None) -> None:
    descriptor = new.descriptor
    if descriptor is None:
        return
    if old.is_trusted:
        give(descriptor, mode, access_list)
        take_owner(descriptor, old.status)
    else:
        with contextlib.suppress(PermissionError):
            os.fchmod(descriptor, mode)


def _is_below(path: object, folder: str) -> bool:
    return isinstance(path, str) and path.startswith(os.path.join(folder, ""))


def _sync(folder: str) -> None:
    with Folder(folder) as held:
        held.sync()
