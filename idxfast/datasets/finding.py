"""Find the images and labels of a data set below a folder, whatever the files are called.

Content decides what a file may be: no file is taken for images or labels if its array cannot be
that. Names only decide which of several such files is taken. Nothing is guessed: if several pairs
are equally good, the error lists what is there. A file that contradicts its name is an error, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..errors import IdxError, printable
from .groups import AmbiguousError, Choice, Group, groups_of, resolve, some, without_packed
from .listing import listed, listed_pair
from .looking import Entry, explain, is_foreign, look
from .naming import contains, kind_of_folder, words_of_kind
from .pairs import is_of_other_set
from .walking import walk

# The most files that are opened.
MAX_OPENED = 10_000


def search(root: str, kind: str, *, archives: bool = True, exact: bool = False) -> Choice:
    """Find images and labels of a kind in the files below a folder.

    Parameters
    ----------
    root : str
    kind : str
        As for `idxfast.load_dataset`.
    archives : bool
        Whether to look into archives, too.
    exact : bool
        Whether only names with no other words than those of the kind count.

    Raises
    ------
    FileNotFoundError
        If there are no images with labels of that kind.
    ValueError
        If there are several pairs of that kind, or too many files.
    IdxError
        If the best pair is damaged, contradicts its names, or differs in number.
    """
    entries = entries_of(root)
    try:
        choice = _choose(root, entries, kind, exact)
        nearest = sys.maxsize if choice is None else choice.images.name.depth
        if archives and any(entry.archive and entry.name.depth <= nearest for entry in entries):
            entries = with_members(entries, root)
            choice = _choose(root, entries, kind, exact)
    except IdxError as error:
        explain(error)
        raise
    if choice is None:
        known = some(listed(entries), "; ") or "none at all"
        missing = f"no images with labels of kind {kind!r}"
        if any(group.is_complete for group in _fitting(entries, kind, exact)):
            missing = f"a file of kind {kind!r} has no partner, and no pair is nearer to the folder"
        raise FileNotFoundError(printable(f"{root}: {missing}; there are: {known}"))
    return choice


def entries_of(root: str) -> list[Entry]:
    """The IDX files and archives below a folder.

    Raises
    ------
    OSError, ValueError
        As `walk` does; ValueError, too, if more than `MAX_OPENED` files might be IDX.
    """
    entries: list[Entry] = []
    opened = 0
    for found in walk(root):
        if is_foreign(found.parts[-1]):
            continue
        opened += 1
        if opened > MAX_OPENED:
            raise ValueError(
                printable(
                    f"{root}: more than {MAX_OPENED:,} files that might be IDX: "
                    "name the folder that holds the data set itself"
                )
            )
        entry = look(found.path, found.parts, _kind_of(root))
        if entry is not None:
            entries.append(entry)
    # Caches keep files under their hashes, and link to them under descriptive names.
    named = {entry.identity for entry in entries if entry.name.role}
    return [entry for entry in entries if entry.name.role or entry.identity not in named]


def with_members(entries: Sequence[Entry], root: str) -> list[Entry]:
    """The same files, with each archive replaced by the IDX files in it, if there are any.

    Raises
    ------
    ValueError
        If there are too many members.
    """
    if not any(entry.archive for entry in entries):
        return list(entries)
    from .archives import Looked, members  # few folders have archives

    looked = Looked()
    found: list[Entry] = []
    for entry in entries:
        inside = members(entry, _kind_of(root), looked) if entry.archive else []
        looked.check(root)
        found += inside or [entry]
    return found


def _kind_of(root: str) -> str | None:
    return kind_of_folder(os.path.basename(os.path.abspath(root)))


def _fitting(entries: Sequence[Entry], kind: str, exact: bool) -> list[Group]:
    """The groups of a kind, complete or not."""
    wanted = words_of_kind(kind)
    groups = groups_of(
        entry
        for entry in entries
        if not exact or wanted in (entry.name.words, entry.name.own_words)
    )
    return [
        group
        for group in groups
        if contains(group.words, wanted)
        and not any(is_of_other_set(e.name.own_words, wanted) for e in group.images + group.labels)
    ]


def _choose(root: str, entries: Sequence[Entry], kind: str, exact: bool) -> Choice | None:
    """The best pair of a kind; None if there is none."""
    wanted = words_of_kind(kind)
    fitting = _fitting(entries, kind, exact)
    depths = [group.depth for group in fitting if group.is_complete]
    if not depths:
        return None
    nearest = [group for group in fitting if group.depth <= min(depths)]
    nearest = without_packed([group for group in nearest if group.words == wanted] or nearest)
    # The caller may mean images without labels that are as near as the pair.
    if not all(group.is_complete for group in nearest):
        return None
    try:
        choices = [resolve(group) for group in nearest]
    except AmbiguousError as error:
        raise ValueError(
            printable(f"{root}: several files could be of kind {kind!r}: {error}; rename one")
        ) from None
    if len({(c.images.identity, c.labels.identity) for c in choices}) > 1:
        known = some(list(map(listed_pair, nearest, choices)), "; ")
        raise ValueError(
            printable(
                f"{root}: several sets are of kind {kind!r}: {known}; say which, or its folder"
            )
        )
    return choices[0]
