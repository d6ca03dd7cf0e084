"""A file that is written piece by piece, and appears under its name whole or not at all.

`atomic` does the same in one call, for callers that have the whole content.
"""

from __future__ import annotations

import contextlib
import errno
import os

from .atomic import SUFFIX, create_privately, take_permissions
from .folders import Entry, Folder
from .outputs import find_target, naming
from .private_folder import move_out, private_folder_name, random_name
from .regular import check_regular


class NewFile:
    """A new file in a private folder, until `commit` gives it its name.

    If it is neither committed nor discarded, it is discarded when garbage-collected. What a killed
    process leaves is removed by a later save to the same name, after a day.

    Parameters
    ----------
    path : str
        The name of a regular file, which the new one will replace, or of nothing yet. Symbolic
        links are followed as `save` follows them.

    Attributes
    ----------
    file : BinaryIO
        The new file: empty, and open for writing, unbuffered.

    Raises
    ------
    OSError
        If the system refuses, or the path leads to something that is not a regular file.
    """

    # `discard` needs these even if an interrupt comes before `__init__` sets them.
    _held: list[Folder | Entry] | tuple[()] = ()
    _private: Folder | None = None
    _private_name: str | None = None

    def __init__(self, path: str) -> None:
        self._process = os.getpid()
        held: list[Folder | Entry] = []
        self._held = held
        self._own = random_name()
        try:
            with naming(path):
                self._folder, self._name, entry = find_target(path, held)
                if entry is not None:
                    check_regular(entry.status, path)
                self._create()
        except BaseException:
            self.discard()
            raise

    def __del__(self) -> None:
        self.discard()

    def _create(self) -> None:
        old = self._folder.status(self._name)
        permissions = 0o666 if old is None else 0o600 | old.st_mode & 0o666
        # Another user may have taken the first name on purpose, but cannot know the second.
        for ending in (SUFFIX, f".{self._own}{SUFFIX}"):
            self._private_name = private_folder_name(self._name, ending)
            made = create_privately(self._folder, self._private_name, self._own, permissions)
            if made is not None:
                self._private, self.file = made
                return
            self._private_name = None
        raise PermissionError(errno.EACCES, "no private folder can be made here", self._name)

    def commit(self) -> None:
        """Wait until the file is on the disk, and give it its name.

        Raises
        ------
        OSError
            If the system refuses. The name then still belongs to the old file, if there was one,
            and the new one is discarded.
        """
        assert self._private is not None
        try:
            take_permissions(self._folder, self._name, self.file)
            os.fsync(self.file.fileno())
            move_out(self._private, self._own, self.file, self._folder, self._name)
            # Makes the new name last through a power cut.
            self._folder.sync()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the file, unless it has its name already. Further calls do nothing."""
        if self._private is not None:
            self._private.close()
            self.file.close()
        private_name, self._private_name = self._private_name, None
        # A forked child has a copy of this object, but the file belongs to its parent.
        if private_name is not None and os.getpid() == self._process:
            path, descriptor = self._folder.named(private_name), self._folder.descriptor
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(path, self._own), dir_fd=descriptor)
            with contextlib.suppress(OSError):
                os.rmdir(path, dir_fd=descriptor)  # another process may have a file there
        for found in self._held:
            found.close()
