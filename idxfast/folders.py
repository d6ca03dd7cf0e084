"""Folders that stay the same whatever their paths lead to meanwhile.

Between two calls that name a file by its path, whoever may write to a folder on the way can put
something else in its place. A folder that is held by its descriptor cannot be exchanged; systems
that cannot name files from a descriptor go by the path.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from typing import Any, BinaryIO, cast

from .native.files import AVAILABLE, HeldFolder


class Folder:
    """A folder, held until it is closed or forgotten.

    Parameters
    ----------
    path : str
    within : Folder, optional
        The folder that a relative path starts from, rather than the working directory.
    is_followed : bool
        Whether a symbolic link at the end of the path is followed.

    Attributes
    ----------
    path : str
        For messages.
    descriptor : int or None
        For the calls of `os` that take ``dir_fd``; None where there are no such calls.

    Raises
    ------
    OSError
        As `os.open` does.
    """

    def __init__(
        self, path: str, within: Folder | None = None, *, is_followed: bool = True
    ) -> None:
        self.path: str = os.path.join(within.path, path) if within else path
        start = within._held if within else None
        self._held: HeldFolder | None = HeldFolder(path, start, is_followed) if AVAILABLE else None
        self.descriptor = self._held.fileno() if self._held else None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._held:
            self._held.close()

    def named(self, name: str) -> str:
        """What the calls of `os` that get the descriptor call a file in the folder."""
        return name if self._held else os.path.join(self.path, name)

    def path_to(self, name: str) -> str:
        """A path for those who take no descriptor; on Linux it leads into this very folder."""
        if sys.platform == "linux" and self.descriptor is not None:
            return f"/proc/self/fd/{self.descriptor}/{name}"
        return os.path.join(self.path, name)

    def open(self, name: str, mode: str, permissions: int = 0o666) -> BinaryIO:
        """Open a file in the folder without a buffer; symbolic links are followed."""
        # An opener in Python would have the descriptor as a number, which Ctrl-C could lose.
        opener: Any = functools.partial(os.open, mode=permissions, dir_fd=self.descriptor)
        return cast("BinaryIO", open(self.named(name), mode, buffering=0, opener=opener))

    def open_special(self, name: str) -> BinaryIO:
        """Open what is no regular file, like a pipe, for writing; no symbolic link is followed."""
        if self._held:
            return self._held.open_existing(name)
        return open(self.named(name), "wb", buffering=0)

    def own_status(self) -> os.stat_result:
        """What `os.stat` says of the folder itself."""
        return os.stat(self.path if self.descriptor is None else self.descriptor)

    def status(self, name: str) -> os.stat_result | None:
        """What `os.lstat` says of a name in the folder; None if nothing has it."""
        with contextlib.suppress(FileNotFoundError):
            return os.stat(self.named(name), dir_fd=self.descriptor, follow_symlinks=False)
        return None

    def read_link(self, name: str) -> str:
        """What a symbolic link in the folder leads to."""
        return os.readlink(self.named(name), dir_fd=self.descriptor)

    def list_names(self) -> list[str]:
        """The names in the folder."""
        return os.listdir(self.path if self.descriptor is None else self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, not a folder, from the folder."""
        os.unlink(self.named(name), dir_fd=self.descriptor)

    def move(self, name: str, target: Folder, target_name: str) -> None:
        """Move a file to another folder, in place of what has that name there."""
        os.replace(
            self.named(name),
            target.named(target_name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=target.descriptor,
        )

    def sync(self) -> None:
        """Have the names in the folder reach the disk, if the system can do that."""
        if self._held:
            self._held.sync()


def is_anothers(status: os.stat_result, folder: Folder, *, is_owner_trusted: bool) -> bool:
    """Whether another user may have put something into a folder to deceive this process.

    That may be if it belongs to neither this process's user nor root, and others than these two may
    write to the folder. Linux has a similar rule for symbolic links in folders like /tmp
    (``protected_symlinks`` in its administrator's guide), which trusts the folder's owner as well.

    Parameters
    ----------
    status : os.stat_result
        What the system says of it.
    folder : Folder
    is_owner_trusted : bool
        Whether the folder's owner is trusted, too.
    """
    if not hasattr(os, "geteuid"):
        return False
    place, trusted = folder.own_status(), {os.geteuid(), 0}
    if is_owner_trusted:
        trusted.add(place.st_uid)
    is_shared = place.st_mode & 0o022 or place.st_uid not in trusted
    return bool(is_shared and status.st_uid not in trusted)
