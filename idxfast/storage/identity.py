"""How a file is recognised when another process opens it again."""

from __future__ import annotations

import os
from typing import NamedTuple


class Identity(NamedTuple):
    """What distinguishes a file from another one of the same name.

    Attributes
    ----------
    machine : str
        The name of the machine that looked. Another machine may see other numbers.
    device, inode : int
    size : int
        In bytes.
    written : int
        When the file was last written to, in nanoseconds.
    """

    machine: str
    device: int
    inode: int
    size: int
    written: int

    @classmethod
    def of(cls, descriptor: int) -> Identity:
        """The identity of an open file; the same errors as from `os.fstat`."""
        status = os.fstat(descriptor)
        # The module platform has a function for the name, but takes long to import.
        machine = (
            os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
        )
        return cls(machine, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def may_be(self, other: Identity) -> bool:
        """Whether both can be the same file. Between machines, only the size can tell."""
        return self.size == other.size if self.machine != other.machine else self == other
