"""How a file, or an object in a remote store, is recognised when it is opened again."""

from __future__ import annotations

import contextlib
import os
import time
from typing import NamedTuple, TypeAlias

# File systems tell times apart that differ by this much, in nanoseconds. Linux counts them in ticks
# of its clock, of up to 10 ms, but older file systems store whole seconds, or every other second.
_TICK = 20_000_000
_COARSE_TICK = 2_000_000_000
# The most ticks to wait for a file that is written to again and again.
_MAX_WAITS = 50

# Four numbers that stay the same as long as nobody writes to an open file: its size in bytes, when
# it was last written to, in nanoseconds, its device and its inode.
State: TypeAlias = tuple[int, int, int, int]


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

    def may_be(self, other: Identity | ObjectVersion) -> bool:
        """Whether both can be the same file. Between machines, only the size can tell."""
        if isinstance(other, Identity) and self.machine != other.machine:
            return self.size == other.size
        return self == other


class Version(NamedTuple):
    """What distinguishes a file, with the content that it has now, on this machine.

    Attributes
    ----------
    device, inode : int
    size : int
        In bytes.
    written : int
        When the content was last written to, in nanoseconds.
    changed : int
        When the content, the name or the permissions were last changed. No program can set this
        time, except where `is_conclusive` is false. On Windows, when the file was made.
    """

    device: int
    inode: int
    size: int
    written: int
    changed: int

    @classmethod
    def of(cls, descriptor: int) -> Version:
        """The version of an open file; the same errors as from `os.fstat`."""
        status = os.fstat(descriptor)
        times = status.st_mtime_ns, status.st_ctime_ns
        return cls(status.st_dev, status.st_ino, status.st_size, *times)

    @property
    def is_conclusive(self) -> bool:
        """Whether the same version, found again later, means the same content.

        This is false where times are stored in whole seconds, or in other coarse steps. In such
        file systems, programs can set every time: FAT, read-only images like SquashFS, and files of
        other machines over sshfs. For example, if two images that were made with the same times are
        mounted in the same place one after the other, their files may have the same version.
        """
        return _is_fine(self.changed)

    @classmethod
    def settled(cls, descriptor: int) -> Version:
        """The version of an open file that every later write will change.

        Two writes within one tick of the file system's clock leave the same times. So if the file
        has just been written to, this function waits for the next tick.
        """
        before = None
        for _ in range(_MAX_WAITS):
            # Of the writes to a mapping, only the first since the system wrote the mapping's pages
            # to the disk changes the times. On tmpfs, which writes none, that cannot be helped.
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
            found = cls.of(descriptor)
            # Only Windows has no time that programs cannot set.
            newest = found.changed if hasattr(os, "geteuid") else found.written
            tick = _TICK if _is_fine(newest) else _COARSE_TICK
            age = time.time_ns() - newest
            # The clock of a file server may be ahead. Then one tick without a change is enough.
            if age >= tick or (age < 0 and found == before):
                break
            before = found
            time.sleep((tick - max(age, 0)) / 1e9)
        return found


class ObjectVersion(NamedTuple):
    """What distinguishes an object in a remote store from another one of the same name.

    Attributes
    ----------
    size : int
        In bytes.
    tag : str
        What the store says of this version: its ETag, or its checksum or time. It may be empty.
    """

    size: int
    tag: str

    def may_be(self, other: Identity | ObjectVersion) -> bool:
        """Whether both can be the same object."""
        return self == other


def _is_fine(nanoseconds: int) -> bool:
    """Whether a time comes from a file system that stores more than milliseconds."""
    return nanoseconds % 1_000_000 != 0
