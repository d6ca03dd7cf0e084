"""In place of python-mnist: ``from idxfast.compat.python_mnist import MNIST``.

What differs:

- `MNIST.load_training_in_batches` reads the files once, ends after the last image (the original
  gives one more batch, empty, when the batch size divides the number of images), and its last batch
  has as many images as labels.
- Images and labels that differ in number are errors, and so is a damaged file: a ValueError,
  `idxfast.IdxError`.
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
import random
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from .. import sink
from ..native.lists import rows
from ..threads import choose_threads
from ..workers import Workers
from ..writing import DEFAULT_LEVEL, dumps
from .files import Array, flat, load_pair

__all__ = ["MNIST", "MNISTException", "img_packer", "label_packer"]

_MODES = ("vanilla", "randomly_binarized", "rounded_binarized")
_RETURN_TYPES = ("lists", "numpy")

# How many images a thread converts at a time, and from how many bytes of pixels on several do it.
# 60,000 images took 15 ms on two threads, by 1,024 as by 8,192, and 23 ms in one call of astype.
_ROWS = 4096
_MIN_SIZE = 1 << 20


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
        return _lists(pixels), array("B", labels.tobytes())

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
        pixels = np.asarray(images)
        if self.mode == "randomly_binarized":
            pixels = np.random.random(pixels.shape) <= pixels / 255
        elif self.mode == "rounded_binarized":
            pixels = pixels > 127
        return _widened(pixels)

    def process_images_to_lists(self, images: Any) -> Any:
        """Give images the mode, as lists of int."""
        if self.mode == "vanilla":
            return _lists(images) if isinstance(images, np.ndarray) else images
        pixels = np.asarray(images)
        if self.mode == "randomly_binarized":
            ones = _draw(pixels.shape) <= pixels / 255
        else:
            ones = pixels > 127
        return _lists(ones.view(np.uint8))

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


def img_packer(
    path: str,
    filename: str,
    imgs: Any,
    gzip: bool = False,
    magic: int = 2051,
    rows: int = 28,
    cols: int = 28,
) -> None:
    """Write images, each a sequence of rows * cols pixels, as an IDX file in a folder.

    Raises
    ------
    TypeError
        If the images are neither a list nor an array.
    ValueError
        If they are not what their file would announce.
    """
    pixels = _bytes_of(imgs, magic, 2051, "Unsupported data type.")
    if pixels.size != len(pixels) * rows * cols:
        raise ValueError(f"the images are not of {rows} rows and {cols} columns")
    _pack(os.path.join(path, filename), pixels.reshape(len(pixels), rows, cols), gzip)


def label_packer(
    path: str, filename: str, label: Any, gzip: bool = False, magic: int = 2049
) -> None:
    """Write labels as an IDX file in a folder; errors as of `img_packer`."""
    labels = _bytes_of(label, magic, 2049, "Unsupported label type.")
    if labels.ndim != 1:
        raise ValueError(f"labels of {labels.ndim} dimensions")
    _pack(os.path.join(path, filename), labels, gzip)


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
    if _is_ours(mnist, "opener"):
        suffix = ".gz" if mnist.gz else ""
        images, labels = load_pair(path_img + suffix, path_lbl + suffix)
    else:
        with mnist.opener(path_lbl, "rb") as labels, mnist.opener(path_img, "rb") as images:
            images, labels = load_pair(images, labels)
    return flat(images.transpose(0, 2, 1) if mnist.emnistRotate else images), labels


def _is_ours(mnist: MNIST, name: str) -> bool:
    """Whether a method is the one above, not that of a subclass or of the script."""
    return getattr(getattr(mnist, name), "__func__", None) is _METHODS[name]


def _widened(pixels: Array) -> Array:
    """A copy as int64: most of the time goes into new memory, which several threads can enter."""
    wide = np.empty(pixels.shape, np.int64)

    def copy(start: int) -> None:
        piece = slice(start, start + _ROWS)
        wide[piece] = pixels[piece]

    with Workers(choose_threads(None) if pixels.nbytes >= _MIN_SIZE else 1) as workers:
        for _ in workers.map(copy, range(0, len(pixels), _ROWS)):
            pass
    return wide


def _lists(pixels: Array) -> Any:
    """Pixels as lists of int."""
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        return pixels.tolist()
    return rows(np.ascontiguousarray(pixels), len(pixels))


def _draw(shape: tuple[int, ...]) -> Array:
    """As many numbers as `random.random` would give, the very same ones, and use them up."""
    # Python and numpy make the same doubles from the same Mersenne Twister.
    version, (*key, position), gauss = random.getstate()
    twister: Any = np.random.RandomState()
    twister.set_state(("MT19937", key, position))
    numbers: Array = twister.random_sample(shape)
    state: Any = twister.get_state()
    random.setstate((version, (*state[1].tolist(), state[2]), gauss))
    return numbers


def _bytes_of(values: Any, magic: int, expected_magic: int, complaint: str) -> Array:
    if not isinstance(values, (list, array, np.ndarray)):
        raise TypeError(complaint)
    if magic != expected_magic:
        raise ValueError(f"the magic number of such a file is {expected_magic}, not {magic}")
    numbers = np.asarray(values)
    if numbers.size and (
        numbers.dtype.kind not in "iu" or not 0 <= numbers.min() <= numbers.max() <= 255
    ):
        raise ValueError("only integers from 0 to 255 fit into a byte")
    return numbers.astype(np.uint8)


def _pack(path: str, values: Array, packed: bool) -> None:
    sink.write(path, [dumps(values, compresslevel=DEFAULT_LEVEL if packed else None)])
