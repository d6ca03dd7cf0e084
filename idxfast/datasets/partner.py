"""The labels that belong to one file of images."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from ..errors import printable
from ..storage.inputs import is_url
from .groups import AmbiguousError, Group, resolve
from .looking import is_foreign, look
from .naming import Name, name_of
from .pairs import is_published

# The words of a published name of images, and those of the name of their labels.
_OTHERS = {"images": "labels", "patterns": "labels", "idx3": "idx1"}
_WORDS = re.compile("|".join(_OTHERS))


def labels_for(images: str) -> str | None:
    """The path of the labels that belong to a file of images, as `load_dataset` pairs them.

    They are in the same folder, or in a folder beside it, if the two are called ``images`` and
    ``labels`` or if each file is in a folder of its own name. An archive is not looked into.

    Parameters
    ----------
    images : str
        The path of a file on disk.

    Returns
    -------
    str or None
        None if there are no labels, or if the file itself cannot be images.

    Raises
    ------
    ValueError
        If several files of labels would be equally good.
    IdxError
        If the labels are damaged, or are not as many as the images.
    """
    folder, filename = os.path.split(os.path.abspath(images))
    above, folder_name = os.path.split(folder)
    parts: tuple[str, ...] = (filename,)
    if folder_name and not name_of((folder_name, filename)).depth:
        parts = folder_name, filename
    name = name_of(parts)
    if name.role == "labels":
        return None
    entry = look(images, parts, None)
    if entry is None or not entry.fits or entry.role != "images":
        return None
    labels = []
    for path, other in _beside(folder if len(parts) == 1 else above, len(parts)):
        if _agrees(name_of(other), name):
            found = look(path, other, None)
            if found is not None and found.role == "labels":
                labels.append(found)
    if not labels:
        return None
    group = Group(name.depth, name.words, name.unpacked, (entry,), tuple(labels))
    try:
        return resolve(group).labels.path
    except AmbiguousError as error:
        raise ValueError(
            printable(f"{images}: several files could be its labels: {error}; rename one")
        ) from None


def labels_url_for(images: str) -> str | None:
    """The URL of the labels that belong to a published file of images, if its name tells it.

    Whether there is such a file is not known. A URL with a query is not changed, because the query
    may be a signature.
    """
    first, *others = images.split("::")
    folder, slash, filename = first.rpartition("/")
    if not is_url(images) or "?" in first or not is_published(filename):
        return None
    name = _WORDS.sub(lambda match: _OTHERS[match[0]], filename)
    return None if name == filename else "::".join([f"{folder}{slash}{name}", *others])


def _agrees(other: Name, name: Name) -> bool:
    """Whether a file may be the labels of the file of images with this name."""
    same = (other.place, other.depth, other.words) == (name.place, name.depth, name.words)
    return same and other.role != "images"


def _beside(root: str, depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The paths of the files in a folder, also below it; with depth 2, in the folders in it."""
    folders: list[tuple[str, tuple[str, ...]]] = [(root, ())]
    if depth == 2:
        with os.scandir(root) as found:
            folders = [(entry.path, (entry.name,)) for entry in found if entry.is_dir()]
    for folder, parts in sorted(folders):
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(folder)):
                if not is_foreign(name):
                    yield os.path.join(folder, name), (*parts, name)
