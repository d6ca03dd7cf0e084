"""In place of python-mnist: ``from idxfast.compat.python_mnist import MNIST``.

What differs:

- `MNIST.load_training_in_batches` reads the files once, ends after the last image (the original
  gives one more batch, empty, when the batch size divides the number of images), and its last batch
  has as many images as labels.
- Images and labels that differ in number are errors, and so are a damaged file and images that have
  no pixels: a ValueError, `idxfast.IdxError`.
- ``return_type`` may be any string equal to "numpy"; the original wants the very same object.
- Files are recognised as gzip by their content; `gz` decides only on the name.
- `MNIST.process_images` takes arrays of pixels as well as lists, and leaves them as they were.
- `img_packer` and `label_packer` refuse what would make a damaged file: another magic number,
  pixels or labels outside 0 to 255, images of another size than they announce.
- ``from idxfast.compat.python_mnist import *`` works.
"""

from __future__ import annotations

import gzip
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import IdxError
from ._shared.files import Array, flat, load_pair
from ._shared.packers import img_packer, label_packer
from ._shared.pixels import draw, to_lists, widen

__all__ = ["MNIST", "MNISTException", "img_packer", "label_packer"]

_MODES = ("vanilla", "randomly_binarized", "rounded_binarized")
_RETURN_TYPES = ("lists", "numpy")


class MNISTException(Exception):
    """Kept for callers that name it; nothing raises it."""


class MNIST:
    """MNIST, or a set like it, in a folder.

    Parameters
    ----------
    path : str
    mode : {"vanilla", "randomly_binarized", "rounded_binarized"}
        Pixels from 0 to 255, or of 0 and 1: 1 as probable as a pixel is bright, or if it is
        brighter than half.
    return_type : {"lists", "numpy"}
        Images as lists of int with labels as ``array("B")``; or as arrays: images int64
        (n, pixels), labels uint8 (n,).
    gz : bool
        Whether .gz is added to the names of the files.

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
        self.test_img_fname = "t10k-images-idx3-ubyte"
        self.test_lbl_fname = "t10k-labels-idx1-ubyte"
        self.train_img_fname = "train-images-idx3-ubyte"
        self.train_lbl_fname = "train-labels-idx1-ubyte"
        self.test_images: Any = []
        self.test_labels: Any = []
        self.train_images: Any = []
        self.train_labels: Any = []

    @property
    def mode(self) -> str:
        """As given."""
        return self._mode

    @property
    def return_type(self) -> str:
        """As given."""
        return self._return_type

    def select_emnist(self, dataset: str = "digits") -> None:
        """Take a part of EMNIST: balanced, byclass, bymerge, digits, letters, or mnist."""
        self.gz = True
        self.emnistRotate = True
        self.test_img_fname = f"emnist-{dataset}-test-images-idx3-ubyte"
        self.test_lbl_fname = f"emnist-{dataset}-test-labels-idx1-ubyte"
        self.train_img_fname = f"emnist-{dataset}-train-images-idx3-ubyte"
        self.train_lbl_fname = f"emnist-{dataset}-train-labels-idx1-ubyte"

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
        """Give the training images and labels, some at a time; the last ones may be fewer.

        Raises
        ------
        ValueError
            If the size is not an int, or less than 1.
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
            The number of the first image, and how many to return.
        """
        if batch is not None and (type(batch) is not list or len(batch) != 2):
            raise ValueError("batch should be a 1-D list(start_point, batch_size)")
        pixels, labels = _read(self, path_img, path_lbl)
        if batch is not None:
            start, count = batch
            pixels, labels = pixels[start : start + count], labels[start : start + count]
        return to_lists(pixels), array("B", labels.tobytes())

    def process_images(self, images: Any) -> Any:
        """Give images the mode and the return type."""
        if self.return_type == "numpy":
            return self.process_images_to_numpy(images)
        return self.process_images_to_lists(images)

    def process_labels(self, labels: Any) -> Any:
        """Give labels the return type."""
        if self.return_type == "numpy":
            return np.array(labels)
        return array("B", labels.tobytes()) if isinstance(labels, np.ndarray) else labels

    def process_images_to_numpy(self, images: Any) -> Array:
        """Give images the mode, as an array of int64."""
        if self.mode == "vanilla":
            return widen(np.asarray(images))
        return widen(_binarize(images, self.mode, np.random.random))

    def process_images_to_lists(self, images: Any) -> Any:
        """Give images the mode, as lists of int."""
        if self.mode == "vanilla":
            return to_lists(images) if isinstance(images, np.ndarray) else images
        return to_lists(_binarize(images, self.mode, draw).view(np.uint8))

    def opener(self, path_fn: str, *args: Any, **kwargs: Any) -> Any:
        """Open a file, with .gz after its name if the files are gzip."""
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


# What is called in loading; where a method is another one, it gets what the original would give it.
_METHODS = dict(vars(MNIST))
_STEPS = (
    "load",
    "process_images",
    "process_images_to_lists",
    "process_images_to_numpy",
    "process_labels",
)


# Functions, not methods: an instance of the original class, patched, has no such methods.
def _load(mnist: MNIST, what: Literal["train", "test"]) -> tuple[Any, Any]:
    """Load pixels and labels, as arrays unless there are methods that expect what `load` gives."""
    names = [getattr(mnist, f"{what}_{kind}_fname") for kind in ("img", "lbl")]
    path_img, path_lbl = (os.path.join(mnist.path, name) for name in names)
    if all(_is_ours(mnist, step) for step in _STEPS):
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
    if len(images) and not images.size:
        # A list for each would be made on the word of the header alone.
        raise IdxError(
            "the images have no pixels",
            filename=path_img + suffix,
            offset=8,
            expected="rows and columns",
            found="{} x {}".format(*images.shape[1:]),
        )
    return flat(images.transpose(0, 2, 1) if mnist.emnistRotate else images), labels


def _binarize(images: Any, mode: str, random: Callable[[tuple[int, ...]], Array]) -> Array:
    """Pixels as bool; `random` gives numbers from 0 to 1 for those that are to be random."""
    pixels = np.asarray(images)
    return random(pixels.shape) <= pixels / 255 if mode == "randomly_binarized" else pixels > 127


def _is_ours(mnist: MNIST, name: str) -> bool:
    """Whether a method is the one above, not that of a subclass or of the script."""
    return getattr(getattr(mnist, name), "__func__", None) is _METHODS[name]
