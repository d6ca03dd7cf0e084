"""The training set, the test set and the like: images and labels of one kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...datasets.looking import Entry
from ...errors import IdxError
from ...images.report.content import Example, Levels, Part, Pixels
from ..classes import Labels, caption, read_labels, upright
from ..counting import Values, count_values
from ..progress import Progress
from ..rows import Rows
from .files import rows_of
from .pictures import Pictures
from .sets import PartFiles
from .summing import Summed, sum_up

# More labels than these are hardly classes.
MAX_CLASSES = 256
# To make a picture takes some 24 bytes for each element of an image.
_MAX_PIXELS = 16 << 20


class Found(NamedTuple):
    """A part, and what is needed to compare it with other parts.

    Attributes
    ----------
    part : Part
    entry : Entry or None
        The file of the images.
    labels : Labels or None
    classes : list of int or None
        The label of each class; ``[None]`` if there are no labels.
    more_classes : int
        How many labels are not among the classes.
    summed : Summed
    pictures : Pictures or None
        None if the arrays are no pictures.
    """

    part: Part
    entry: Entry | None
    labels: Labels | None
    classes: list[int | None]
    more_classes: int
    summed: Summed
    pictures: Pictures | None

    @property
    def item(self) -> tuple[Any, ...] | None:
        """The type and shape of an image; None without images."""
        header = self.part.header
        return None if header is None else (header.dtype, header.shape[1:])

    def name(self, number: int) -> str:
        """The label of an image, with the name of its class; "" if there are no labels."""
        return "" if self.labels is None else self.labels.caption(number)

    def class_name(self, label: int | None) -> str:
        """The name of a class; "" if it is unknown."""
        return "" if self.labels is None or label is None else self.labels.names.get(label, "")

    def mean(self, number: int) -> Pixels | None:
        """The mean image of a class."""
        if self.pictures is None or self.summed.means is None or self.part.header is None:
            return None
        mean = self.summed.means[number].reshape(1, *self.part.header.shape[1:])
        return self.pictures(mean)[0]

    def examples(self, number: int) -> list[Example]:
        """The first images of a class."""
        found = self.summed.examples[number]
        if self.pictures is None or not found:
            return []
        # One at a time, which takes the least memory.
        return [Example(n, picture) for n, image in found for picture in self.pictures(image[None])]


def look_at_part(files: PartFiles, names: Mapping[int, str]) -> Found:
    """Read the images and the labels of a part.

    Parameters
    ----------
    files : PartFiles
    names : mapping of int to str
        Of the classes, if there are none beside the files.

    Raises
    ------
    IdxError, OSError
        If a file cannot be read.
    """
    notes = [files.note] if files.note else []
    labels = _labels(files.labels, names, notes)
    if files.images is None:
        count = 0 if labels is None else len(labels.values)
        path = "" if files.labels is None else "/".join(files.labels.parts)
        part = Part(files.title, "", path, None, count, None, notes)
        numbers, classes, more = _numbered(labels, count, notes)
        return Found(part, None, labels, classes, more, _counted(numbers, classes), None)
    rows = rows_of(files.images)
    numbers, classes, more = _numbered(labels, rows.shape[0], notes)
    levels, pictures = None, None
    summed = _counted(numbers, classes)
    if math.prod(rows.shape):
        name = files.images.path
        with Progress(name, "item") as progress:
            values = count_values(rows, progress)
        levels = _levels(values, rows)
        with Progress(name, "item") as progress:
            summed = sum_up(rows, numbers, len(classes), progress)
        pictures = _pictures(files.images, rows, values, notes)
    if summed.means is None and pictures is not None:
        notes.append("Mean images are left out: there are too many classes of large images.")
    part = Part(
        files.title,
        "/".join(files.images.parts),
        "" if files.labels is None else "/".join(files.labels.parts),
        files.images.header,
        rows.shape[0],
        levels,
        notes,
    )
    return Found(part, files.images, labels, classes, more, summed, pictures)


def _labels(entry: Entry | None, names: Mapping[int, str], notes: list[str]) -> Labels | None:
    if entry is None:
        return None
    try:
        labels = read_labels(entry.path)
    except IdxError:
        raise
    except ValueError as error:
        reason = str(error).removeprefix(f"{entry.path}: ")
        notes.append(f"The labels are not used: {reason}.")
        return None
    if labels.values.dtype.kind not in "iu":
        notes.append(f"The labels are not used: they are of type {labels.values.dtype}.")
        return None
    return labels if labels.names else labels._replace(names=names)


def _numbered(
    labels: Labels | None, count: int, notes: list[str]
) -> tuple[np.ndarray[Any, Any], list[int | None], int]:
    """The number of the class of each image, the label of each class, and how many are left out."""
    if labels is None:
        # This array takes no memory: there may be any number of images without pixels.
        return np.broadcast_to(np.int64(0), count), [None], 0
    values, numbers = np.unique(labels.values, return_inverse=True)
    more = max(0, len(values) - MAX_CLASSES)
    if len(values) == 1 and count > 1:
        label = caption(values[0].item(), labels.names)
        notes.append(f"All labels are equal: {label} is the only class.")
    numbers = np.where(numbers.reshape(-1) < MAX_CLASSES, numbers.reshape(-1), -1)
    return numbers, values[:MAX_CLASSES].tolist(), more


def _counted(numbers: np.ndarray[Any, Any], classes: list[int | None]) -> Summed:
    """What labels alone tell of the images."""
    counts = [len(numbers)]
    if classes != [None]:
        counts = np.bincount(numbers[numbers >= 0], minlength=len(classes)).tolist()
    return Summed(counts, None, [[] for _ in classes], None)


def _pictures(entry: Entry, rows: Rows, values: Values, notes: list[str]) -> Pictures | None:
    if math.prod(rows.shape[1:]) > _MAX_PIXELS:
        notes.append("Images of this size are not shown.")
        return None
    pictures = Pictures(entry.parts[-1], rows.dtype, values)
    first = rows.read(0, 1)
    try:
        pictures(first)
    except ValueError:
        notes.append("Arrays of this shape cannot be shown as pictures.")
        return None
    if upright(entry.parts[-1], first) is not first:
        notes.append(
            "The file has rows and columns swapped, as EMNIST's files do. Here, images are upright."
        )
    return pictures


def _levels(values: Values, rows: Rows) -> Levels | None:
    if values.minimum is None or values.maximum is None:
        return None
    return Levels(
        values.mean,
        values.deviation,
        values.minimum,
        values.maximum,
        values.not_finite,
        values.edges,
        values.histogram,
        rows.dtype == np.uint8,
    )
