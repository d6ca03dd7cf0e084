"""The sets of four files."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...datasets.folder import check_counts
from ...errors import FetchError, IdxError, printable
from ...reading.loading import load
from ...storage.content import FileContent
from .._shared import downloads, files
from .._shared.classes import DIGITS, FASHION, KUZUSHIJI, KUZUSHIJI_49
from .._shared.files import Array
from .._shared.folders import make_private

if TYPE_CHECKING:
    from ...datasets.catalogue import File

# The most bytes of a file of K49: more than its largest has unpacked.
_K49_LIMIT = 192 << 20
_PARTS = ("train_images", "train_labels", "test_images", "test_labels")


def default_folder(name: str) -> str:
    """The folder for a data set if the caller names none, where nobody else may write.

    Raises
    ------
    PermissionError
        If it, or the one around it, is there and is another user's, or open to others.
    """
    around = os.path.join(tempfile.gettempdir(), "mnists")
    folder = os.path.join(around, name)
    make_private(around)
    make_private(folder)
    return folder


def read_idx_file(filepath: str) -> Array:
    """Read an IDX file, raw or gzip."""
    return files.load(filepath)


class Dataset:
    """Four arrays out of the files of a folder.

    Parameters
    ----------
    target_dir : str, optional
        The folder; by default one for this set in the system's folder for temporary files, which
        has to be this user's alone (PermissionError).
    download : bool
        Download what is not there, and, into the default folder, what is not the published file.
    force_download : bool
        Download what is not there or not the published file into any folder.
    load : bool
        Load at once.
    """

    classes: ClassVar[list[str]]
    _name: ClassVar[str]
    _files: tuple[str, ...] = tuple(f"{name}.gz" for name in files.TRAIN + files.TEST)

    def __init__(
        self,
        target_dir: str | None = None,
        download: bool = True,
        force_download: bool = False,
        load: bool = True,
    ) -> None:
        self.target_dir = default_folder(type(self).__name__) if target_dir is None else target_dir
        self._arrays: dict[str, Array] = {}
        if download or force_download:
            self.download(force_download or target_dir is None)
        if load:
            self.load()

    def download(self, force: bool = False) -> None:
        """Download the files that are not there; `force` replaces those that are other ones."""
        if not force:
            downloads.download(self._name, self.target_dir)
            return
        for name in self._files:
            downloads.download_file(self._name, name, os.path.join(self.target_dir, name))

    def load(self, transpose: bool = False) -> None:
        """Load the four files; `transpose` the images of a set that is stored so."""
        self._arrays = {
            part: self._read(name) for part, name in zip(_PARTS, self._files, strict=True)
        }
        for kind in ("train", "test"):
            images = self._arrays[f"{kind}_images"]
            labels = self._arrays[f"{kind}_labels"]
            check_counts(images, labels, os.path.join(self.target_dir, f"{kind} labels"))
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
        path = os.path.join(self.target_dir, name)
        if not os.path.isfile(path):
            raise RuntimeError(f"{printable(self.target_dir)} has no {name}: use download=True")
        file = downloads.published(self._name, name)
        # What is decoded are the very bytes that are verified.
        content = FileContent(path, file.limit)
        array = load(content, max_bytes=None if file.header is None else file.header.nbytes)
        _check(self._name, file, content)
        return array


def _check(dataset: str, file: File, content: FileContent) -> None:
    """Refuse a whole IDX file that is not the published one: all sets have files of these names."""
    from ...datasets import verifying

    try:
        verifying.verify(content, file, content.name)
    except FetchError as error:
        raise IdxError(
            f"not the file of {dataset}",
            filename=content.name,
            offset=0,
            expected=file.packed,
            found=getattr(error, "found", "another packing"),
        ) from error


class MNIST(Dataset):
    """MNIST; see `Dataset` for what is common to all."""

    _name = "mnist"
    classes = DIGITS


class FashionMNIST(Dataset):
    """Fashion-MNIST."""

    _name = "fashion-mnist"
    classes = FASHION


class KMNIST(Dataset):
    """Kuzushiji-MNIST."""

    _name = "kmnist"
    classes = KUZUSHIJI


class K49(Dataset):
    """Kuzushiji-49, which is published as .npz files, not as IDX, and is not downloaded."""

    # With the MD5 that the original has of them; there is no other published hash.
    _md5: ClassVar = {
        "k49-train-imgs.npz": "7ac088b20481cf51dcd01ceaab89d821",
        "k49-train-labels.npz": "44a8e1b893f81e63ff38d73cad420f7a",
        "k49-test-imgs.npz": "d352e201d846ce6b94f42c990966f374",
        "k49-test-labels.npz": "4da6f7a62e67a832d5eb1bd85c5ee448",
    }
    _files = tuple(_md5)
    classes = KUZUSHIJI_49

    def download(self, force: bool = False) -> None:
        """Do nothing: these files have to be there."""

    def load(self, transpose: bool = False) -> None:
        """Load the four files; `transpose` does nothing, as in the original."""
        super().load()

    def _read(self, name: str) -> Array:
        path = os.path.join(self.target_dir, name)
        if not os.path.isfile(path):
            raise RuntimeError(f"{printable(self.target_dir)} has no {name}")
        from ...datasets import verifying

        # What is decoded are the very bytes that are verified.
        content = FileContent(path, _K49_LIMIT)
        expected, found = f"md5:{self._md5[name]}", verifying.hash_file(content, "md5")
        if found != expected:
            raise IdxError(
                "not the file of Kuzushiji-49",
                filename=path,
                offset=0,
                expected=expected,
                found=found,
            )
        content.seek(0)
        with np.load(content) as archive:
            array: Array = archive["arr_0"]
        return array


FMNIST = FashionMNIST
KuzushijiMNIST = KMNIST
Kuzushiji49 = K49
