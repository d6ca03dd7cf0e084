"""One process at a time, and the others know which one they wait for.

While a process has a lock, the lock's file says who it is. The file is opened in the folder that is
held, never by a path: in a folder that others may write to, a path leads wherever they like by the
time that the lock is free. filelock, which goes by paths, locks where the system cannot.
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
from ..storage.regular import check_alone, check_regular

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

# The most bytes of a lock's file that are shown to those who wait.
_MOST = 200
# Who has a lock says who it is right after.
_SIGNING_SECONDS = 0.1

_log = logging.getLogger("idxfast")


@contextlib.contextmanager
def hold(folder: Folder, name: str, what: Path) -> Iterator[None]:
    """Have a lock; wait for it as long as another process or thread has it.

    Parameters
    ----------
    folder : Folder
        Where the lock's file is.
    name : str
        Of the file, which is made if it is not there.
    what : Path
        What is locked, for messages.

    Raises
    ------
    OSError
        If the file cannot be written, is not a regular file, or has other names.
    """
    path = os.path.join(folder.path, name)
    found = folder.status(name)
    if found is not None:
        check_regular(found, path)
        check_alone(found, path)
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

            # The file system has no locks: that there is a file, or none, stands for one.
            with filelock.SoftFileLock(f"{path}.soft"):
                yield
            return
        try:
            file.truncate(0)
            file.write(f"{_name()}\n".encode())
            yield
        finally:
            # Not by closing it alone: a child that was forked meanwhile may have it open, too.
            fcntl.flock(file, fcntl.LOCK_UN)


def _lock(file: BinaryIO, what: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not _read_name(file):
            time.sleep(_SIGNING_SECONDS)
        holder = printable(_read_name(file)) or "another process"
        _log.warning("waiting for %s, which fetches %s", holder, printable(str(what)))
        fcntl.flock(file, fcntl.LOCK_EX)


def _read_name(file: BinaryIO) -> str:
    """Who has the lock, as they say themselves."""
    file.seek(0)
    return file.read(_MOST).decode(errors="replace").strip()


def _name() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}"
