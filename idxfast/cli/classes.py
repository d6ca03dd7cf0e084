"""The labels of images in a file, and the names of their classes, where they can be found."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..datasets import catalogue
from ..datasets.groups import AmbiguousError, groups_of, resolve
from ..datasets.looking import Entry, is_foreign, look
from ..datasets.naming import kind_of_folder, name_of
from ..errors import printable
from ..reading.loading import load
from ..storage.regular import open_regular
from ..writing.saving import dumps, has_type

# Names of classes, one a line in the order of the labels, beside the files of a data set.
CLASSES = "classes.txt"
_MAX_NAMES = 1 << 20  # bytes
# Longer names are shown in part: a sheet is as wide as its longest caption.
_MAX_CAPTION = 100  # characters
# The labels of a published set take fewer bytes: a larger file is not hashed.
_MAX_HASHED = 64 << 20


class Labels(NamedTuple):
    """The labels of images, and what they mean.

    Attributes
    ----------
    path : str
        The file of the labels.
    values : ndarray
        Of shape (count,).
    names : mapping of int to str
        Empty if no names are known.
    """

    path: str
    values: np.ndarray[Any, Any]
    names: Mapping[int, str]

    def caption(self, index: int) -> str:
        """The label of an image, with the name of its class."""
        return caption(self.values[index].item(), self.names)


def caption(label: Any, names: Mapping[int, str]) -> str:
    """A label with the name of its class, unless they are the same."""
    name = printable(names.get(label, ""))
    if len(name) > _MAX_CAPTION:
        name = f"{name[:_MAX_CAPTION]}..."
    return f"{label} {name}" if name and name != str(label) else str(label)


def find_labels(path: str, count: int) -> Labels | None:
    """The labels of a file of images, from the file of labels in the same folder.

    Parameters
    ----------
    path : str
        A file of images.
    count : int
        The number of images.

    Returns
    -------
    Labels or None
        None if there is no such file, if several are equally good, or if the file does not fit
        or is damaged.
    """
    with contextlib.suppress(ValueError, OSError):
        return labels_beside(path, count)
    return None


def labels_beside(path: str, count: int) -> Labels | None:
    """As `find_labels`, but None only if there is no such file.

    Raises
    ------
    IdxError
        If the file of the labels is damaged.
    ValueError
        If several are equally good, or the file does not hold this number of labels.
    OSError
        If the system refuses.
    """
    folder, filename = os.path.split(path)
    kind = kind_of_folder(os.path.basename(os.path.abspath(folder)))
    own = name_of((filename,), kind)
    if own.role != "images":
        return None
    found = [look(path, (filename,), kind)]
    for other in sorted(os.listdir(folder or os.curdir)):
        name = name_of((other,), kind)
        if name.role == "labels" and name.words == own.words and not is_foreign(other):
            found.append(look(os.path.join(folder, other), (other,), kind))
    return _best([entry for entry in found if entry is not None], count)


def _best(entries: list[Entry], count: int) -> Labels | None:
    for group in groups_of(entries):
        if group.is_complete:
            try:
                path = resolve(group).labels.path
            except AmbiguousError as error:
                raise ValueError(f"several files of labels are equally good: {error}") from error
            labels = read_labels(path)
            if len(labels.values) != count:
                raise ValueError(f"{path}: {len(labels.values):,} labels for {count:,} images")
            return labels
    return None


def upright(path: str, images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The images as they are to be looked at: files of EMNIST store them transposed."""
    is_emnist = name_of((os.path.basename(path),)).own_words[:1] == ("emnist",)
    is_square = images.ndim == 3 and images.shape[1] == images.shape[2]
    return images.swapaxes(1, 2) if is_emnist and is_square else images


def read_labels(path: str) -> Labels:
    """Read a file of labels, and find the names of their classes.

    Raises
    ------
    IdxError
        If the file is damaged.
    ValueError
        If it holds no labels.
    OSError
        If it cannot be read.
    """
    array = load(path)
    # QMNIST's table has the class in its first column.
    is_table = array.ndim == 2 and array.dtype == np.int32 and array.shape[1] == 8
    if array.ndim != 1 and not is_table:
        raise ValueError(f"{path}: an array of shape {array.shape} holds no labels")
    return Labels(path, array[:, 0] if is_table else array, names_of(path, array))


def names_of(path: str, labels: np.ndarray[Any, Any]) -> Mapping[int, str]:
    """The names of the classes of a file of labels.

    They come from the file classes.txt beside it or, if it is a published file, from the catalogue.
    """
    beside = os.path.join(os.path.dirname(path), CLASSES)
    with contextlib.suppress(OSError, UnicodeDecodeError), open_regular(beside) as file:
        return dict(enumerate(file.read(_MAX_NAMES).decode("utf-8-sig").splitlines()))
    if labels.nbytes > _MAX_HASHED or not has_type(labels.dtype):
        return {}
    with contextlib.suppress(OSError), open_regular(path) as file:
        packed, content = file.read(_MAX_HASHED), dumps(labels)
        for dataset in catalogue.datasets().values():
            for published in dataset.files:
                if published.header is not None and published.header.shape == labels.shape:
                    hashes = ((published.packed, packed), (published.raw, content))
                    if any(_has_hash(data, known) for known, data in hashes):
                        return dataset.classes
    return {}


def _has_hash(data: bytes, known: str | None) -> bool:
    """Whether data have a hash like ``"sha256:440f..."``."""
    algorithm, _, digest = (known or "").partition(":")
    return bool(digest) and hashlib.new(algorithm, data).hexdigest() == digest
