"""What is known of a published data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .catalogue import find
from .pairs import all_pairs, words_of


@dataclass(frozen=True)
class Info:
    """What is known of a published data set.

    Attributes
    ----------
    name : str
        Its name in `idxfast.datasets`.
    title : str
        One line about it.
    counts : mapping of str to int
        The number of images of each kind, such as ``{"train": 60000, "test": 10000}``.
    shape : tuple of int
        The rows and columns of an image.
    classes : mapping of int to str
        The name of the class for each label.
    licence : str or None
        None if the publisher states none.
    citation : str or None
        The publication that introduced the set; None if we know of none.
    """

    name: str
    title: str
    counts: Mapping[str, int]
    shape: tuple[int, ...]
    classes: Mapping[int, str]
    licence: str | None
    citation: str | None


def info(name: str, *, split: str | None = None) -> Info:
    """What is known of a published data set; nothing is fetched.

    Parameters
    ----------
    name, split
        As for `fetch`.

    Raises
    ------
    ValueError
        If there is no set of that name, or there are several.
    """
    dataset = find(name, split)
    shapes = {file.name: file.header.shape for file in dataset.files if file.header is not None}
    paired = {pair.images for pair in all_pairs(shapes).values()}
    images = {_kind(name): shape for name, shape in shapes.items() if name in paired}
    shape, *others = {shape[1:] for shape in images.values()}
    assert not others
    return Info(
        dataset.name,
        dataset.title,
        {kind: shape[0] for kind, shape in images.items()},
        shape,
        dataset.classes,
        dataset.licence,
        dataset.citation,
    )


def _kind(filename: str) -> str:
    """The shortest kind under which `load` finds a file of images."""
    words = [word for word in words_of(filename) if word != "x"]
    return next((word for word in words if word in ("train", "test")), words[0])
