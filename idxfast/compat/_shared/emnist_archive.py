"""EMNIST's zip file, and the names of the files in it, from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...containers import archives
from .downloads import download_file
from .files import NDIM, Array, Content, check_type

if TYPE_CHECKING:
    from ...datasets.catalogue import Archive


def archive_name() -> str:
    """The name under which the zip file is published."""
    return _archive().file.name


def file_name(split: str, kind: str, content: Content) -> str:
    """The name of an unpacked file of a split.

    Parameters
    ----------
    split : str
        Like "letters".
    kind : {"train", "test"}
    content : {"images", "labels"}
    """
    name: str = _archive().names.format(
        split=split, kind=kind, content=f"{content}-idx{NDIM[content]}"
    )
    return name.removesuffix(".gz")


def member(name: str) -> str:
    """The path, in the zip file, of the file that is called `name` when it is unpacked."""
    return _archive().member(f"{name}.gz")


def load(path: str, name: str) -> Array:
    """Load a file out of the zip file at a path, by its name when it is unpacked.

    Raises
    ------
    KeyError
        If there is no such file.
    FormatError
        If a file of images, or of labels, holds something else.
    IdxError
        As `idxfast.containers.archives.load_member` raises it.
    """
    array = archives.load_member(path, member(name))
    check_type(array, content_of(name), f"{path}: {member(name)}")
    return array


def content_of(name: str) -> Content:
    """Whether a file of this name should hold images or labels."""
    return "images" if f"images-idx{NDIM['images']}" in name else "labels"


def download_archive(path: str) -> None:
    """Download the zip file to a path, in place of any other file there."""
    # Every split is in it.
    download_file("emnist-digits", archive_name(), path)


def _archive() -> Archive:
    from ...datasets import catalogue

    return catalogue.archives()["emnist"]
