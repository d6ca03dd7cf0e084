"""Space on the disk: how much is free, and reserved before it is needed."""

from __future__ import annotations

import errno
import os
from typing import BinaryIO

from .folders import Folder

# How many bytes are reserved in one call: few enough that Ctrl-C does not wait long.
STEP = 64 << 20
# How many zero bytes are written in one call where space cannot be reserved.
WRITTEN = 1 << 20
# The errors that mean that a file system cannot reserve space.
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


def free_space(folder: Folder) -> int:
    """How many bytes this user can still write to the file system of a folder."""
    if hasattr(os, "statvfs"):
        found = os.statvfs(folder.path if folder.descriptor is None else folder.descriptor)
        return found.f_bavail * found.f_frsize
    import shutil

    return shutil.disk_usage(folder.path).free


def reserve(file: BinaryIO, size: int) -> None:
    """Give an empty file its size, and the space on the disk for it.

    Writing to a mapping of a file cannot report a full disk: the system kills the process instead.
    So the space is taken before the file is mapped.

    Parameters
    ----------
    file : FileIO
        Empty, and open for writing.
    size : int
        In bytes.

    Raises
    ------
    OSError
        If there is not enough space.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            for start in range(0, size, STEP):
                os.posix_fallocate(file.fileno(), start, min(STEP, size - start))
            return
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
    zeros = memoryview(bytes(min(size, WRITTEN)))
    file.seek(0)
    left = size
    while left:
        left -= file.write(zeros[: min(left, WRITTEN)])
