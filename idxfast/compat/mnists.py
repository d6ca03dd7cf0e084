"""In place of mnists: ``from idxfast.compat.mnists import MNIST``, or another of its sets.

What differs:

- A folder that holds the files is used as it is: damage shows by gzip's checksums and the files'
  own sizes, not by MD5, so a re-packed or unpacked copy loads. `idxfast.datasets.fetch`, which
  downloads what is not there, checks what it gets.
- `read_idx_file` gives numbers of more than one byte their right values: the original takes them
  for the machine's own byte order. Arrays are writable.
- EMNIST is read straight out of its zip file; nothing is unpacked into the folder. Files that stand
  there already are taken.
- `K49` is not downloaded: its .npz files have to be there.
- Whatever is wrong with a file is an `idxfast.IdxError`. Files that are not there, and are not to
  be downloaded, are a RuntimeError.
"""

from __future__ import annotations

import os
import string
import tempfile
from typing import Any, ClassVar

import numpy as np

from . import files
from .classes import DIGITS, FASHION, KUZUSHIJI, KUZUSHIJI_49, MERGED
from .files import Array

_PARTS = ("train_images", "train_labels", "test_images", "test_labels")


def read_idx_file(filepath: str) -> Array:
    """Read an IDX file, raw or gzip."""
    return files.load(filepath)


class _Dataset:
    """Four arrays out of the files of a folder.

    Parameters
    ----------
    target_dir : str, optional
        The folder; by default one for this set in the system's folder for temporary files.
    download : bool
        Download what is not there.
    force_download : bool
        Have the download look at every file, even if all are there.
    load : bool
        Load at once.
    """

    classes: ClassVar[list[str]]
    _name: ClassVar[str]
    _files: tuple[str, ...] = files.TRAIN + files.TEST

    def __init__(
        self,
        target_dir: str | None = None,
        download: bool = True,
        force_download: bool = False,
        load: bool = True,
    ) -> None:
        default = os.path.join(tempfile.gettempdir(), "mnists", type(self).__name__)
        self.target_dir = default if target_dir is None else target_dir
        self._arrays: dict[str, Array] = {}
        if download or force_download:
            self.download(force_download)
        if load:
            self.load()

    def download(self, force: bool = False) -> None:
        """Download the files that are not there; `force` looks at the others, too."""
        if force:
            self.target_dir = files.download(self._name, self.target_dir)
        else:
            self.target_dir = files.find_or_fetch(self._name, self.target_dir, self._files)

    def load(self, transpose: bool = False) -> None:
        """Load the four files; `transpose` the images of a set that is stored so."""
        self._arrays = {
            part: self._read(name) for part, name in zip(_PARTS, self._files, strict=True)
        }
        for kind in ("train", "test"):
            images = self._arrays[f"{kind}_images"]
            labels = self._arrays[f"{kind}_labels"]
            files.check_counts(images, labels, os.path.join(self.target_dir, f"{kind} labels"))
            if transpose:
                self._arrays[f"{kind}_images"] = images.swapaxes(-2, -1)

    def train_images(self) -> Array:
        """The training images: uint8, (n, 28, 28)."""
        return self._array("train_images")

    def train_labels(self) -> Array:
        """Their labels: uint8, (n,)."""
        return self._array("train_labels")

    def test_images(self) -> Array:
        """The test images: uint8, (n, 28, 28)."""
        return self._array("test_images")

    def test_labels(self) -> Array:
        """Their labels: uint8, (n,)."""
        return self._array("test_labels")

    def _array(self, part: str) -> Array:
        if not self._arrays:
            raise RuntimeError("nothing is loaded: call load(), or make the object with load=True")
        return self._arrays[part]

    def _read(self, name: str) -> Array:
        path = files.path_of(self.target_dir, name)
        if path is None:
            raise RuntimeError(f"{self.target_dir} has no {name}: use download=True")
        return read_idx_file(path)


class MNIST(_Dataset):
    """MNIST; see `_Dataset` for what is common to all."""

    _name = "mnist"
    classes = DIGITS


class FashionMNIST(_Dataset):
    """Fashion-MNIST."""

    _name = "fashion-mnist"
    classes = FASHION


class KMNIST(_Dataset):
    """Kuzushiji-MNIST."""

    _name = "kmnist"
    classes = KUZUSHIJI


class K49(_Dataset):
    """Kuzushiji-49, which is published as .npz files, not as IDX, and is not downloaded."""

    _files = (
        "k49-train-imgs.npz",
        "k49-train-labels.npz",
        "k49-test-imgs.npz",
        "k49-test-labels.npz",
    )
    classes = KUZUSHIJI_49

    def download(self, force: bool = False) -> None:
        """Do nothing: these files have to be there."""

    def _read(self, name: str) -> Array:
        path = os.path.join(self.target_dir, name)
        if not os.path.isfile(path):
            raise RuntimeError(f"{self.target_dir} has no {name}")
        with np.load(path) as archive:
            array: Array = archive["arr_0"]
        return array


FMNIST = FashionMNIST
KuzushijiMNIST = KMNIST
Kuzushiji49 = K49


class _Split(_Dataset):
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
        default = os.path.join(os.path.dirname(self.zip_filepath), name)
        super().__init__(default if target_dir is None else target_dir, False, False, False)
        self._unzip = unzip or force_unzip
        if load:
            self.load(transpose)

    def _read(self, name: str) -> Array:
        if self._unzip and files.path_of(self.target_dir, name) is None:
            if not os.path.isfile(self.zip_filepath):
                raise RuntimeError(f"there is no {self.zip_filepath}: use EMNIST(download=True)")
            return files.load_member(self.zip_filepath, f"gzip/{name}.gz")
        return super()._read(name)


class EMNIST:
    """EMNIST, a zip file of several data sets.

    Parameters
    ----------
    target_dir, download, force_download
        As for the other sets.

    Attributes
    ----------
    Balanced, ByClass, ByMerge, Digits, Letters : class
        The data sets, to be called: ``EMNIST().Letters()``. Letters' labels are from 0 to 25.
    """

    def __init__(
        self, target_dir: str | None = None, download: bool = True, force_download: bool = False
    ) -> None:
        default = os.path.join(tempfile.gettempdir(), "mnists", "EMNIST")
        self.target_dir = default if target_dir is None else target_dir
        self._archive = os.path.join(self.target_dir, files.EMNIST)
        if force_download or (download and not os.path.isfile(self._archive)):
            self.download(force_download)
        digits, upper = list(string.digits), list(string.ascii_uppercase)
        both = [f"{c} - {c.lower()}" if c.lower() in MERGED else c for c in upper]
        merged = [*digits, *both, *"abdefghnqrt"]
        self.Balanced = self._split("Balanced", merged)
        self.ByClass = self._split("ByClass", [*digits, *upper, *string.ascii_lowercase])
        self.ByMerge = self._split("ByMerge", merged)
        self.Digits = self._split("Digits", digits)
        self.Letters = self._split("Letters", list(string.ascii_lowercase), _LetterLabels)

    def download(self, force: bool = False) -> None:
        """Download the zip file."""
        self._archive = files.download_emnist(self.target_dir)

    def _split(self, name: str, classes: list[str], *bases: type) -> Any:
        return type(name, (*bases, _Split), {"classes": classes, "_archive": self._archive})


class _LetterLabels(_Split):
    """EMNIST stores the labels of its letters as 1 to 26."""

    def train_labels(self) -> Array:
        return super().train_labels() - 1

    def test_labels(self) -> Array:
        return super().test_labels() - 1
