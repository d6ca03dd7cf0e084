"""Which files of a folder belong to the same set, and which to the same part of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...datasets.groups import AmbiguousError, Group, groups_of, resolve, without_packed
from ...datasets.looking import Entry
from ...errors import IdxError, printable

# The kinds of a name, in the order of the report, and what they are called there.
_TITLES = {"train": "Training set", "validation": "Validation set", "test": "Test set"}
_OTHER = "Images"


class PartFiles(NamedTuple):
    """The files of one kind.

    Attributes
    ----------
    title : str
    images, labels : Entry or None
        At least one of them is there.
    note : str
        Why a file is not used, or "".
    """

    title: str
    images: Entry | None
    labels: Entry | None
    note: str


class SetFiles(NamedTuple):
    """Files that belong together.

    Attributes
    ----------
    words : tuple of str
        What their names have in common; often nothing.
    place : tuple of str
        The folder of the first of them.
    parts : list of PartFiles
    """

    words: tuple[str, ...]
    place: tuple[str, ...]
    parts: list[PartFiles]


def sets_of(entries: Sequence[Entry]) -> list[SetFiles]:
    """Put the files that are images or labels into sets, in the order of the files."""
    sets = []
    for group in without_packed(groups_of(entries)):
        part = _part_of(group)
        if part is not None:
            words = group.words[:-1] if _kind(group.words) else group.words
            sets.append(SetFiles(words, group.unpacked, [part]))
    # The parts of a set may be in folders of their own, but those of one folder come first.
    sets = _joined(sets, lambda found: (found.words, found.place))
    sets = _joined(sets, lambda found: found.words)
    order = [*_TITLES.values(), _OTHER]
    for found in sets:
        found.parts.sort(key=lambda part: order.index(part.title))
    return sets


def _joined(sets: list[SetFiles], key: Callable[[SetFiles], object]) -> list[SetFiles]:
    """Join sets of the same key, unless both have a part of the same kind."""
    joined: list[SetFiles] = []
    for found in sets:
        titles = {part.title for part in found.parts}
        fitting = (
            of
            for of in joined
            if key(of) == key(found) and titles.isdisjoint(part.title for part in of.parts)
        )
        of = next(fitting, None)
        if of is None:
            joined.append(found)
        else:
            of.parts.extend(found.parts)
    return joined


def holds(entry: Entry) -> str:
    """What a file is for, such as "Training set images"."""
    if entry.role is None:
        return "Archive" if entry.archive and entry.header is None else "Other array"
    kind = _kind(entry.name.words)
    return f"{_TITLES[kind]} {entry.role}" if kind else entry.role.capitalize()


def told(error: Exception) -> str:
    """What an error says, without the names of folders, because the page may be published."""
    text, path = str(error), getattr(error, "filename", None)
    if not isinstance(path, str):
        return text
    name = printable(path)
    return text.removeprefix(f"{name}: ").replace(name, os.path.basename(name))


def _kind(words: tuple[str, ...]) -> str:
    return words[-1] if words and words[-1] in _TITLES else ""


def _part_of(group: Group) -> PartFiles | None:
    title = _TITLES.get(_kind(group.words), _OTHER)
    if group.is_complete:
        try:
            return PartFiles(title, *resolve(group), "")
        except AmbiguousError as error:
            note = f"Several files are equally good, so images and labels are not joined: {error}."
        except IdxError as error:
            note = f"The images and the labels are not joined: {told(error)}."
    else:
        note = ""
    images, labels = map(_preferred, (group.images, group.labels))
    if images is None and labels is None:
        return None
    return PartFiles(title, images, None if images else labels, note)


def _preferred(entries: Sequence[Entry]) -> Entry | None:
    """The file that is taken without a partner; None if each is damaged."""
    return min(
        (entry for entry in entries if entry.fits),
        key=lambda entry: (bool(entry.member), entry.name.preference, entry.name.ending),
        default=None,
    )
