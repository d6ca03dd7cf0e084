"""EMNIST: several data sets in one zip file."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ...errors import printable
from .._shared import downloads, emnist_archive, four_files
from .._shared.classes import made_when_asked, names
from .._shared.files import Array, Content, load_typed
from .dataset import Dataset, default_folder


class _Split(Dataset):
    """One of the data sets of EMNIST, upright unless ``transpose=False``."""

    _archive: ClassVar[str]

    def __init__(
        self,
        target_dir: str | None = None,
        zip_filepath: str | None = None,
        unzip: bool = True,
        force_unzip: bool = False,
        load: bool = True,
        transpose: bool = True,
    ) -> None:
        name = type(self).__name__
        contents: tuple[Content, ...] = ("images", "labels")
        self._files = tuple(
            emnist_archive.file_name(name.lower(), kind, content)
            for kind in ("train", "test")
            for content in contents
        )
        self.zip_filepath = self._archive if zip_filepath is None else zip_filepath
        default = os.path.join(os.path.dirname(self._archive), name)
        super().__init__(default if target_dir is None else target_dir, False, False, False)
        self._unzip = unzip or force_unzip
        if load:
            self.load(transpose)

    @classmethod
    def of(cls, archive: str) -> Any:
        """This class for one zip file."""
        # pickle cannot find a class that is made here, but it finds the class it is derived from.
        pickled = {"__reduce__": lambda split: (object.__new__, (cls,), split.__dict__)}
        return type(cls.__name__, (cls,), {"_archive": archive, **pickled})

    def _read(self, name: str) -> Array:
        path = four_files.path_of(self.target_dir, name)
        if path is not None:
            return load_typed(path, emnist_archive.content_of(name))
        if not self._unzip:
            raise RuntimeError(f"{printable(self.target_dir)} has no {name}: use unzip=True")
        if not os.path.isfile(self.zip_filepath):
            raise RuntimeError(
                f"there is no {printable(self.zip_filepath)}: use EMNIST(download=True)"
            )
        return emnist_archive.load(self.zip_filepath, name)


def _merged() -> list[str]:
    """47 classes. A letter whose cases are one class is shown in both, like ``"C - c"``."""
    characters = names("emnist-balanced")
    return [
        f"{c} - {c.lower()}" if c.isupper() and c.lower() not in characters else c
        for c in characters
    ]


class Balanced(_Split):
    """47 classes, with the same number of images in each."""

    classes = made_when_asked(_merged)


class ByClass(_Split):
    """All 62 classes."""

    classes = made_when_asked(lambda: names("emnist-byclass"))


class ByMerge(_Split):
    """47 classes: some letters have one class for both cases."""

    classes = made_when_asked(lambda: Balanced.classes)


class Digits(_Split):
    """Digits, with the same number of images in each class."""

    classes = made_when_asked(lambda: names("emnist-digits"))


class Letters(_Split):
    """Letters, both cases together. EMNIST stores their labels as 1 to 26."""

    classes = made_when_asked(lambda: names("emnist-letters"))

    def train_labels(self) -> Array:
        return super().train_labels() - 1

    def test_labels(self) -> Array:
        return super().test_labels() - 1


class EMNIST:
    """EMNIST, a zip file of several data sets.

    Parameters
    ----------
    target_dir : str, optional
        The folder. By default one in the system's folder for temporary files.
    download : bool
        Download the zip file if it is missing.
    force_download : bool
        Download it if it is missing or not the published one.
    verbose : bool
        Show a progress bar, on a terminal, for the download.

    Attributes
    ----------
    Balanced, ByClass, ByMerge, Digits, Letters : class
        The data sets, to be called: ``EMNIST().Letters()``. The labels of Letters are 0 to 25.
    """

    def __init__(
        self,
        target_dir: str | None = None,
        download: bool = True,
        force_download: bool = False,
        verbose: bool = True,
    ) -> None:
        self.target_dir = default_folder("EMNIST") if target_dir is None else target_dir
        self._archive = os.path.join(self.target_dir, emnist_archive.archive_name())
        if download or force_download:
            self.download(force_download, verbose)
        self.Balanced = Balanced.of(self._archive)
        self.ByClass = ByClass.of(self._archive)
        self.ByMerge = ByMerge.of(self._archive)
        self.Digits = Digits.of(self._archive)
        self.Letters = Letters.of(self._archive)

    def download(self, force: bool = False, verbose: bool = True) -> None:
        """Download the zip file if it is missing or, with `force`, not the published one."""
        if force or not os.path.isfile(self._archive):
            with downloads.progress(verbose):
                emnist_archive.download_archive(self._archive)
