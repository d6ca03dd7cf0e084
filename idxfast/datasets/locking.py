"""One process at a time, and the others know which one they wait for.

filelock locks. While a process has the lock, the lock's file says who it is.
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
from typing import Any

from ..errors import printable
from ..regular import check_alone, check_path, check_regular, open_regular

# The most bytes of a lock's file that are shown to those who wait.
_MOST = 200

_log = logging.getLogger("idxfast")


@contextlib.contextmanager
def hold(path: Path, what: Path) -> Iterator[None]:
    """Have a lock; wait for it as long as another process or thread has it.

    Parameters
    ----------
    path : Path
        The lock's file.
    what : Path
        What it is the lock of, for messages.

    Raises
    ------
    OSError
        If the file cannot be written, is not a regular file, or has other names.
    """
    import filelock

    check_path(path)
    descriptors: list[int] = []

    def sign(descriptor: int) -> None:
        status = os.fstat(descriptor)
        check_regular(status, path)
        check_alone(status, path)
        os.ftruncate(descriptor, 0)
        # Windows locks the first byte: the name stands after it.
        os.write(descriptor, f"\n{_name()}\n".encode())
        descriptors.append(descriptor)

    lock = filelock.FileLock(path, on_acquired=sign)
    try:
        _acquire(lock, path, what)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        # The file system has no locks: a file stands for one, which filelock makes and removes.
        lock = filelock.SoftFileLock(path.with_name(f"{path.name}.soft"))
        _acquire(lock, path, what)
    try:
        yield
    finally:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
        lock.release()


def holder(path: Path) -> str:
    """Who has the lock, as they say themselves, for a message."""
    try:
        with open_regular(path) as file:
            file.seek(1)
            said = file.read(_MOST).decode(errors="replace").strip()
    except OSError:  # gone, or, on Windows, not to be read
        said = ""
    return printable(said) or "another process"


def _acquire(lock: Any, path: Path, what: Path) -> None:
    import filelock

    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        _log.warning("waiting for %s, which fetches %s", holder(path), printable(str(what)))
        lock.acquire()


def _name() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}"
