"""The folder of the user's cache, for fetched data sets and for unpacked files."""

from __future__ import annotations

import errno
import os
import sys

VARIABLE = "IDXFAST_CACHE"


def cache_folder() -> str:
    """The absolute path of the cache, which need not exist yet.

    The environment variable `VARIABLE` names it. Without the variable, it is a folder ``idxfast``
    where the system keeps the caches of a user.

    Raises
    ------
    OSError
        If the variable is not set and the user has no home directory.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return os.path.abspath(named)
    if sys.platform == "win32":
        # As platformdirs names it: the application's author, its name, and the kind of data.
        path = os.path.join(_local_data(), "idxfast", "idxfast", "Cache")
    elif sys.platform == "darwin":
        path = os.path.expanduser("~/Library/Caches/idxfast")
    else:
        path = os.path.join(_xdg_caches(), "idxfast")
    if not os.path.isabs(path):
        raise OSError(
            errno.ENOENT, f"this user has no home directory; {VARIABLE} can name the cache", path
        )
    return path


class explained:
    """Add to an error of the system that the cache can be elsewhere; `path` is for the message.

    It is a class for the reason that `outputs.naming` is one.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            reason = f"{error.strerror or error} ({VARIABLE} can name another folder for the cache)"
            raise OSError(error.errno, reason, self._path) from error


def _local_data() -> str:
    return os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")


def _xdg_caches() -> str:
    """Where the XDG Base Directory Specification puts caches; it ignores relative paths."""
    path = os.environ.get("XDG_CACHE_HOME", "")
    return path if os.path.isabs(path) else os.path.expanduser("~/.cache")
