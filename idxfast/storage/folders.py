"""Hold folders, and files in them, by their descriptors rather than by their names.

Between two calls that name a file by its path, anybody who may write to a folder on the path can
put something else in its place. What is held by a descriptor cannot be exchanged. On systems
without such descriptors, names are used.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
import sys
from typing import Any, BinaryIO, Self, cast

from ..native.files import AVAILABLE, HOLDS_ENTRIES, Held

# The name of the extended attribute that Linux keeps a file's access control list in.
ACCESS_LIST = "system.posix_acl_access"


class _Holder:
    """Something held by a descriptor, where the system can do that, until closed or collected."""

    _held: Held | None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; closing twice does no harm."""
        if self._held:
            self._held.close()


class Folder(_Holder):
    """A folder, held until it is closed or garbage-collected.

    Parameters
    ----------
    path : str
    within : Folder, optional
        Where a relative path starts, instead of the working directory.
    is_followed : bool
        Whether a symbolic link at the end of the path is followed.

    Attributes
    ----------
    path : str
        For messages, and for systems that cannot hold a folder.

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
        self._held = Held(path, start, is_followed) if AVAILABLE else None

    @property
    def descriptor(self) -> int | None:
        """The descriptor for `os` functions that take ``dir_fd``; None where there are none."""
        return self._held.fileno() if self._held else None

    def named(self, name: str) -> str:
        """The name of a file in the folder for `os` functions that are given the descriptor."""
        return name if self._held else os.path.join(self.path, name)

    def open(self, name: str, mode: str, permissions: int = 0o666) -> BinaryIO:
        """Open a file in the folder, unbuffered; symbolic links are followed."""
        # With an opener written in Python, Ctrl-C could lose the bare descriptor.
        opener: Any = functools.partial(os.open, mode=permissions, dir_fd=self.descriptor)
        return cast("BinaryIO", open(self.named(name), mode, buffering=0, opener=opener))

    def allow_owner(self) -> None:
        """Give the owner of a new folder every permission, whatever the umask denies."""
        if self._held and self.own_status().st_mode & 0o700 != 0o700:
            # A folder that may not be listed is held by an O_PATH descriptor, which fchmod refuses.
            path = f"/proc/self/fd/{self.descriptor}"
            os.chmod(path if sys.platform == "linux" else self._held.fileno(), 0o700)

    def own_status(self) -> os.stat_result:
        """The `os.stat` of the folder itself."""
        return os.stat(self.path if self.descriptor is None else self.descriptor)

    def status(self, name: str) -> os.stat_result | None:
        """The `os.lstat` of a name in the folder; None if nothing has that name."""
        try:
            return os.stat(self.named(name), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def find(self, name: str) -> Entry | None:
        """The entry of a name in the folder; None if nothing has that name."""
        try:
            return Entry(self, name)
        except FileNotFoundError:
            return None

    def list_names(self) -> list[str]:
        """The names in the folder."""
        return os.listdir(self.path if self.descriptor is None else self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, not a folder, from the folder."""
        os.unlink(self.named(name), dir_fd=self.descriptor)

    def move(self, name: str, target: Folder, target_name: str) -> None:
        """Move a file to another folder, replacing what has the target name there."""
        os.replace(
            self.named(name),
            target.named(target_name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=target.descriptor,
        )

    def sync(self) -> None:
        """Write the folder's names to the disk, if the system can do that."""
        if self._held:
            self._held.sync()


class Entry(_Holder):
    """An entry of a folder, as it was when looked up by its name. Symbolic links are not followed.

    Attributes
    ----------
    path : str
        For messages.
    status : os.stat_result

    Raises
    ------
    OSError
        As `os.stat` does.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self.path = os.path.join(folder.path, name)
        self._folder = folder
        self._name = name
        self._held = Held(name, folder._held, is_entry=True) if HOLDS_ENTRIES else None
        if self._held:
            self.status = os.stat(self._held.fileno())
        else:
            self.status = os.stat(
                folder.named(name), dir_fd=folder.descriptor, follow_symlinks=False
            )

    @property
    def is_link(self) -> bool:
        """Whether the entry is a symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)

    def read_link(self) -> str:
        """The target of the symbolic link."""
        if self._held:
            return os.readlink("", dir_fd=self._held.fileno())
        target = os.readlink(self._folder.named(self._name), dir_fd=self._folder.descriptor)
        now = self._folder.status(self._name)
        if now is None or now.st_ctime_ns != self.status.st_ctime_ns:
            raise _exchanged()
        self._check(now)
        return target

    def access_list(self) -> bytes | None:
        """The file's POSIX access control list, as Linux stores it; None if there is none."""
        if not self._held:
            return None
        try:
            return os.getxattr(f"/proc/self/fd/{self._held.fileno()}", ACCESS_LIST)
        except OSError:
            return None

    def open(self) -> BinaryIO:
        """Open for writing what is not a regular file, such as a pipe."""
        if self._held and not self.is_link:
            path = f"/proc/self/fd/{self._held.fileno()}"
            return cast("BinaryIO", open(path, "wb", buffering=0))
        # Append mode: nothing is truncated before it is known to be the same.
        file = self._folder.open(self._name, "ab")
        try:
            if not self.is_to_open_file():
                self._check(os.fstat(file.fileno()))
        except BaseException:
            file.close()
            raise
        return file

    def is_to_open_file(self) -> bool:
        """Whether the entry is the system's own link to a process's open file (/proc/*/fd)."""
        try:
            processes = os.stat("/proc/self/fd").st_dev
        except OSError:
            return False
        return self.is_link and self.status.st_dev == processes

    def _check(self, found: os.stat_result) -> None:
        """Refuse something else that has taken the entry's name since."""
        if not os.path.samestat(found, self.status):
            raise _exchanged()


def _exchanged() -> OSError:
    return OSError(errno.EBUSY, "another process has just put something else in its place")
