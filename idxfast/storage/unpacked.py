"""The cache of unpacked files, which many processes share.

The folder ``unpacked`` in the user's cache holds three kinds of files:

- ``KEY.idx`` is an entry: a whole raw IDX file. The key is the SHA-256 of the compressed file, so
  that copies of a file share an entry. If other users may write to the file, the key is one that no
  other file has.
- ``DEVICE_INODE_SIZE_WRITTEN_CHANGED_START.source`` is a record: it says which entry belongs to the
  compressed file with exactly this identity. So the file need not be hashed again. If the caller of
  `load` has stated a header, the name has two more fields, ``_OFFSET_BYTES``, and the entry holds
  only this part of the unpacked file, as an IDX file of bytes.
- ``*.part`` and ``*.lock`` belong to a process that is unpacking a file (see `unfinished`).

An entry appears whole or not at all, and is never written to again. It may be removed at any time:
mappings of it stay valid, except on Windows, which does not remove a mapped file. No other user may
enter the folder, and it is held by its descriptor.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ..format import Header, pack, parse
from .cache_folder import cache_folder, explained
from .folders import Folder
from .private_folder import lasting_private_folder, move_out, open_private_folder
from .space import free_space
from .unfinished import new_file, remove_abandoned

FOLDER = "unpacked"
# The most bytes that all entries take together. On a small disk, the limit is 1/PART_OF_DISK of the
# space that would be free without them.
MAX_BYTES = 10 << 30
PART_OF_DISK = 10
# The most records that are kept, and the most bytes of one that are read.
MAX_RECORDS = 1000
RECORD_SIZE = 64 << 10

_KEY = re.compile(r"[0-9a-f]{64}")
_RECORD = re.compile(r"(-?[0-9a-f]+_){5}(-?[0-9a-f]+_[0-9a-f]+_)?-?[0-9a-f]+\.source")


class Record(NamedTuple):
    """Which entry belongs to a compressed file.

    Attributes
    ----------
    key : str
    header : Header
        What the entry has to begin with.
    source : str
        The path of the compressed file.
    """

    key: str
    header: Header
    source: str


class Entry(NamedTuple):
    """An unpacked file in the cache.

    Attributes
    ----------
    key : str
    size : int
        In bytes.
    used : int
        When it was last mapped, in nanoseconds.
    sources : list of str
        The paths of the compressed files that it belongs to, as far as there are records.
    """

    key: str
    size: int
    used: int
    sources: list[str]


class UnpackedFiles:
    """The cache of unpacked files.

    Parameters
    ----------
    folder : Folder
        The folder of the cache, which no other user may enter.

    Attributes
    ----------
    folder
        As given.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def find(self, name: str) -> Record | None:
        """The record of this name; None if there is none, or it is damaged."""
        status = self.folder.status(name)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None  # opening a FIFO would wait for a writer
        try:
            with self.folder.open(name, "rb") as file:
                key, start, source = file.read(RECORD_SIZE).split(b"\n", 2)
            header = parse(bytes.fromhex(start.decode()), name)
            record = Record(key.decode(), header, os.fsdecode(source))
        except (FileNotFoundError, ValueError):
            return None
        return record if _KEY.fullmatch(record.key) else None

    def open(self, record: Record) -> BinaryIO | None:
        """Open the entry of a record, and note when it was used; None if there is no entry.

        An entry that has another size or header than it should is removed.
        """
        name = f"{record.key}.idx"
        status = self.folder.status(name)
        if status is None:
            return None
        start = pack(record.header)
        is_right = (
            stat.S_ISREG(status.st_mode)
            and status.st_uid == self.folder.own_status().st_uid
            and status.st_size == len(start) + record.header.nbytes
        )
        with contextlib.suppress(FileNotFoundError):
            if is_right:
                file = self.folder.open(name, "rb")
                if file.read(len(start)) == start:
                    file.seek(0)
                    self._mark_used(name, status)
                    return file
                file.close()
            self.folder.remove(name)
        return None

    def has(self, key: str) -> bool:
        """Whether there is an entry with this key."""
        return self.folder.status(f"{key}.idx") is not None

    def knows_size(self, size: int) -> bool:
        """Whether a compressed file of this size has been unpacked before."""
        return any(name.split("_")[2] == f"{size:x}" for name in self._records())

    def add_record(self, name: str, record: Record) -> None:
        """Note under a name which entry belongs to a compressed file."""
        start = pack(record.header).hex()
        content = f"{record.key}\n{start}\n".encode() + os.fsencode(record.source)
        with new_file(self.folder) as (part, file):
            file.write(content)
            move_out(self.folder, part, file, self.folder, name)

    def add(self, key: str, part: str, file: BinaryIO) -> None:
        """Make an entry of a new file, whose bytes have reached the disk."""
        if hasattr(os, "geteuid"):
            os.fchmod(file.fileno(), 0o444)
        self._make_room(os.fstat(file.fileno()).st_size)
        move_out(self.folder, part, file, self.folder, f"{key}.idx")

    @property
    def limit(self) -> int:
        """The most bytes that all entries may take together."""
        return self._limit(sum(entry.size for entry in self._entries()))

    def sweep(self) -> None:
        """Remove what killed processes left, records without an entry, and the oldest of many."""
        remove_abandoned(self.folder)
        known = {entry.key for entry in self._entries()}
        records = []
        for name in self._records():
            record, status = self.find(name), self.folder.status(name)
            if record is None or record.key not in known:
                self._remove(name)
            elif status is not None:
                records.append((status.st_mtime_ns, name))
        for _, name in sorted(records, reverse=True)[MAX_RECORDS:]:
            self._remove(name)

    def entries(self) -> list[Entry]:
        """The entries with their sources, the most recently used first."""
        sources: dict[str, list[str]] = {}
        for name in sorted(self._records()):
            record = self.find(name)
            if record is not None:
                sources.setdefault(record.key, []).append(record.source)
        entries = [entry._replace(sources=sources.get(entry.key, [])) for entry in self._entries()]
        return sorted(entries, key=lambda entry: entry.used, reverse=True)

    def clear(self) -> list[Entry]:
        """Remove everything that no process is writing; return the entries that were removed."""
        removed = [entry for entry in self.entries() if self._remove(f"{entry.key}.idx")]
        self.sweep()
        return removed

    def _entries(self) -> list[Entry]:
        """The entries, without their sources."""
        entries = []
        for name in self.folder.list_names():
            key, ending = os.path.splitext(name)
            if ending == ".idx" and _KEY.fullmatch(key):
                status = self.folder.status(name)
                if status is not None:
                    entries.append(Entry(key, status.st_size, status.st_atime_ns, []))
        return entries

    def _records(self) -> list[str]:
        """The names of the records."""
        return list(filter(_RECORD.fullmatch, self.folder.list_names()))

    def _limit(self, size: int) -> int:
        """The most bytes for all entries, which now take `size` bytes."""
        return min(MAX_BYTES, (free_space(self.folder) + size) // PART_OF_DISK)

    def _make_room(self, size: int) -> None:
        """Remove the entries that were used least recently, until `size` bytes can be added."""
        entries = self._entries()
        total = sum(entry.size for entry in entries)
        limit = self._limit(total)
        for entry in sorted(entries, key=lambda entry: entry.used):
            if total + size <= limit:
                break
            if self._remove(f"{entry.key}.idx"):
                total -= entry.size

    def _mark_used(self, name: str, status: os.stat_result) -> None:
        """Set the time of the last access, which many file systems do not do by themselves."""
        with contextlib.suppress(OSError):  # the file system may be mounted read-only
            os.utime(
                self.folder.named(name),
                ns=(time.time_ns(), status.st_mtime_ns),
                dir_fd=self.folder.descriptor,
            )

    def _remove(self, name: str) -> bool:
        """Remove a file; False if that is not possible, as on Windows if the file is mapped."""
        try:
            self.folder.remove(name)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True


def record_name(values: tuple[int, ...]) -> str:
    """The name of a compressed file's record.

    Parameters
    ----------
    values : tuple of int
        The fields of its `Version`, and where in the file the data start. If the caller has stated
        a header, also where in the unpacked data the payload starts, and how many bytes it has.
    """
    return "_".join(f"{value:x}" for value in values) + ".source"


@contextlib.contextmanager
def open_unpacked_files() -> Iterator[UnpackedFiles]:
    """Open the cache; its folder is made if it is missing.

    Raises
    ------
    OSError
        If the folder cannot be made, or is not this user's alone.
    """
    path = cache_folder()
    with contextlib.ExitStack() as stack:
        with explained(os.path.join(path, FOLDER)):
            os.makedirs(path, exist_ok=True)
            outer = stack.enter_context(Folder(path))
            folder, _ = open_private_folder(outer, FOLDER)
            stack.enter_context(folder)
            if not _is_surely_private(folder):
                # Only making a file in the folder shows whether it is the user's.
                folder = stack.enter_context(lasting_private_folder(outer, FOLDER))
        yield UnpackedFiles(folder)


def _is_surely_private(folder: Folder) -> bool:
    if not hasattr(os, "geteuid"):
        return True  # as far as can be known
    status = folder.own_status()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
