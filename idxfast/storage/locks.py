"""Locks on open files. The system ends a lock when its process ends, even if it is killed."""

from __future__ import annotations

from typing import BinaryIO

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]


def try_to_lock(file: BinaryIO) -> bool | None:
    """Lock an open file without waiting.

    Returns
    -------
    bool or None
        False if another process or thread has the lock; None if the system, or the file's file
        system, has no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def unlock(file: BinaryIO) -> None:
    """End a lock. Closing the file is not enough: a forked child may have it open, too."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
