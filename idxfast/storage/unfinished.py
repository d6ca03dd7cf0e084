"""Files that a process has not finished yet, in a folder that several processes of a user share.

A process holds a lock on each of its unfinished files. If the process is killed, its locks end, and
another process removes its files.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from typing import BinaryIO

from .cache_folder import explained
from .folders import Folder
from .locks import try_to_lock, unlock
from .private_folder import random_name
from .space import reserve

# How many seconds a process waits for another one that does the same work. Then it does the work
# itself, because the lock only saves work.
PATIENCE = 60.0
# How often the lock is tried meanwhile, in seconds.
_INTERVAL = 0.02
# Where there are no locks, the files of other processes are removed when they are a day old.
_MAX_AGE = 24 * 60 * 60

# The user may keep other files in the folder. Their names are assumed not to start like this.
_START = "idxfast-"
_ENDINGS = (".part", ".lock")


@contextlib.contextmanager
def new_file(folder: Folder, size: int = 0) -> Iterator[tuple[str, BinaryIO]]:
    """A new file with space for `size` bytes, and its name; removed unless it is moved.

    Raises
    ------
    OSError
        If the file cannot be made, or there is not enough space.
    """
    name, file = _create(folder)
    try:
        with file:
            with explained(folder.path):
                reserve(file, size)
            yield name, file
    finally:
        with contextlib.suppress(OSError):
            folder.remove(name)


@contextlib.contextmanager
def locked(folder: Folder, name: str) -> Iterator[None]:
    """Keep other processes and threads from doing the same work, where that is possible."""
    name = f"{_START}{name}.lock"
    with explained(folder.path):
        file = folder.open(name, "ab", 0o600)
    with file:
        deadline = time.monotonic() + PATIENCE
        is_locked = try_to_lock(file)
        while is_locked is False and time.monotonic() < deadline:
            time.sleep(_INTERVAL)
            is_locked = try_to_lock(file)
        try:
            yield
        finally:
            if is_locked:
                # Processes that still wait for this lock look for the result before they begin.
                # Others make a new lock file.
                with contextlib.suppress(OSError):
                    folder.remove(name)
                unlock(file)


def remove_abandoned(folder: Folder) -> None:
    """Remove the unfinished files of processes that have ended."""
    for name in folder.list_names():
        if name.startswith(_START) and name.endswith(_ENDINGS):
            status = folder.status(name)
            if status is None or not stat.S_ISREG(status.st_mode):
                continue  # opening a FIFO would wait for a writer
            with contextlib.suppress(OSError), folder.open(name, "rb") as file:
                is_locked = try_to_lock(file)
                is_old = os.fstat(file.fileno()).st_mtime < time.time() - _MAX_AGE
                if is_locked or (is_locked is None and is_old):
                    folder.remove(name)


def _create(folder: Folder) -> tuple[str, BinaryIO]:
    """Make a new file and lock it, so that no other process removes it."""
    while True:
        name = f"{random_name()}.part"
        with explained(folder.path):
            file = folder.open(name, "x+b", 0o600)
        # Before the file was locked, another process may have taken it for an abandoned one.
        if try_to_lock(file) is not False and folder.status(name) is not None:
            return name, file
        file.close()
