"""A folder that appears under its name whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator

from .folders import Folder
from .outputs import naming
from .private_folder import private_folder_name, random_name
from .trust import are_permissions_trusted


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Make a folder with what is written in a ``with`` block.

    The block gets the path of another folder beside it, which takes the name when the block ends.
    If an exception leaves the block, nothing remains but parents, which are made where they are
    missing. The block has to make sure that its files are on the disk. The folder's own names are,
    when the block has ended. An empty folder's permissions, group and owner are kept where
    the system allows that. If another user may have put it there, the new folder is made as any
    other, but denies what the old one denies.

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
    old = os.stat(path) if os.path.isdir(path) else None
    # A program in the folder, such as a shell, would stay in the old one, and find nothing there.
    if old is not None and os.path.samestat(old, os.stat(os.curdir)):
        raise OSError(errno.EBUSY, "the current folder; name a folder within it", given)
    with Folder(parent) as held:
        is_trusted = old is not None and are_permissions_trusted(old, held)
    private = os.path.join(parent, private_folder_name(name, f".{random_name()}"))
    try:
        with naming(given):
            permissions = _make(private, old, is_trusted=is_trusted)
        yield private
        _sync(private)
        if old is not None and permissions is not None:
            os.chmod(private, permissions)
            # Only root may do that, and afterwards others could exchange the files.
            with contextlib.suppress(OSError):
                os.chown(private, old.st_uid if is_trusted else -1, -1)
        with naming(given):
            if os.name == "nt" and os.path.isdir(path):
                os.rmdir(path)
            # This takes the place of an empty folder, but of no other.
            os.rename(private, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.chmod(private, 0o700)  # what it has got may keep even its owner out
            shutil.rmtree(private)
        if isinstance(error, OSError) and _is_below(error.filename, private):
            # The caller does not know the private folder.
            inner = os.path.relpath(error.filename, private)
            raise OSError(error.errno, error.strerror, os.path.join(given, inner)) from error
        raise
    _sync(parent)


def _make(private: str, old: os.stat_result | None, *, is_trusted: bool) -> int | None:
    """Make the private folder; return the permissions that it has yet to get, if any.

    Until then, others may do no more with it than with the empty folder that it will replace.
    """
    os.mkdir(private)
    if old is None or not hasattr(os, "geteuid"):
        return None
    mode, made = stat.S_IMODE(old.st_mode), os.stat(private)
    if is_trusted:
        with contextlib.suppress(OSError):
            os.chown(private, -1, old.st_gid)
        made = os.stat(private)
    else:
        mode &= stat.S_IMODE(made.st_mode)
    if made.st_gid != old.st_gid:
        mode &= 0o1707  # the old group's rights are not for another group
    # What is made in the folder has its group if the old one says so.
    os.chmod(private, 0o700 | mode & 0o7000)
    return mode


def _is_below(path: object, folder: str) -> bool:
    return isinstance(path, str) and path.startswith(os.path.join(folder, ""))


def _sync(folder: str) -> None:
    with Folder(folder) as held:
        held.sync()
