"""The published data sets that idxfast knows, as catalogue.toml lists them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..format import Header

__all__ = ["Archive", "Dataset", "File", "archives", "datasets", "find"]

# What a packer may add to content that it cannot compress: DEFLATE adds 5 bytes to 65,535, xz
# less. The constant number of bytes is for the names in a gzip header.
_PACKING_RATIO = 1000
_PACKING_BYTES = 64 << 10

# Names that other libraries give to sets, without separators and in lower case.
_OTHER_NAMES = {"kuzushijimnist": "kmnist", "fmnist": "fashionmnist"}


@dataclass(frozen=True)
class File:
    """A file as published.

    Attributes
    ----------
    name : str
    header : Header or None
        Type and shape of its array. None for an archive, whose size is known.
    size : int or None
        Size of the file in bytes.
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
        """The most bytes that a mirror may send.

        If only the published file will do, this is its size. Otherwise it is what the content
        takes when it is packed badly.
        """
        if self.size is not None and self.raw is None:
            return self.size
        assert self.header is not None
        content = self.header.offset + self.header.nbytes
        return content + content // _PACKING_RATIO + _PACKING_BYTES


@dataclass(frozen=True)
class Archive:
    """A zip archive that holds the files of several sets.

    Attributes
    ----------
    name : str
    file : File
        The archive itself.
    mirrors : tuple of str
        As of `Dataset`.
    folder : str
        The folder in the archive where the files are.
    names : str
        The name of each file there, with ``{split}``, ``{kind}`` (train or test) and ``{content}``
        (images-idx3 or labels-idx1) to be filled in.
    """

    name: str
    file: File
    mirrors: tuple[str, ...]
    folder: str
    names: str

    @property
    def files(self) -> tuple[File, ...]:
        """The archive itself, because its mirrors have this one file."""
        return (self.file,)

    def member(self, filename: str) -> str:
        """The path of a file in the archive."""
        return f"{self.folder}/{filename}"


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes
    ----------
    name, title, classes, licence, citation
        As `idxfast.datasets.info` gives them.
    files : tuple of File
    mirrors : tuple of str
        Addresses of folders, to which the name of a file is appended. Empty if the files are in an
        archive, which has mirrors of its own.
    archive : Archive or None
    """

    name: str
    title: str
    files: tuple[File, ...]
    mirrors: tuple[str, ...]
    archive: Archive | None
    classes: Mapping[int, str]
    licence: str | None
    citation: str | None = None


@functools.cache
def datasets() -> dict[str, Dataset]:
    """All data sets, by name."""
    return {name: _dataset(name, entry) for name, entry in _table()["sets"].items()}


@functools.cache
def archives() -> dict[str, Archive]:
    """All archives, by name."""
    return {name: _archive(name, entry) for name, entry in _table()["archives"].items()}


def find(name: str, split: str | None = None) -> Dataset:
    """The data set with this name.

    Parameters
    ----------
    name : str
        As in the catalogue, or as Keras, torchvision and others write it: case, dashes, underscores
        and other separators do not matter (``"fashion_mnist"``, ``"FashionMNIST"``).
    split : str, optional
        Which of several sets of that name, such as ``"letters"`` of ``"emnist"``.

    Raises
    ------
    ValueError
        If there is none.
    """
    spelling = _letters(name)
    spelling = _OTHER_NAMES.get(spelling, spelling) + _letters(split or "")
    for known, dataset in datasets().items():
        is_whole = not split or _letters(known.rpartition("-")[2]) == _letters(split)
        if is_whole and _letters(known) == spelling:
            return dataset
    asked = repr(name) if split is None else f"{name!r} with the split {split!r}"
    splits = [known for known in datasets() if known.partition("-")[0] == spelling]
    if len(splits) > 1 and split is None:
        raise ValueError(f"{asked} has several splits: {', '.join(splits)}")
    raise ValueError(f"there is no data set {asked}; there are: {', '.join(datasets())}")


@functools.cache
def _table() -> dict[str, Any]:
    # Its import takes 10 ms, and loaders import this module without reading the catalogue.
    import tomllib

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _archive(name: str, entry: dict[str, Any]) -> Archive:
    file = File(entry["name"], size=entry["size"], packed=entry["packed"])
    return Archive(name, file, tuple(entry["mirrors"]), entry["folder"], entry["names"])


def _dataset(name: str, entry: dict[str, Any]) -> Dataset:
    archive = archives()[entry["archive"]] if "archive" in entry else None
    return Dataset(
        name=name,
        title=entry["title"],
        files=tuple(_file(key, of, entry, archive) for key, of in entry["files"].items()),
        mirrors=tuple(entry.get("mirrors", ())),
        archive=archive,
        classes=dict(enumerate(entry["classes"], entry.get("first_label", 0))),
        licence=entry.get("licence"),
        citation=entry.get("citation"),
    )


def _file(
    key: str, entry: dict[str, Any], dataset: dict[str, Any], archive: Archive | None
) -> File:
    name = key
    if archive is not None:
        kind, _, content = key.partition("-")
        name = archive.names.format(split=dataset["split"], kind=kind, content=content)
    dtype = np.dtype(entry.get("dtype", "uint8")).newbyteorder(">")
    header = Header(dtype, tuple(entry["shape"]))
    return File(name, header, entry.get("size"), entry.get("packed"), entry.get("raw"))


def _letters(name: str) -> str:
    """A name without separators, in lower case."""
    return "".join(character for character in name.lower() if character.isalnum())
