"""Locks between processes. A process that waits logs which process it waits for.

While a process has a lock, the lock file says which process it is. The file is opened in a folder
that is held by its descriptor, never by a path: others who may write to the folder could make a
path lead anywhere before the lock is free. Where the system has no such locks, filelock serves
instead, although it opens paths.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import printable
from ..storage.folders import Folder
from ..storage.regular import check_regular, check_single_link

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

# The most bytes of a lock file that are logged.
_MAX_SHOWN = 200
# Within this time after taking a lock, its holder writes who it is.
_SIGNING_SECONDS = 0.1

_log = logging.getLogger("idxfast")


@contextlib.contextmanager
def hold(folder: Folder, name: str, what: Path) -> Iterator[None]:
    """Hold a lock; wait as long as another process or thread has it.

    Parameters
    ----------
    folder : Folder
        Where the lock file is.
    name : str
        The name of the lock file, which is made if it is missing.
    what : Path
        What is locked, for messages.

    Raises
    ------
    OSError
        If the lock file cannot be written, is not a regular file, or has other names.
    """
    path = os.path.join(folder.path, name)
    found = folder.status(name)
    if found is not None:
        check_regular(found, path)
        check_single_link(found, path)
    if fcntl is None:
        import filelock

        with filelock.FileLock(path):
            yield
        return
    with folder.open(name, "a+b") as file:
        try:
            _lock(file, what)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            import filelock

            # The file system has no locks. The existence of another file serves as one.
            with filelock.SoftFileLock(f"{path}.soft"):
                yield
            return
        try:
            file.truncate(0)
            file.write(f"{_own_name()}\n".encode())
            yield
        finally:
            # Closing the file does not suffice: a child forked meanwhile may have it open, too.
            fcntl.flock(file, fcntl.LOCK_UN)


def _lock(file: BinaryIO, what: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not _read_holder(file):
            time.sleep(_SIGNING_SECONDS)
        holder = printable(_read_holder(file)) or "another process"
        _log.warning("waiting for %s, which fetches %s", holder, printable(str(what)))
        fcntl.flock(file, fcntl.LOCK_EX)


def _read_holder(file: BinaryIO) -> str:
    """Who has the lock, in the holder's own words."""
    file.seek(0)
    return file.read(_MAX_SHOWN).decode(errors="replace").strip()


def _own_name() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}"
