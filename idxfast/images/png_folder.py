"""A folder of PNG files for each class, written and read without loss."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..errors import FormatError
from ..storage.naming import naming_written
from ..storage.new_folder import new_folder
from ..storage.regular import open_regular
from .pillow import import_pillow

_SUFFIX = ".png"
# The shape of a pixel, for Pillow's names of grey and colour.
_CHANNELS: dict[str, tuple[int, ...]] = {"L": (), "RGB": (3,)}
# Where the name of a PNG file's first chunk is, and how far from there the number of bits of a
# sample is, if this chunk is the header.
_FIRST_CHUNK, _TO_BIT_DEPTH = 12, 12
# More digits do not fit into 64 bits: such a name is no label.
_MAX_DIGITS = 18
# What file managers leave in folders.
_IGNORED = ("thumbs.db", "desktop.ini")


class Picture(NamedTuple):
    """A file, its class, and its path."""

    path: str
    stem: str
    label: int


class PictureRows:
    """The pictures of a folder, decoded when they are read.

    Attributes
    ----------
    dtype : numpy.dtype
        uint8.
    shape : tuple of int
        (count, height, width), or (count, height, width, 3) in colour.
    """

    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(self, pictures: list[Picture]) -> None:
        self._pictures = pictures
        self.shape: tuple[int, ...] = (len(pictures), *_decode(pictures[0].path, None).shape)

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """The pictures from `start` to before `stop`, in an array of their own."""
        found = np.empty((stop - start, *self.shape[1:]), np.uint8)
        for number, picture in enumerate(self._pictures[start:stop]):
            found[number] = _decode(picture.path, self.shape[1:])
        return found


def has_pictures(path: str) -> bool:
    """Whether a folder has folders with PNG files."""
    with os.scandir(path) as entries:
        folders = [entry.path for entry in entries if entry.is_dir()]
    for folder in folders:
        with os.scandir(folder) as entries:
            if any(entry.name.lower().endswith(_SUFFIX) for entry in entries):
                return True
    return False


def read_folder(path: str) -> tuple[PictureRows, np.ndarray[Any, Any], Mapping[int, str]]:
    """Find the pictures in the folders of a folder, one for each class.

    Parameters
    ----------
    path : str

    Returns
    -------
    rows : PictureRows
        If the files are named by numbers, as by `write_folder`, in the order of these numbers.
        Otherwise in the order of their classes, and then of their names.
    labels : ndarray of int64
        If all folders are named by numbers, these numbers. Otherwise, the classes are numbered
        from 0 on, in the order of their names.
    names : mapping of int to str
        The names of the folders; empty if they are numbers.

    Raises
    ------
    FormatError
        If a file is not a PNG file, or there are no pictures. When pictures are read: if one is
        damaged, or does not have the size and kind of the first.
    OSError
        If the system refuses.
    """
    with os.scandir(path) as entries:
        classes = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    is_numbered = all(
        name.isdecimal() and name.isascii() and len(name) <= _MAX_DIGITS for name in classes
    )
    labels = {name: int(name) if is_numbered else n for n, name in enumerate(classes)}
    pictures = [
        Picture(os.path.join(path, name, filename), filename[: -len(_SUFFIX)], label)
        for name, label in labels.items()
        for filename in _files(os.path.join(path, name))
    ]
    if not pictures:
        raise FormatError("there are no folders with PNG files, one for each class", filename=path)
    stems = [picture.stem for picture in pictures]
    if len(set(stems)) == len(stems) and all(s.isdecimal() and s.isascii() for s in stems):
        pictures.sort(key=lambda picture: int(picture.stem))
    values = np.array([picture.label for picture in pictures], np.int64)
    return PictureRows(pictures), values, {} if is_numbered else dict(enumerate(classes))


def _files(folder: str) -> list[str]:
    names = sorted(
        name
        for name in os.listdir(folder)
        if not name.startswith(".") and name.lower() not in _IGNORED
    )
    for name in names:
        if not name.lower().endswith(_SUFFIX):
            raise FormatError(
                "not a PNG file; `idxfast pack` takes pictures of other kinds",
                filename=os.path.join(folder, name),
            )
    return names


def _decode(path: str, shape: tuple[int, ...] | None) -> np.ndarray[Any, Any]:
    """A picture, which has to be of this shape."""
    image = import_pillow("Image")
    with open_regular(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", image.DecompressionBombWarning)
        try:
            with image.open(file, formats=["PNG"]) as picture:
                picture.verify()  # the checksums, which are not looked at later
            file.seek(0)
            with image.open(file, formats=["PNG"]) as picture:
                if picture.mode not in _CHANNELS:
                    raise FormatError(
                        "PNG files of this kind are not read; `idxfast pack` converts them",
                        filename=path,
                        expected="8 bits in grey or RGB",
                        found=picture.mode,
                    )
                _check_kept(file, picture, path)
                width, height = picture.size
                size = (height, width, *_CHANNELS[picture.mode])
                if shape is not None and size != shape:
                    raise FormatError(
                        "not of the shape of the first picture; `idxfast pack` can resize it",
                        filename=path,
                        expected=shape,
                        found=size,
                    )
                return np.asarray(picture)
        except (FormatError, MemoryError):
            raise
        except Exception as error:  # Pillow's errors have no class in common
            raise FormatError(f"not an undamaged PNG file: {error}", filename=path) from error


def _check_kept(file: BinaryIO, picture: Any, path: str) -> None:
    """Refuse what Pillow leaves out or changes without a word."""
    place = file.tell()
    file.seek(_FIRST_CHUNK)
    start = file.read(_TO_BIT_DEPTH + 1)
    file.seek(place)
    depth = start[_TO_BIT_DEPTH]
    if not start.startswith(b"IHDR"):
        found = "another chunk before its header"  # which Pillow accepts
    elif depth > 8:  # fewer bits are extended without a loss
        found = f"{depth} bits"
    elif picture.has_transparency_data:
        found = "transparency"
    elif getattr(picture, "n_frames", 1) > 1:
        found = f"{picture.n_frames:,} frames"
    else:
        return
    raise FormatError(
        "the kind of picture is not kept; `idxfast pack` converts it",
        filename=path,
        expected="one picture of 8 bits in grey or RGB",
        found=found,
    )


def write_folder(
    path: str,
    blocks: Iterable[np.ndarray[Any, Any]],
    labels: np.ndarray[Any, Any],
    progress: Callable[[int, int], None],
) -> None:
    """Write images as PNG files, into a folder for each class, which is named by its label.

    Parameters
    ----------
    path : str
        A new folder, or an empty one. It appears whole or not at all, with its missing parents.
    blocks : iterable of ndarray of uint8
        Images of shape (count, height, width) or (count, height, width, 3), some at a time.
    labels : ndarray of int
        A label for each image; none is negative.
    progress : callable
        Called with the number of images that are written, and that of all.

    Raises
    ------
    OSError
        If there is something at the path, or the system refuses.
    """
    image = import_pillow("Image")
    with new_folder(path) as folder:
        width, digits = len(str(labels.max(initial=0))), len(str(max(len(labels) - 1, 0)))
        folders = {}
        for label in np.unique(labels).tolist():
            folders[label] = os.path.join(folder, f"{label:0{width}}")
            os.mkdir(folders[label])
        done = 0
        for block in blocks:
            for pixels in block:
                target = os.path.join(folders[int(labels[done])], f"{done:0{digits}}{_SUFFIX}")
                with naming_written(target):
                    image.fromarray(pixels).save(target, "PNG")
                done += 1
                progress(done, len(labels))
        if hasattr(os, "sync"):
            os.sync()  # to sync each file took 20 times as long
