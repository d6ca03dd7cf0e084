"""All that a report says of a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from ... import __version__
from ...datasets.catalogue import Dataset
from ...datasets.finding import entries_of, with_members
from ...errors import FormatError
from ...images.report.content import Class, Duplicates, Near, Repeated, Report, Set
from ...images.report.distances import nearest
from ...images.report.equal import first_equal
from .files import look_at, rows_of
from .parts import MAX_CLASSES, Found, look_at_part
from .sets import PartFiles, SetFiles, sets_of

# How many equal images, and how many pairs of classes, are shown.
_REPEATED = 8
_NEAR = 10
# The memory of a report grows with the number of its sets.
_MAX_SETS = 100


def gather(folder: str) -> Report:
    """Read the files of a folder, some images at a time.

    Parameters
    ----------
    folder : str

    Returns
    -------
    Report
        Files that are damaged are listed, with what is wrong.

    Raises
    ------
    FormatError
        If there is no IDX file.
    OSError, ValueError
        If the folder or a file cannot be read, or it holds too many files or sets.
    """
    entries = with_members(entries_of(folder), folder)
    if not any(entry.role or entry.header for entry in entries):
        raise FormatError("the folder holds no IDX files", filename=folder)
    if len(sets_of(entries)) > _MAX_SETS:
        raise ValueError(
            f"{folder}: more than {_MAX_SETS} data sets: name the folder of one of them"
        )
    looked = [look_at(entry) for entry in entries]
    whole = [e for e, of in zip(entries, looked, strict=True) if not of.file.error]
    datasets = {e.path: of.dataset for e, of in zip(entries, looked, strict=True)}
    name = os.path.basename(os.path.abspath(folder)) or folder
    return Report(
        name,
        [of.file for of in looked],
        [_set(files, datasets, name) for files in sets_of(whole)],
        __version__,
    )


def _set(files: SetFiles, datasets: Mapping[str, Dataset | None], folder: str) -> Set:
    used = [e for part in files.parts for e in (part.images, part.labels) if e is not None]
    dataset = next((datasets[e.path] for e in used if datasets[e.path] is not None), None)
    found = [look_at_part(part, _names(part, datasets)) for part in files.parts]
    classes = _classes(found)
    return Set(
        " ".join(files.words) or folder if dataset is None else dataset.title,
        [] if dataset is None else _about(dataset),
        [of.part for of in found],
        classes[:MAX_CLASSES],
        len(classes[MAX_CLASSES:]) + max(of.more_classes for of in found),
        _near(found),
        [
            _duplicates(first, second)
            for first, second in _pairs(found)
            if first.item is not None and first.item == second.item
        ],
    )


def _names(part: PartFiles, datasets: Mapping[str, Dataset | None]) -> Mapping[int, str]:
    """The names of the classes, if the labels are published ones."""
    dataset = None if part.labels is None else datasets[part.labels.path]
    return {} if dataset is None else dataset.classes


def _about(dataset: Dataset) -> list[str]:
    about = [] if dataset.licence is None else [f"Licence: {dataset.licence}."]
    return about if dataset.citation is None else [*about, f"{dataset.citation}."]


def _classes(found: Sequence[Found]) -> list[Class]:
    """The classes of all parts, in the order of their labels; last, images without labels."""
    labels = {label for of in found for label in of.classes}
    ordered: list[int | None] = [*sorted(label for label in labels if label is not None)]
    if None in labels:
        ordered.append(None)
    classes = []
    for label in ordered:
        places = [of.classes.index(label) if label in of.classes else None for of in found]
        counts = [
            0 if place is None else of.summed.counts[place]
            for of, place in zip(found, places, strict=True)
        ]
        name = next((of.class_name(label) for of in found if of.class_name(label)), "")
        with_images = (
            (of, place)
            for of, place, count in zip(found, places, counts, strict=True)
            if place is not None and count and of.pictures is not None
        )
        source, place = next(with_images, (None, None))
        if source is None or place is None:
            classes.append(Class(label, name, counts, None, []))
        else:
            classes.append(Class(label, name, counts, source.mean(place), source.examples(place)))
    return [of for of in classes if of.label is not None or any(of.counts)]


def _near(found: Sequence[Found]) -> list[Near]:
    """The nearest classes of the first part that has images and labels."""
    for of in found:
        means = of.summed.means
        if of.labels is not None and of.pictures is not None and means is not None:
            both = [
                Class(label, of.class_name(label), [count], of.mean(number), [])
                for number, (label, count) in enumerate(
                    zip(of.classes, of.summed.counts, strict=True)
                )
            ]
            return [
                Near(of.part.title, both[a], both[b], distance)
                for a, b, distance in nearest(means, _NEAR)
            ]
    return []


def _pairs(found: Sequence[Found]) -> list[tuple[Found, Found]]:
    """Each part with itself, then each with each later one."""
    return [*zip(found, found, strict=True), *combinations(found, 2)]


def _duplicates(first: Found, second: Found) -> Duplicates:
    titles = first.part.title, second.part.title
    earlier, later = first.summed.digests, second.summed.digests
    if earlier is None or later is None or second.entry is None:
        return Duplicates(titles, None, None, [])
    places = first_equal(later, earlier)
    if first is second:
        numbers = np.flatnonzero(places < np.arange(len(places)))
    else:
        numbers = np.flatnonzero(places >= 0)
    relabelled = None
    if first.labels is not None and second.labels is not None:
        labels = first.labels.values[places[numbers]], second.labels.values[numbers]
        relabelled = int(np.count_nonzero(labels[0] != labels[1]))
    examples = []
    if len(numbers) and second.pictures is not None:
        rows = rows_of(second.entry)
        for number in numbers[:_REPEATED].tolist():
            place = int(places[number])
            (pixels,) = second.pictures(rows.read(number, number + 1))
            names = first.name(place), second.name(number)
            examples.append(Repeated((place, number), names, pixels))
    return Duplicates(titles, len(numbers), relabelled, examples)
