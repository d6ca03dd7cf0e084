"""What all data sets have in common: a folder, a download, and four arrays."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, ClassVar

from ...datasets.fitting import check_counts
from ...errors import FetchError, IdxError, printable
from ...reading.loading import load
from ...storage.snapshot import Snapshot
from .._shared import downloads, four_files
from .._shared.files import Array
from .._shared.ownership import make_private

if TYPE_CHECKING:
    from ...datasets.catalogue import File

_PARTS = ("train_images", "train_labels", "test_images", "test_labels")


def default_folder(name: str) -> str:
    """The folder for a data set if the caller names none, where nobody else may write.

    Raises
    ------
    PermissionError
        If it, or the folder around it, is another user's or open to others for writing.
    """
    around = os.path.join(tempfile.gettempdir(), "mnists")
    folder = os.path.join(around, name)
    make_private(around)
    make_private(folder)
    return folder


class Dataset:
    """Four arrays from the files of a folder.

    Parameters
    ----------
    target_dir : str, optional
        The folder. By default one for this set in the system's folder for temporary files, which
        has to be this user's alone (PermissionError).
    download : bool
        Download missing files and, in the default folder, replace files that are not the published
        ones.
    force_download : bool
        Download missing files, and replace files that are not the published ones, in any folder.
    load : bool
        Load the files at once.
    verbose : bool
        Show a progress bar, on a terminal, for each download.
    """

    classes: ClassVar[list[str]]
    _name: ClassVar[str]
    _files: tuple[str, ...] = tuple(f"{name}.gz" for name in four_files.TRAIN + four_files.TEST)

    def __init__(
        self,
        target_dir: str | None = None,
        download: bool = True,
        force_download: bool = False,
        load: bool = True,
        verbose: bool = True,
    ) -> None:
        self.target_dir = default_folder(type(self).__name__) if target_dir is None else target_dir
        self._arrays: dict[str, Array] = {}
        if download or force_download:
            self.download(force_download or target_dir is None, verbose)
        if load:
            self.load()

    def download(self, force: bool = False, verbose: bool = True) -> None:
        """Download missing files. With `force`, replace files that are not the published ones."""
        with downloads.progress(verbose):
            if not force:
                downloads.download(self._name, self.target_dir)
                return
            for name in self._files:
                downloads.download_file(self._name, name, os.path.join(self.target_dir, name))

    def load(self, transpose: bool = False) -> None:
        """Load the four files. `transpose` is for sets whose images are stored transposed."""
        self._arrays = {
            part: self._read(name) for part, name in zip(_PARTS, self._files, strict=True)
        }
        for kind in ("train", "test"):
            images = self._arrays[f"{kind}_images"]
            labels = self._arrays[f"{kind}_labels"]
            check_counts(
                images.shape, labels.shape, os.path.join(self.target_dir, f"{kind} labels")
            )
            if transpose:
                self._arrays[f"{kind}_images"] = images.swapaxes(-2, -1)

    def train_images(self) -> Array:
        """The training images: uint8, (n, 28, 28)."""
        return self._array("train_images")

    def train_labels(self) -> Array:
        """The labels of the training images: uint8, (n,)."""
        return self._array("train_labels")

    def test_images(self) -> Array:
        """The test images: uint8, (n, 28, 28)."""
        return self._array("test_images")

    def test_labels(self) -> Array:
        """The labels of the test images: uint8, (n,)."""
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
        assert file.header is not None
        # The bytes that are decoded are the ones that are verified.
        content = Snapshot(path, file.limit)
        array = load(content, max_bytes=file.header.nbytes)
        _check(self._name, file, content)
        return array


def _check(dataset: str, file: File, content: Snapshot) -> None:
    """Refuse a whole IDX file that is not the published one: all sets use the same file names."""
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
