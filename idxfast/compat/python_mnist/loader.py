"""The class that loads MNIST, or a set like it."""

from __future__ import annotations

import gzip
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from ...errors import IdxError
from .._shared import emnist_archive, four_files
from .._shared.files import Array, Pair, flat, load_pair
from .pixels import draw, to_lists, widen

_MODES = ("vanilla", "randomly_binarized", "rounded_binarized")
_RETURN_TYPES = ("lists", "numpy")


class MNISTException(Exception):
    """Nothing raises it. It is here for scripts that name it."""


class MNIST:
    """MNIST, or a set like it, in a folder.

    Parameters
    ----------
    path : str
    mode : {"vanilla", "randomly_binarized", "rounded_binarized"}
        What a pixel becomes: its value from 0 to 255; 1 with a probability of value / 255, else 0;
        or 1 if its value is over 127, else 0.
    return_type : {"lists", "numpy"}
        Images as lists of int, and labels as ``array("B")``; or both as ndarrays, images int64 of
        shape (n, pixels) and labels uint8 of shape (n,).
    gz : bool
        Add .gz to the names of the files.

    Attributes
    ----------
    train_images, train_labels, test_images, test_labels
        What was loaded last.
    train_img_fname, train_lbl_fname, test_img_fname, test_lbl_fname : str
        Names of the files.
    emnistRotate : bool
        Whether images are stored transposed, as those of EMNIST are.
    """

    def __init__(
        self,
        path: str = ".",
        mode: str = "vanilla",
        return_type: str = "lists",
        gz: bool = False,
    ) -> None:
        assert mode in _MODES, f"selected mode '{mode}' not in {_MODES}"
        assert return_type in _RETURN_TYPES, (
            f"selected return_type '{return_type}' not in {_RETURN_TYPES}"
        )
        self.path = path
        self._mode = mode
        self._return_type = return_type
        self.gz = gz
        self.emnistRotate = False
        self.test_img_fname, self.test_lbl_fname = four_files.TEST
        self.train_img_fname, self.train_lbl_fname = four_files.TRAIN
        self.test_images: Any = []
        self.test_labels: Any = []
        self.train_images: Any = []
        self.train_labels: Any = []

    @property
    def mode(self) -> str:
        """The mode, as given."""
        return self._mode

    @property
    def return_type(self) -> str:
        """The return type, as given."""
        return self._return_type

    def select_emnist(self, dataset: str = "digits") -> None:
        """Load a split of EMNIST: balanced, byclass, bymerge, digits, letters, or mnist."""
        self.gz = True
        self.emnistRotate = True
        self.test_img_fname = emnist_archive.file_name(dataset, "test", "images")
        self.test_lbl_fname = emnist_archive.file_name(dataset, "test", "labels")
        self.train_img_fname = emnist_archive.file_name(dataset, "train", "images")
        self.train_lbl_fname = emnist_archive.file_name(dataset, "train", "labels")

    def load_testing(self) -> tuple[Any, Any]:
        """Load the test images and labels."""
        pixels, labels = _load(self, "test")
        self.test_images = self.process_images(pixels)
        self.test_labels = self.process_labels(labels)
        return self.test_images, self.test_labels

    def load_training(self) -> tuple[Any, Any]:
        """Load the training images and labels."""
        pixels, labels = _load(self, "train")
        self.train_images = self.process_images(pixels)
        self.train_labels = self.process_labels(labels)
        return self.train_images, self.train_labels

    def load_training_in_batches(self, batch_size: int) -> Iterator[tuple[Any, Any]]:
        """Give the training images and labels in batches. The last batch may be smaller.

        Raises
        ------
        ValueError
            If the size is not an int, or is less than 1.
        """
        if type(batch_size) is not int or batch_size < 1:
            raise ValueError("batch_size must be a int number")
        pixels, labels = _load(self, "train")
        for start in range(0, len(labels), batch_size):
            stop = start + batch_size
            self.train_images = self.process_images(pixels[start:stop])
            self.train_labels = self.process_labels(labels[start:stop])
            yield self.train_images, self.train_labels

    def load(
        self, path_img: str, path_lbl: str, batch: list[int] | None = None
    ) -> tuple[list[list[int]], array[int]]:
        """Load images and labels as lists, whatever the return type and the mode.

        Parameters
        ----------
        path_img, path_lbl : str
            Without .gz.
        batch : list, optional
            The index of the first image, and the number of images to return.
        """
        if batch is not None and (type(batch) is not list or len(batch) != 2):
            raise ValueError("batch should be a 1-D list(start_point, batch_size)")
        pixels, labels = _read(self, path_img, path_lbl)
        if batch is not None:
            start, count = batch
            pixels, labels = pixels[start : start + count], labels[start : start + count]
        return to_lists(pixels), array("B", labels.tobytes())

    def process_images(self, images: Any) -> Any:
        """Convert images by the mode, to the return type."""
        if self.return_type == "numpy":
            return self.process_images_to_numpy(images)
        return self.process_images_to_lists(images)

    def process_labels(self, labels: Any) -> Any:
        """Convert labels to the return type."""
        if self.return_type == "numpy":
            return np.array(labels)
        return array("B", labels.tobytes()) if isinstance(labels, np.ndarray) else labels

    def process_images_to_numpy(self, images: Any) -> Array:
        """Convert images by the mode, to an array of int64."""
        if self.mode == "vanilla":
            return widen(np.asarray(images))
        return widen(_binarize(images, self.mode, np.random.random))

    def process_images_to_lists(self, images: Any) -> Any:
        """Convert images by the mode, to lists of int."""
        if self.mode == "vanilla":
            return to_lists(images) if isinstance(images, np.ndarray) else images
        return to_lists(_binarize(images, self.mode, draw).view(np.uint8))

    def opener(self, path_fn: str, *args: Any, **kwargs: Any) -> Any:
        """Open a file; with `gz`, the gzip file of that name and .gz."""
        if self.gz:
            return gzip.open(path_fn + ".gz", *args, **kwargs)
        return open(path_fn, *args, **kwargs)

    @classmethod
    def display(cls, img: Sequence[int], width: int = 28, threshold: int = 200) -> str:
        """Draw an image in characters."""
        marks = ["@" if pixel > threshold else "." for pixel in img]
        return "".join(
            "\n" + "".join(marks[start : start + width]) for start in range(0, len(marks), width)
        )


