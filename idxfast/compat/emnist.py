"""In place of emnist: ``from idxfast.compat import emnist``.

What differs:

- A download is verified, as by `idxfast.datasets.fetch`. A zip file at `get_cached_data_path` is
  used as it is.
- Arrays are writable. `parse_idx` reads gzip, too, and a header without dimensions.
- Whatever is wrong with data is a ValueError, `idxfast.IdxError`: bytes that are missing or too
  many, images and labels that differ in number, a damaged zip file. So is a zip file whose members
  are neither stored nor deflated, or unpack to more than files of images and labels do.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ..containers import archives
from ..datasets.folder import check_counts
from ..reading.loading import loads
from ..storage.private import name_for
from ._shared import downloads, files
from ._shared.files import Array

_DIMENSIONS = {"images": 3, "labels": 1}
_TEST_IMAGES = re.compile(r"gzip/emnist-(.*)-test-images-idx3-ubyte\.gz")


def get_cached_data_path() -> str:
    """Where the package emnist keeps the zip file."""
    return os.path.expanduser("~/.cache/emnist/emnist.zip")


def ensure_cached_data() -> str:
    """The path of the zip file, which is downloaded if it is not there, or empty."""
    path = get_cached_data_path()
    if not (os.path.isfile(path) and os.path.getsize(path)):
        downloads.download_emnist(path)
    return path


def clear_cached_data() -> None:
    """Delete the zip file, and what an interrupted download has left."""
    path = get_cached_data_path()
    ours = os.path.join(os.path.dirname(path), name_for("idxfast", ""), "emnist.zip.part")
    for found in (path, path + "_partial", ours):
        if os.path.isfile(found):
            os.remove(found)


def list_datasets() -> list[str]:
    """The names of the data sets in the zip file."""
    with archives.open_zip(ensure_cached_data()) as archive:
        matches = map(_TEST_IMAGES.fullmatch, archive.namelist())
        return [match.group(1) for match in matches if match]


def extract_training_samples(dataset: str) -> tuple[Array, Array]:
    """The training images, upright, and labels of a data set."""
    return extract_samples(dataset, "train")


def extract_test_samples(dataset: str) -> tuple[Array, Array]:
    """The test images, upright, and labels of a data set."""
    return extract_samples(dataset, "test")


def extract_samples(dataset: str, usage: str) -> tuple[Array, Array]:
    """The images, upright, and labels of a data set.

    Raises
    ------
    IdxError
        If their numbers differ, or the data are damaged.
    """
    images = extract_data(dataset, usage, "images")
    labels = extract_data(dataset, usage, "labels")
    check_counts(images, labels, _member(dataset, usage, "labels"))
    return images, labels


def extract_data(dataset: str, usage: str, component: str) -> Array:
    """The images or labels of a data set.

    Parameters
    ----------
    dataset : str
        One of `list_datasets`.
    usage : {"train", "test"}
    component : {"images", "labels"}

    Returns
    -------
    ndarray
        uint8; images (n, 28, 28), upright.

    Raises
    ------
    ValueError
        If there is no such usage or component.
    """
    if usage not in ("train", "test"):
        raise ValueError(f"Unrecognized value {usage!r} for usage. Expected 'train' or 'test'.")
    if component not in _DIMENSIONS:
        raise ValueError(
            f"Unrecognized value {component!r} for component. Expected 'images' or 'labels'."
        )
    array = archives.load_member(ensure_cached_data(), _member(dataset, usage, component))
    return array.swapaxes(1, 2) if component == "images" else array


def parse_idx(data: Any) -> Array:
    """Read the content of an IDX file; the array is in the byte order of the file."""
    return files.big_endian(loads(data))


def inspect(dataset: str = "digits", usage: str = "test") -> None:
    """Show one image after another with matplotlib, and print its label."""
    from matplotlib import pyplot

    for image, label in zip(*extract_samples(dataset, usage), strict=True):
        print("LABEL:", label)
        pyplot.imshow(image)
        pyplot.show(block=True)


def _member(dataset: str, usage: str, component: str) -> str:
    return f"gzip/emnist-{dataset}-{usage}-{component}-idx{_DIMENSIONS[component]}-ubyte.gz"
