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

# Windows does not replace a file while another program, like a virus scanner, has it open.
_REPLACE_SECONDS = 2.0


def name_for(name: str, ending: str) -> str:
    """What a user's private folder for a file of this name is called."""
    # Names are limited in bytes. A letter that is cut at the end is left out.
    start = os.fsencode(name)[:80].decode(errors="ignore")
    user = f".{os.geteuid()}" if hasattr(os, "geteuid") else ""
    return f".{start}{user}{ending}"


@contextlib.contextmanager
def entered(folder: Folder, base: str) -> Iterator[Folder]:
    """A private folder that stays for the next time; it is made if it is not there.

    Raises
    ------
    PermissionError
        If another user's folder has its name.
    OSError
        If it cannot be made, or something else has its name.
    """
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder.named(base), 0o700, dir_fd=folder.descriptor)
    probe = f"{os.getpid()}-{secrets.token_hex(4)}"
    with Folder(base, folder, is_followed=False) as private:
        try:
            with private.open(probe, "xb") as file:
                is_ours = is_own(private, file)
        finally:
            with contextlib.suppress(FileNotFoundError):
                private.remove(probe)
        if not is_ours:
            raise PermissionError(errno.EACCES, f"{base} belongs to another user", private.path)
        yield private


def is_own(private: Folder, file: BinaryIO) -> bool:
    """Whether a folder belongs to the user that a file in it, which this process made, belongs to.

    What the system takes this process's user for need not be what the process does: a server of
    files may have users of its own.
    """
    return private.own_status().st_uid == os.fstat(file.fileno()).st_uid


def move_out(private: Folder, own: str, file: BinaryIO, folder: Folder, name: str) -> None:
    """Move an open file out of its private folder, in place of what has its name outside.

    Raises
    ------
    PermissionError
        If another file has been put in its place. Only those can do that who may write to the
        private folder, because the file system keeps nobody out.
    OSError
        If the system refuses.
    """
    written = os.fstat(file.fileno())
    # Windows moves no file that is open. Elsewhere an open one keeps its number to itself.
    if sys.platform == "win32":
        file.close()
    _replace(private, own, folder, name)
    if _is_open_to_others(private):
        found = folder.status(name)
        if found is None or not os.path.samestat(found, written):
            raise PermissionError(errno.EPERM, "another file has been put in its place", name)


def _replace(private: Folder, own: str, folder: Folder, name: str) -> None:
    deadline = time.monotonic() + _REPLACE_SECONDS
    while True:
        try:
            private.move(own, folder, name)
        except PermissionError as error:
            if sys.platform != "win32":
                raise
            if time.monotonic() > deadline:
                raise PermissionError(
                    error.errno, "another program has the file open or mapped", name
                ) from error
            time.sleep(0.05)
        else:
            return


def _is_open_to_others(private: Folder) -> bool:
    """Whether other users may write to the folder, as far as the system has users."""
    return hasattr(os, "geteuid") and bool(private.own_status().st_mode & 0o022)
