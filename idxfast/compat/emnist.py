"""In place of emnist: ``from idxfast.compat import emnist``.

What differs:

- A download is verified, as `idxfast.datasets.fetch` does. A zip file that is already at
  `get_cached_data_path` is used without being verified.
- Arrays are writable. `parse_idx` also reads compressed data and headers without dimensions.
- Whatever is wrong with the data is an `idxfast.IdxError`, which is a ValueError: missing or
  superfluous bytes, numbers of images and labels that differ, a damaged zip file.
- Members of the zip file have to be stored or deflated. A member that unpacks to more than a file
  of images or labels can hold is an `idxfast.IdxError`, too.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ..containers import archives
from ..datasets.fitting import check_counts
from ..reading.loading import loads
from ..storage.private_folder import private_folder_name
from ._shared import emnist_archive, files
from ._shared.files import Array

__all__ = [
    "clear_cached_data",
    "ensure_cached_data",
    "extract_data",
    "extract_samples",
    "extract_test_samples",
    "extract_training_samples",
    "get_cached_data_path",
    "inspect",
    "list_datasets",
    "parse_idx",
]


def get_cached_data_path() -> str:
    """Where the package emnist keeps the zip file."""
    return os.path.expanduser("~/.cache/emnist/emnist.zip")


def ensure_cached_data() -> str:
    """The path of the zip file, which is downloaded if it is missing or empty."""
    path = get_cached_data_path()
    if not (os.path.isfile(path) and os.path.getsize(path)):
        emnist_archive.download_archive(path)
    return path


def clear_cached_data() -> None:
    """Delete the zip file, and what an interrupted download has left."""
    path = get_cached_data_path()
    ours = os.path.join(
        os.path.dirname(path), private_folder_name("idxfast", ""), "emnist.zip.part"
    )
    for found in (path, path + "_partial", ours):
        if os.path.isfile(found):
            os.remove(found)


def list_datasets() -> list[str]:
    """The names of the data sets in the zip file."""
    test_images_of_any = emnist_archive.file_name("\n", "test", "images")
    before, after = emnist_archive.member(test_images_of_any).split("\n")
    test_images = re.compile(f"{re.escape(before)}(.*){re.escape(after)}")
    with archives.open_zip(ensure_cached_data()) as archive:
        matches = map(test_images.fullmatch, archive.namelist())
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
        If the numbers of images and labels differ, or the data are damaged.
    """
    images = extract_data(dataset, usage, "images")
    labels = extract_data(dataset, usage, "labels")
    check_counts(images.shape, labels.shape, emnist_archive.file_name(dataset, usage, "labels"))
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
        uint8. Images are (n, 28, 28), upright.

    Raises
    ------
    ValueError
        If there is no such usage or component.
    KeyError
        If there is no such data set.
    """
    if usage not in ("train", "test"):
        raise ValueError(f"Unrecognized value {usage!r} for usage. Expected 'train' or 'test'.")
    if component not in ("images", "labels"):
        raise ValueError(
            f"Unrecognized value {component!r} for component. Expected 'images' or 'labels'."
        )
    is_images = component == "images"
    name = emnist_archive.file_name(dataset, usage, "images" if is_images else "labels")
    array = emnist_archive.load(ensure_cached_data(), name)
    return array.swapaxes(1, 2) if is_images else array


def parse_idx(data: Any) -> Array:
    """Read the content of an IDX file. The array is in the byte order of the file."""
    return files.big_endian(loads(data))


def inspect(dataset: str = "digits", usage: str = "test") -> None:
    """Show one image after another with matplotlib, and print its label."""
    from matplotlib import pyplot

    for image, label in zip(*extract_samples(dataset, usage), strict=True):
        print("LABEL:", label)
        pyplot.imshow(image)
        pyplot.show(block=True)
