"""What a folder holds, a line for each pair and for each file that belongs to none."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import IdxError
from .fitting import shown
from .groups import AmbiguousError, Choice, Group, groups_of, resolve, some
from .looking import Entry


def listed(entries: Sequence[Entry]) -> list[str]:
    """Describe pairs, then files without a partner, then other files; each on one line."""
    pairs: list[str] = []
    alone: list[str] = []
    for group in groups_of(entries):
        if group.is_complete:
            try:
                choice = resolve(group)
            except AmbiguousError as error:
                pairs.append(f"{_label(group)}: several files are equally good: {error}")
            except IdxError as error:
                pairs.append(f"{_label(group)}: {error}")
            else:
                pairs.append(listed_pair(group, choice))
        else:
            missing = "labels" if group.images else "images"
            alone += [
                _file(entry) + ("" if entry.error else f", without {missing}")
                for entry in group.images + group.labels
            ]
    others = [_file(entry) for entry in entries if entry.role is None]
    return [*pairs, *alone, *others]


def listed_pair(group: Group, choice: Choice) -> str:
    """Describe a pair, and other forms of its files."""
    others = [
        "/".join(entry.parts)
        for entry in group.images + group.labels
        if entry is not choice.images and entry is not choice.labels
    ]
    also = f" (other forms: {some(others, ', ', 3)})" if others else ""
    return f"{_label(group)}: {_file(choice.images)}, with {_file(choice.labels)}{also}"


def _label(group: Group) -> str:
    return "-".join(group.words) or "of no kind"


def _file(entry: Entry) -> str:
    path = "/".join(entry.parts)
    if entry.error is not None:
        return f"{path}: {'; '.join(filter(None, (entry.error.reason, entry.error.hint)))}"
    if entry.header is None:
        return f"{path}: a {entry.archive} archive without IDX files"
    return f"{path} ({shown(entry.header)}, {entry.container})"
