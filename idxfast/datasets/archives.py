"""IDX files in the archives of a folder: list them, and load one.

Nothing is extracted to disk. Archives may be hostile, so there are bounds for each archive and for
all archives of the folder together.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np

from ..containers import recognise, tar, zip
from ..containers.members import is_litter
from ..containers.packed import MAX_HEADERS, Bounded, unpacked
from ..containers.request import Request
from ..errors import IdxError, printable
from ..format import Header
from ..storage.regular import open_regular
from ..storage.source import FileSource
from .looking import Entry, is_claimed, is_foreign
from .naming import name_of
from .walking import MAX_DEPTH, MAX_ENTRIES

# The most members of one archive whose names are looked at. For all archives: MAX_ENTRIES.
MAX_MEMBERS = 10_000
# The most members that are opened in all archives.
MAX_OPENED = 10_000
# The most unpacked bytes that are looked at in one tar archive, and in all compressed ones. More
# would take too long.
MAX_UNPACKED = 2 << 30
MAX_UNPACKED_OF_ALL = 4 << 30
# The longest name of a file or a folder, as file systems have it. The time to read a name as words
# grows with the square of its length.
_MAX_NAME = 255

_Member: TypeAlias = tuple[str, Callable[[], Header]]


@dataclass
class Looked:
    """How much has been looked at in all archives of a folder."""

    names: int = 0
    opened: int = 0
    unpacked: int = 0

    def check(self, root: str) -> None:
        """Refuse a folder whose archives hold too much, with a ValueError."""
        if (
            self.names > MAX_ENTRIES
            or self.opened > MAX_OPENED
            or self.unpacked > MAX_UNPACKED_OF_ALL
        ):
            raise ValueError(
                printable(
                    f"{root}: the archives hold more than can be searched: "
                    "name the folder that holds the data set itself"
                )
            )


def members(archive: Entry, kind: str | None, looked: Looked) -> list[Entry]:
    """The IDX files in an archive; none if the archive is damaged.

    Parameters
    ----------
    archive : Entry
    kind : str, optional
        As for `naming.name_of`.
    looked : Looked
        The members that are looked at are added to it.
    """
    found: dict[str, Entry] = {}
    opened = _in_zip(archive.path) if archive.archive == "zip" else _in_tar(archive.path, looked)
    with contextlib.closing(opened), contextlib.suppress(IdxError, OSError):
        for number, (member, read_header) in enumerate(itertools.islice(opened, MAX_MEMBERS)):
            looked.names += 1
            folders = [part for part in member.split("/") if part not in ("", ".", "..")]
            if not _is_searched(member, folders):
                continue
            looked.opened += 1
            header, error = _read(read_header)
            if not is_claimed(folders[-1], error):
                continue
            parts = (*archive.parts, *folders)
            found[member] = Entry(
                f"{archive.archive}://{member}::{archive.path}",
                parts,
                name_of(parts, kind),
                header,
                error,
                (*archive.identity, number),
                archive.container,
                archive.archive,
                member,
            )
    return list(found.values())


def load_member(entry: Entry) -> np.ndarray[Any, Any]:
    """Load a member of an archive.

    Raises
    ------
    IdxError
        If the archive or the member is damaged or no longer there, or unpacks to too many bytes.
    """
    path = entry.path.removeprefix(f"{entry.archive}://{entry.member}::")
    file = open_regular(path)
    size = os.fstat(file.fileno()).st_size
    with FileSource(file, path, size, owned=True) as source:
        source.member = entry.member
        return recognise.read(source, Request())


def _is_searched(member: str, folders: list[str]) -> bool:
    """Whether a member may be IDX by its name, and is no deeper than the search goes."""
    return (
        0 < len(folders) <= MAX_DEPTH + 1
        and max(map(len, folders)) <= _MAX_NAME
        and not is_foreign(folders[-1])
        and not is_litter(member)
    )


def _read(read_header: Callable[[], Header]) -> tuple[Header | None, IdxError | None]:
    try:
        return read_header(), None
    except IdxError as error:
        return None, error.with_traceback(None)  # the traceback would keep the archive alive


def _in_zip(path: str) -> Generator[_Member, None, None]:
    """The name of each member of a zip archive, and a function that reads its header."""
    with _open_zip(path) as opened:
        for name, info in zip.files(opened):
            yield name, functools.partial(zip.read_member_header, opened, info, path)


def _in_tar(path: str, looked: Looked) -> Generator[_Member, None, None]:
    """The name of each member of a tar archive, and a function that reads its header."""
    with _open_tar(path) as (opened, file, content):
        try:
            for info in _files(opened):
                yield info.name, functools.partial(tar.read_member_header, opened, info, path)
        finally:
            if content is not file:
                looked.unpacked += content.tell()


def _files(opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a tar archive that are files, within the bounds."""
    headers = 0
    for info in itertools.islice(tar.infos(opened), MAX_MEMBERS):
        headers += info.offset_data - info.offset
        if headers > MAX_HEADERS:
            return
        if tar.is_file(info):
            yield info
        if info.offset_data + info.size > MAX_UNPACKED:
            return


@contextlib.contextmanager
def _open_zip(path: str) -> Iterator[zipfile.ZipFile]:
    with (
        open_regular(path) as file,
        zip.open_file(cast("BinaryIO", Bounded(file)), path) as opened,
    ):
        yield opened


@contextlib.contextmanager
def _open_tar(path: str) -> Iterator[tuple[tarfile.TarFile, BinaryIO, BinaryIO]]:
    """A tar archive, its file, and the unpacked content: the file itself if it is raw."""
    with open_regular(path) as file:
        content = unpacked(file, path)
        with tar.open_file(cast("BinaryIO", Bounded(content)), path) as opened:
            yield opened, file, content
