"""Which files in a folder belong together, and which of several forms of a file is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .fitting import check_fit
from .looking import Entry
from .naming import Role

# How many lines or files a message lists.
MOST_LISTED = 12


class Choice(NamedTuple):
    """A file of images, and the file of their labels."""

    images: Entry
    labels: Entry


class Group(NamedTuple):
    """The files of one place and with the same words: images, labels, or both."""

    depth: int
    words: tuple[str, ...]
    unpacked: tuple[str, ...]
    images: tuple[Entry, ...]
    labels: tuple[Entry, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there are images and labels; they need not fit each other."""
        return bool(self.images and self.labels)

    @property
    def is_packed(self) -> bool:
        """Whether all of the files are in archives."""
        return all(entry.member for entry in self.images + self.labels)


class AmbiguousError(ValueError):
    """Several files that are equally good."""


def groups_of(entries: Iterable[Entry]) -> list[Group]:
    """Put the files that are images or labels into groups, in the order of the files."""
    found: dict[tuple[tuple[str, ...], int, tuple[str, ...]], dict[Role, list[Entry]]] = {}
    for entry in entries:
        if entry.role is not None:
            key = entry.name.place, entry.name.depth, entry.name.words
            found.setdefault(key, defaultdict(list))[entry.role].append(entry)
    return [
        Group(
            depth,
            words,
            next(iter(files.values()))[0].name.unpacked,
            tuple(files["images"]),
            tuple(files["labels"]),
        )
        for (_, depth, words), files in found.items()
    ]


def without_packed(groups: Sequence[Group]) -> list[Group]:
    """The groups without those in archives whose unpacked folders are there, too."""
    beside = {(group.unpacked, group.words) for group in groups if not group.is_packed}
    return [g for g in groups if not (g.is_packed and (g.unpacked, g.words) in beside)]


def resolve(group: Group) -> Choice:
    """The images and labels of a complete group.

    Files that are not in a folder of their own name are preferred, then those that are not marked
    as copies, then those with published names. If possible, both files are alike in all of this.

    Raises
    ------
    AmbiguousError
        If several files are equally good.
    IdxError
        If the best files are damaged, contradict their names, or differ in number.
    """
    sides = [{e.name.preference for e in files if e.fits} for files in (group.images, group.labels)]
    alike = sides[0] & sides[1]
    images, labels = (
        _best([e for e in files if not alike or e.name.preference == min(alike)])
        for files in (group.images, group.labels)
    )
    choice = Choice(_or_rival(images, group.images), _or_rival(labels, group.labels))
    check_choice(choice)
    return choice


def check_choice(choice: Choice) -> None:
    """Refuse files that are damaged, contradict their names, or differ in number.

    Raises
    ------
    IdxError
        Says which file, and what is wrong.
    """
    for entry in choice:
        if entry.error is not None:
            raise entry.error
    images, labels = choice
    assert images.header is not None
    assert labels.header is not None
    check_fit(images.header, labels.header, images.path, labels.path)


def _best(entries: Sequence[Entry]) -> Entry:
    """The best of several files of the same words and role."""

    first = min((not entry.fits, *_rank(entry)) for entry in entries)
    equal = [entry for entry in entries if (not entry.fits, *_rank(entry)) == first]
    if all(entry.name.is_published for entry in equal):
        # QMNIST has whole tables of labels, and the classes alone.
        most = max(map(_ndim, equal))
        equal = [entry for entry in equal if _ndim(entry) == most]
    # A name with a dash is preferred to one with a dot, then the form that is fastest to read.
    form = min((entry.name.is_dotted, entry.name.ending) for entry in equal)
    chosen = [e for e in equal if (e.name.is_dotted, e.name.ending) == form]
    stems = {(entry.name.stem, entry.name.mark) for entry in equal}
    files = {entry.identity for entry in equal}
    if len(files) > 1 and (len(stems) > 1 or len({entry.identity for entry in chosen}) > 1):
        raise AmbiguousError(some(["/".join(entry.parts) for entry in equal], ", "))
    return chosen[0]


def _rank(entry: Entry) -> tuple[object, ...]:
    """Sorts several files by what their paths say."""
    return bool(entry.member), entry.name.preference


def _or_rival(chosen: Entry, entries: Sequence[Entry]) -> Entry:
    """The chosen file, or a damaged one under another name that would be as good.

    A damaged form or copy of the chosen file does not matter, because the chosen file replaces it.
    A file under another name may hold other data, so its damage has to be reported.
    """
    for entry in entries:
        is_as_good = _rank(entry) <= _rank(chosen) and not entry.fits
        if is_as_good and entry.name.stem != chosen.name.stem:
            return entry
    return chosen


def some(texts: Sequence[str], separator: str, most: int = MOST_LISTED) -> str:
    """The first of several texts, joined, and how many more there are."""
    more = [f"and {len(texts) - most:,} more"] if len(texts) > most else []
    return separator.join([*texts[:most], *more])


def _ndim(entry: Entry) -> int:
    return 0 if entry.header is None else len(entry.header.shape)
