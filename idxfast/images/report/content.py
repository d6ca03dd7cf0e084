"""What a report says, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...format import Header

Pixels = np.ndarray[Any, Any]
"""A picture of uint8: shape (height, width) or (height, width, 3)."""


class File(NamedTuple):
    """A file of the folder.

    Attributes
    ----------
    name : str
        Its path below the folder.
    holds : str
        What it is for, such as "Training set images".
    header : Header or None
        None if there is no IDX header.
    container : str
    size : int or None
        Bytes of the file; None for a member of an archive.
    packed, content : str
        The SHA-256 of the file and of its unpacked content; "" if it was not determined.
    published : str
        Which published file it is, or "".
    error : str
        What is wrong with it, or "".
    """

    name: str
    holds: str
    header: Header | None
    container: str
    size: int | None = None
    packed: str = ""
    content: str = ""
    published: str = ""
    error: str = ""


class Example(NamedTuple):
    """An image, and its number in the file."""

    number: int
    pixels: Pixels


class Class(NamedTuple):
    """The images of a label.

    Attributes
    ----------
    label : int, float or None
        None for images without labels.
    name : str
        "" if it is unknown.
    counts : sequence of int
        The number of images in each part of the set.
    mean : ndarray or None
        The mean of the images of the first part that has any.
    examples : sequence of Example
        The first images of the same part.
    """

    label: Any
    name: str
    counts: Sequence[int]
    mean: Pixels | None
    examples: Sequence[Example]


class Levels(NamedTuple):
    """The values of all pixels of a part.

    Attributes
    ----------
    mean, deviation, minimum, maximum : float
    not_finite : int
        How many are infinite or NaN. The other attributes leave these out.
    edges : sequence of float
        The edges of the bins: one more than there are bins.
    counts : sequence of int
        How many values are in each bin.
    is_level : bool
        Whether there are 256 bins, one for each value of a byte.
    """

    mean: float
    deviation: float
    minimum: float
    maximum: float
    not_finite: int
    edges: Sequence[float]
    counts: Sequence[int]
    is_level: bool


class Part(NamedTuple):
    """The images, or labels, or both, of one kind: such as the training set.

    Attributes
    ----------
    title : str
    images, labels : str
        The files, or "".
    header : Header or None
        Of the images.
    total : int
        How many images there are or, without images, labels.
    levels : Levels or None
        None if there are no pixels.
    notes : sequence of str
        What a reader should know, as sentences.
    """

    title: str
    images: str
    labels: str
    header: Header | None
    total: int
    levels: Levels | None
    notes: Sequence[str]


class Repeated(NamedTuple):
    """An image, and an earlier one that is equal to it; their labels are "" if there are none."""

    numbers: tuple[int, int]
    labels: tuple[str, str]
    pixels: Pixels


class Duplicates(NamedTuple):
    """Images of a part that are equal to earlier ones of it, or to images of another part.

    Attributes
    ----------
    parts : tuple of str
        The title of the part of the earlier images, and that of the later.
    equal : int or None
        How many of the later images are equal to an earlier one; None if there are too many images
        to compare, or they have no pixels.
    relabelled : int or None
        How many of these have another label than the earlier one; None without labels.
    examples : sequence of Repeated
    """

    parts: tuple[str, str]
    equal: int | None
    relabelled: int | None
    examples: Sequence[Repeated]


class Near(NamedTuple):
    """Two classes of a part, and the distance of their mean images."""

    part: str
    first: Class
    second: Class
    distance: float


class Set(NamedTuple):
    """Files that belong together.

    Attributes
    ----------
    title : str
    about : sequence of str
        Licence and publication, if it is a published set.
    parts : sequence of Part
    classes : sequence of Class
        In the order of the labels.
    more_classes : int
        The number of labels that are not among the classes.
    near : sequence of Near
        The nearest classes, the nearest first.
    duplicates : sequence of Duplicates
    """

    title: str
    about: Sequence[str]
    parts: Sequence[Part]
    classes: Sequence[Class]
    more_classes: int
    near: Sequence[Near]
    duplicates: Sequence[Duplicates]


class Report(NamedTuple):
    """All that a report says."""

    folder: str
    files: Sequence[File]
    sets: Sequence[Set]
    version: str
