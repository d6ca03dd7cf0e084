"""Write a file so that it appears whole or not at all.

The bytes go to a temporary sibling, reach the disk, and only then take the target's name.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from .native import files
from .typing import Buffer, WritableFile

# Ours are named .NAME.PID-RANDOM.tmp; what a killed process left is removed after a day.
_SUFFIX = ".tmp"
_OURS = re.compile(r"\d+-[0-9a-f]{8}\.tmp")
_MAX_AGE = 24 * 60 * 60
# Windows does not replace a file while another program, like a virus scanner, has it open.
_REPLACE_SECONDS = 2.0


def write(file: WritableFile, pieces: Iterable[Buffer]) -> None:
    """Write pieces one after another to a path or an open binary file.

    Parameters
    ----------
    file : str, bytes, PathLike, int or binary file object
        A path is replaced in one step when all is written; of a symbolic link, what it points
        to. The new file has the old one's permissions, and its group and owner where the system
        allows that. Something that is not a regular file with a name, like a pipe, is written to
        directly, as a file object or a descriptor is.
    pieces : iterable of bytes-like

    Raises
    ------
    OSError
        If writing fails. Then a file that stood at the path is as it was.
    """
    if isinstance(file, int):
        file = io.FileIO(file, "wb", closefd=False)
    if not isinstance(file, (str, bytes, os.PathLike)):
        _write_to_object(file, pieces)
        return
    given = os.fsdecode(file)
    try:
        _write_to_path(given, pieces)
    except OSError as error:
        if error.filename in (None, given):
            raise
        # It is of the temporary, of which the caller knows nothing.
        raise OSError(error.errno, error.strerror, given) from error


def _write_to_path(given: str, pieces: Iterable[Buffer]) -> None:
    path = os.path.realpath(given)
    old = None
    # What ends in a slash is no file's name: to open it tells what is wrong.
    is_special = not os.path.basename(given)
    if not is_special:
        old = _stat(given)
        if old is None:
            # realpath takes ".." back even where the system finds no folder to leave.
            os.stat(os.path.dirname(given) or os.curdir)
        else:
            is_special = not stat.S_ISREG(old.st_mode) or not _has_path(given, path, old)
    if is_special:
        with open(given, "wb", buffering=0) as special:
            _write_to_object(special, pieces)
        return
    with _replacing(path, old) as temporary:
        _write_to_object(temporary, pieces)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _has_path(given: str, path: str, old: os.stat_result) -> bool:
    """Whether what is given leads to that path: links like /dev/stdout may lead to none."""
    if not os.path.islink(given):
        return True
    at_path, now = _stat(path), _stat(given)
    # Unless another process has just replaced what was there.
    return _is_same(old, at_path) or not _is_same(old, now)


def _is_same(old: os.stat_result, new: os.stat_result | None) -> bool:
    """Whether it is the same file, unchanged: the number of one that is gone is soon another's."""
    return new is not None and os.path.samestat(old, new) and old.st_ctime_ns == new.st_ctime_ns


@contextlib.contextmanager
def _replacing(path: str, old: os.stat_result | None) -> Iterator[BinaryIO]:
    """A temporary sibling that takes the place of `path` unless an exception comes first."""
    folder, name = os.path.split(path)
    _sweep(folder, name)
    random = secrets.token_hex(4)
    temporary = os.path.join(folder, f"{_prefix(name)}{os.getpid()}-{random}{_SUFFIX}")
    # With the permissions of a new file, or closed to others until the old ones are set. An opener
    # in Python would have the descriptor as a number, which Ctrl-C could lose.
    opener = functools.partial(os.open, mode=0o666 if old is None else 0o600)
    try:
        with open(temporary, "xb", buffering=0, opener=opener) as file:
            yield file
            if old is not None:
                _copy_permissions(old, temporary)
            os.fsync(file.fileno())
        _replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    # Makes the new name last through a power cut.
    files.sync_folder(folder)


def _copy_permissions(old: os.stat_result, path: str) -> None:
    """Give a file the permissions of the old one, and its group and owner where that is allowed."""
    _change_owner(path, -1, old.st_gid)
    mode = old.st_mode & 0o777
    if os.stat(path).st_gid != old.st_gid:
        mode &= ~0o070  # what was for the old group is not for another one
    os.chmod(path, mode)
    # Last: what is another's may not be ours to change.
    _change_owner(path, old.st_uid, -1)


def _change_owner(path: str, uid: int, gid: int) -> None:
    """Give a file another owner or group, if the system has such and allows it."""
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(path, uid, gid)


def _write_to_object(file: Any, pieces: Iterable[Buffer]) -> None:
    if isinstance(file, io.TextIOBase):
        raise TypeError("the file is open in text mode; open it in binary mode")
    if not hasattr(file, "write"):
        raise TypeError(f"<{type(file).__name__}> is no path and no binary file")
    # io's own classes use what they are given only during the call. Others may keep it, while the
    # memory of a piece is the caller's, or the next piece's.
    may_keep = not isinstance(file, io.IOBase)
    for piece in pieces:
        data: Any = bytes(piece) if may_keep else memoryview(piece).cast("B")
        while len(data):
            count = file.write(data)
            if count is None:
                if isinstance(file, io.RawIOBase):
                    raise BlockingIOError("a non-blocking file takes no more data yet")
                count = len(data)  # many file-like objects return nothing, and write all
            if not 0 < count <= len(data):
                raise OSError(f"the file took {count} bytes where {len(data)} were given")
            data = data[count:]


def _prefix(name: str) -> str:
    """The start of a temporary's name, short enough to leave room for the rest of it."""
    # Names are limited in bytes. A letter that is cut at the end is left out.
    return f".{os.fsencode(name)[:80].decode(errors='ignore')}."


def _sweep(folder: str, name: str) -> None:
    """Remove the temporaries that killed processes have left of a target long ago."""
    prefix, oldest = _prefix(name), time.time() - _MAX_AGE
    # To write to a folder one need not be allowed to list it. If it is missing, opening says so.
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not (entry.name.startswith(prefix) and _OURS.fullmatch(entry.name[len(prefix) :])):
                continue
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(entry.path)


def _replace(temporary: str, path: str) -> None:
    deadline = time.monotonic() + _REPLACE_SECONDS
    while True:
        try:
            os.replace(temporary, path)
        except PermissionError as error:
            if sys.platform != "win32":
                raise
            if time.monotonic() > deadline:
                raise PermissionError(
                    error.errno, "another program has the file open or mapped", path
                ) from error
            time.sleep(0.05)
        else:
            return
