"""The published data sets that idxfast knows, as catalogue.toml lists them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..format import Header

# What a packer may add to content that it cannot compress: DEFLATE 5 bytes in 65,535, xz less; and
# the names that gzip headers hold.
_PACKING_RATIO = 1000
_PACKING_BYTES = 64 << 10


@dataclass(frozen=True)
class File:
    """A file as published.

    Attributes
    ----------
    name : str
    header : Header or None
        Type and shape of its array; None for an archive, the size of which is known.
    size : int or None
        Bytes of the file.
    packed, raw : str or None
        Hashes, like ``"sha256:440f..."``, of the file and of its unpacked content.
    """

    name: str
    header: Header | None = None
    size: int | None = None
    packed: str | None = None
    raw: str | None = None

    @property
    def limit(self) -> int:
        """The most bytes that a mirror can have to send.

        That is its size, if the file has to be the published one; otherwise what its content
        takes when it is packed badly.
        """
        if self.size is not None and self.raw is None:
            return self.size
        assert self.header is not None
        content = self.header.offset + self.header.nbytes
        return content + content // _PACKING_RATIO + _PACKING_BYTES


@dataclass(frozen=True)
class Archive:
    """A zip archive that holds the files of several sets, in its folder ``gzip``."""

    name: str
    file: File
    mirrors: tuple[str, ...]

    @property
    def files(self) -> tuple[File, ...]:
        """The archive itself: what its mirrors have, as a set's mirrors have its files."""
        return (self.file,)


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes
    ----------
    name : str
        What `idxfast.datasets.fetch` and `idxfast.datasets.load` call it.
    title : str
        One line about it.
    files : tuple of File
    mirrors : tuple of str
        Where its files are, each to be completed with a file's name. None if they are in an
        archive, which has its own.
    archive : Archive or None
    classes : mapping of int to str
        The name of the class for each label.
    licence : str or None
        None where the publisher states none.
    """

    name: str
    title: str
    files: tuple[File, ...]
    mirrors: tuple[str, ...]
    archive: Archive | None
    classes: Mapping[int, str]
    licence: str | None


@functools.cache
def datasets() -> dict[str, Dataset]:
    """All of them, by name."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    archives = {name: _archive(name, entry) for name, entry in table["archives"].items()}
    return {name: _dataset(name, entry, archives) for name, entry in table["sets"].items()}


def find(name: str) -> Dataset:
    """The data set of a name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in datasets():
        raise ValueError(f"there is no data set {name!r}; there are: {', '.join(datasets())}")
    return datasets()[name]


def _archive(name: str, entry: dict[str, Any]) -> Archive:
    file = File(entry["name"], size=entry["size"], packed=entry["packed"])
    return Archive(name, file, tuple(entry["mirrors"]))


def _dataset(name: str, entry: dict[str, Any], archives: dict[str, Archive]) -> Dataset:
    return Dataset(
        name=name,
        title=entry["title"],
        files=tuple(_file(*item) for item in entry["files"].items()),
        mirrors=tuple(entry.get("mirrors", ())),
        archive=archives[entry["archive"]] if "archive" in entry else None,
        classes=dict(enumerate(entry["classes"], entry.get("first_label", 0))),
        licence=entry.get("licence"),
    )


def _file(name: str, entry: dict[str, Any]) -> File:
    dtype = np.dtype(entry.get("dtype", "uint8")).newbyteorder(">")
    header = Header(dtype, tuple(entry["shape"]))
    return File(name, header, entry.get("size"), entry.get("packed"), entry.get("raw"))
