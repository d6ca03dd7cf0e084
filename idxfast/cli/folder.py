"""idxfast info of a folder: which files belong together, and which have no partner."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..datasets.finding import entries_of, with_members
from ..datasets.folder import load_entry
from ..datasets.listing import listed
from ..datasets.looking import Entry, explain
from ..datasets.walking import walk
from ..errors import FormatError, IdxError, printable

# The most files that are named among those that are not IDX, and the most that are explained.
_MAX_NAMED = 10


def describe(folder: str, verify: bool) -> tuple[str, bool]:
    """Describe a folder in several lines, and say whether all its files seem undamaged.

    Parameters
    ----------
    folder : str
    verify : bool
        Read each file whole, and not only its header.

    Raises
    ------
    FormatError
        If there is no IDX file.
    OSError, ValueError
        As `entries_of` does.
    """
    entries = with_members(entries_of(folder), folder)
    if not any(entry.role or entry.header for entry in entries):
        raise FormatError("the folder holds no IDX files", filename=folder)
    if verify:
        entries = [_verified(entry) for entry in entries]
    for error in [entry.error for entry in entries if entry.error][:_MAX_NAMED]:
        explain(error)
    lines = [f"{folder}:", *listed(entries), *_others(folder, entries)]
    whole = not any(entry.error for entry in entries)
    if verify and whole:
        lines.append("every file is complete, and every checksum is right")
    return "\n  ".join(map(printable, lines)), whole


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


def _others(folder: str, entries: Sequence[Entry]) -> list[str]:
    """A line that names the files that are neither IDX nor archives."""
    # The parts of a member of an archive begin with those of the archive.
    known = {entry.parts[:count] for entry in entries for count in range(len(entry.parts) + 1)}
    # Caches keep files under their hashes, and link to them under descriptive names.
    shown = {entry.identity[:2] for entry in entries}
    names = [
        "/".join(found.parts)
        for found in walk(folder)
        if found.parts not in known and _identity(found.path) not in shown
    ]
    if not names:
        return []
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return [f"not IDX: {', '.join(names[:_MAX_NAMED])}{more}"]
