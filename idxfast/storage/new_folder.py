"""A folder that appears under its name whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator

from .private_folder import random_name


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Make a folder with what is written in a ``with`` block.

    The block gets the path of another folder beside it, which takes the name when the block ends.
    If an exception leaves the block, nothing remains. Missing parents are made.

    Parameters
    ----------
    path : str
        The name of an empty folder, or of nothing yet.

    Raises
    ------
    OSError
        If the folder is not empty, is a symbolic link or a mount point, or the system refuses.
    """
    given, path = path, os.path.abspath(path)
    parent, name = os.path.split(path)
    os.makedirs(parent, exist_ok=True)
    if os.path.lexists(path) and os.listdir(path):
        raise OSError(errno.ENOTEMPTY, "the folder is not empty", given)
    # No folder can take these places, which would only be known at the end.
    if os.path.islink(path) or os.path.ismount(path):
        raise OSError(errno.EBUSY, "a link or a mount point; name a folder within it", given)
    private = os.path.join(parent, f".{name[:80]}.{random_name()}")
    try:
        os.mkdir(private)
        yield private
        if os.name == "nt" and os.path.isdir(path):
            os.rmdir(path)
        # This takes the place of an empty folder, but of no other.
        os.rename(private, path)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(private)
        raise
