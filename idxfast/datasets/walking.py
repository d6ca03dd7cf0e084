"""The files below a folder, level by level, within bounds.

The folder may be hostile: links may lead in circles or out of it, and there may be very many files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..errors import printable

# How many levels of folders are searched below the given one. A snapshot in the cache of the
# Hugging Face hub is three below, torchvision's files are two below.
MAX_DEPTH = 8
# The most files and folders whose names are looked at.
MAX_ENTRIES = 200_000


class Found(NamedTuple):
    """A file.

    Attributes
    ----------
    parts : tuple of str
        Its path below the folder: the names of folders, and its own.
    path : str
    """

    parts: tuple[str, ...]
    path: str


def walk(root: str, failed: Callable[[OSError], object] | None = None) -> Iterator[Found]:
    """The regular files below a folder, those of each level in the order of their paths.

    Symbolic links are followed. A folder is entered once, by the first path to it. Hidden folders,
    and folders that cannot be read, are left out.

    Parameters
    ----------
    root : str
    failed : callable, optional
        Called with the error of each folder that cannot be read.

    Raises
    ------
    OSError
        If `root` itself cannot be read.
    ValueError
        If there are more than `MAX_ENTRIES` files and folders.
    """
    status = os.stat(root)
    entered = {(status.st_dev, status.st_ino)}
    level: list[Found] = [Found((), root)]
    count = 0
    for _ in range(MAX_DEPTH + 1):
        below: list[Found] = []
        for folder in level:
            entries: list[os.DirEntry[str]] = []
            try:
                with os.scandir(folder.path) as opened:
                    for entry in opened:
                        count += 1
                        if count > MAX_ENTRIES:
                            raise ValueError(
                                printable(
                                    f"{root}: more than {MAX_ENTRIES:,} files and folders: "
                                    "name the folder that holds the data set itself"
                                )
                            )
                        entries.append(entry)
            except OSError as error:
                if not folder.parts:
                    raise
                if failed is not None:
                    failed(error)
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = Found((*folder.parts, entry.name), entry.path)
                # A link may lead nowhere, or in a circle.
                with contextlib.suppress(OSError):
                    if entry.is_file():
                        yield found
                    elif entry.is_dir() and not _is_hidden(entry.name):
                        status = os.stat(entry.path)
                        if (status.st_dev, status.st_ino) not in entered:
                            entered.add((status.st_dev, status.st_ino))
                            below.append(found)
        level = below


def _is_hidden(name: str) -> bool:
    """Whether the system hides a folder, or macOS keeps only metadata of other files in it."""
    return name.startswith(".") or name == "__MACOSX"