# The methods that loading calls. If a subclass or a script has replaced one of them, they receive
# lists, as in the original. Otherwise pixels and labels stay arrays until the end.
_METHODS = dict(vars(MNIST))
_STEPS = (
    "load",
    "process_images",
    "process_images_to_lists",
    "process_images_to_numpy",
    "process_labels",
)


# Functions, not methods: a patched instance of the original class has no methods of these names.
def _load(mnist: MNIST, what: Literal["train", "test"]) -> tuple[Any, Any]:
    """Load pixels and labels, as arrays unless a method has been replaced."""
    names = [getattr(mnist, f"{what}_{kind}_fname") for kind in ("img", "lbl")]
    path_img, path_lbl = (os.path.join(mnist.path, name) for name in names)
    if all(_is_ours(mnist, step) for step in _STEPS):
        if _is_ours(mnist, "opener"):
            suffix = ".gz" if mnist.gz else ""
            found = four_files.find_pair(mnist.path, (names[0], names[1]), (suffix,))
            if found is not None:
                return _flat(mnist, load_pair(*found), found[0])
        return _read(mnist, path_img, path_lbl)
    return mnist.load(path_img, path_lbl)


def _read(mnist: MNIST, path_img: str, path_lbl: str) -> tuple[Array, Array]:
    """Load pixels, uint8 (n, rows * cols), and labels."""
    suffix = ".gz" if mnist.gz else ""
    if _is_ours(mnist, "opener"):
        images, labels = load_pair(path_img + suffix, path_lbl + suffix)
    else:
        with mnist.opener(path_lbl, "rb") as labels, mnist.opener(path_img, "rb") as images:
            images, labels = load_pair(images, labels)
    return _flat(mnist, (images, labels), path_img + suffix)


def _flat(mnist: MNIST, pair: Pair, filename: str) -> Pair:
    """Images as rows of pixels, upright, and labels."""
    images, labels = pair
    if len(images) and not images.size:
        # A list would be made for each image that the header announces, however small the file.
        raise IdxError(
            "the images have no pixels",
            part="dimensions",
            filename=filename,
            offset=8,
            expected="rows and columns",
            found="{} x {}".format(*images.shape[1:]),
        )
    return flat(images.transpose(0, 2, 1) if mnist.emnistRotate else images), labels


def _binarize(images: Any, mode: str, random: Callable[[tuple[int, ...]], Array]) -> Array:
    """Pixels as bool. `random` returns an array of numbers from 0 to 1 for the random mode."""
    pixels = np.asarray(images)
    return random(pixels.shape) <= pixels / 255 if mode == "randomly_binarized" else pixels > 127


def _is_ours(mnist: MNIST, name: str) -> bool:
    """Whether a method is the one above, and neither a subclass's nor a script's."""
    return getattr(getattr(mnist, name), "__func__", None) is _METHODS[name]
