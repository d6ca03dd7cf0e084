"""EMNIST: several sets in one zip file."""

from __future__ import annotations

import os
import string
from typing import Any, ClassVar

from ...containers import archives
from ...errors import printable
from .._shared import downloads, files
from .._shared.classes import MERGED
from .._shared.files import Array
from .sets import Dataset, default_folder, read_idx_file

_DIGITS = list(string.digits)
_UPPER = list(string.ascii_uppercase)
_LOWER = list(string.ascii_lowercase)
_BOTH = [f"{c} - {c.lower()}" if c.lower() in MERGED else c for c in _UPPER]


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
        self._files = tuple(
            f"emnist-{name.lower()}-{kind}-{content}-ubyte"
            for kind in ("train", "test")
            for content in ("images-idx3", "labels-idx1")
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
        # pickle finds no class that is made here, but it finds the class that this is made of.
        pickled = {"__reduce__": lambda split: (object.__new__, (cls,), split.__dict__)}
        return type(cls.__name__, (cls,), {"_archive": archive, **pickled})

    def _read(self, name: str) -> Array:
        path = files.path_of(self.target_dir, name)
        if path is not None:
            return read_idx_file(path)
        if not self._unzip:
            raise RuntimeError(f"{printable(self.target_dir)} has no {name}: use unzip=True")
        if not os.path.isfile(self.zip_filepath):
            raise RuntimeError(
                f"there is no {printable(self.zip_filepath)}: use EMNIST(download=True)"
            )
        return archives.load_member(self.zip_filepath, f"gzip/{name}.gz")


class Balanced(_Split):
    """47 classes, as many images of each."""

    classes: ClassVar = [*_DIGITS, *_BOTH, *"abdefghnqrt"]


class ByClass(_Split):
    """All 62 classes."""

    classes: ClassVar = [*_DIGITS, *_UPPER, *_LOWER]


class ByMerge(_Split):
    """47 classes: both cases of some letters are one."""

    classes = Balanced.classes


class Digits(_Split):
    """Digits, as many images of each."""

    classes = _DIGITS


class Letters(_Split):
    """Letters, both cases together. EMNIST stores their labels as 1 to 26."""

    classes = _LOWER

    def train_labels(self) -> Array:
        return super().train_labels() - 1

    def test_labels(self) -> Array:
        return super().test_labels() - 1


class EMNIST:
    """EMNIST, a zip file of several data sets.

    Parameters
    ----------
    target_dir : str, optional
        The folder; by default one in the system's folder for temporary files.
    download : bool
        Download the zip file if it is not there.
    force_download : bool
        Download it if it is not there or not the published one.

    Attributes
    ----------
    Balanced, ByClass, ByMerge, Digits, Letters : class
        The data sets, to be called: ``EMNIST().Letters()``. Letters' labels are from 0 to 25.
    """

    def __init__(
        self, target_dir: str | None = None, download: bool = True, force_download: bool = False
    ) -> None:
        self.target_dir = default_folder("EMNIST") if target_dir is None else target_dir
        self._archive = os.path.join(self.target_dir, archives.EMNIST)
        if download or force_download:
            self.download(force_download)
        self.Balanced = Balanced.of(self._archive)
        self.ByClass = ByClass.of(self._archive)
        self.ByMerge = ByMerge.of(self._archive)
        self.Digits = Digits.of(self._archive)
        self.Letters = Letters.of(self._archive)

    def download(self, force: bool = False) -> None:
        """Download the zip file if it is not there; `force` replaces one that is another."""
        if force or not os.path.isfile(self._archive):
            downloads.download_emnist(self._archive)
