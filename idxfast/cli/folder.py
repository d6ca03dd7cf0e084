"""idxfast info of a folder: which files belong together, and which have no partner."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from typing import Any, NamedTuple

from ..datasets.finding import entries_of, with_members
from ..datasets.folder import load_entry
from ..datasets.listing import listed
from ..datasets.looking import Entry, explain, is_foreign
from ..datasets.walking import walk
from ..errors import FormatError, IdxError, printable
from ..storage.regular import open_regular
from .progress import Progress

# The most files that are named as not IDX, and the most whose errors are explained.
_MAX_NAMED = 10


class Folder(NamedTuple):
    """The IDX files and archives below a folder.

    Attributes
    ----------
    path : str
    entries : list of Entry
    is_verified : bool
        Whether each file was read whole.
    unreadable : list of OSError
        For each file that might be IDX, and for each folder, that the system does not open.
    """

    path: str
    entries: list[Entry]
    is_verified: bool
    unreadable: list[OSError]

    @property
    def is_whole(self) -> bool:
        """Whether all files seem undamaged, and none is left out because it cannot be opened."""
        return not self.unreadable and not any(entry.error for entry in self.entries)

    def as_text(self) -> str:
        """The pairs, the files without a partner, and the names of other files, on lines."""
        for error in [entry.error for entry in self.entries if entry.error][:_MAX_NAMED]:
            explain(error)
        left = {error.filename for error in self.unreadable}
        others = _others(self.path, self.entries, left)
        lines = [f"{self.path}:", *listed(self.entries), *others]
        if self.is_verified and self.is_whole:
            lines.append("every file is complete, and every checksum is right")
        return "\n  ".join(map(printable, lines))

    def as_json(self) -> dict[str, Any]:
        """The files as an object of JSON. Files that belong together have the same set."""
        return {
            "folder": self.path,
            "verified": self.is_verified,
            "files": [_as_json(entry) for entry in self.entries],
        }


def look_into(path: str, verify: bool) -> Folder:
    """Find the IDX files and archives below a folder.

    Parameters
    ----------
    path : str
    verify : bool
        Read each file whole, and not only its header.

    Raises
    ------
    FormatError
        If there is no IDX file.
    OSError, ValueError
        As `entries_of` does.
    """
    entries = with_members(entries_of(path), path)
    unreadable = _unreadable(path, entries)
    if not unreadable and not any(entry.role or entry.header for entry in entries):
        raise FormatError("the folder holds no IDX files", filename=path)
    if verify:
        with Progress(path, "file") as progress:
            for number, entry in enumerate(entries):
                progress(number, len(entries))
                entries[number] = _verified(entry)
    return Folder(path, entries, verify, unreadable)


def _unreadable(path: str, entries: Sequence[Entry]) -> list[OSError]:
    errors: list[OSError] = []
    known = _known(entries)
    for found in walk(path, errors.append):
        if found.parts not in known and not is_foreign(found.parts[-1]):
            try:
                open_regular(found.path).close()
            except OSError as error:
                errors.append(error)
    return errors


def _known(entries: Sequence[Entry]) -> set[tuple[str, ...]]:
    """The paths of the files that were looked at, and of the folders above them."""
    # The parts of a member of an archive begin with those of the archive.
    return {entry.parts[:count] for entry in entries for count in range(len(entry.parts) + 1)}


def _as_json(entry: Entry) -> dict[str, Any]:
    header = entry.header
    return {
        "file": entry.path,
        "set": "-".join(entry.name.words),
        "role": entry.role,
        "dtype": None if header is None else header.dtype.name,
        "shape": None if header is None else list(header.shape),
        "container": entry.container,
        "error": None if entry.error is None else str(entry.error),
    }


def _verified(entry: Entry) -> Entry:
    """The same file, with the error that reading it whole raises, if any."""
    if entry.header is None or entry.error:
        return entry
    try:
        load_entry(entry)
    except IdxError as error:
        return entry._replace(error=error)
    return entry


def _identity(path: str) -> tuple[int, int] | None:
    """The device and inode of a file, the same for all links to it; None if it is gone."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _others(folder: str, entries: Sequence[Entry], left: Set[Any]) -> list[str]:
    """A line that names the files that are neither IDX nor archives, nor among those of `left`."""
    known = _known(entries)
    # Caches keep files under their hashes, and link to them under descriptive names.
    shown = {entry.identity[:2] for entry in entries}
    names = [
        "/".join(found.parts)
        for found in walk(folder)
        if found.parts not in known
        and found.path not in left
        and _identity(found.path) not in shown
    ]
    if not names:
        return []
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return [f"not IDX: {', '.join(names[:_MAX_NAMED])}{more}"]
