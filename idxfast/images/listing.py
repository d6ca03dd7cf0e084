"""The pictures to be packed, with their labels: from a folder for each class, or from a CSV."""

from __future__ import annotations

import csv
import io
import ntpath
import os
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import IdxError
from ..storage.regular import open_regular
from .classes import check_number, number_classes
from .opening import ENDINGS

# No system with pipes to other processes has longer paths; a batch has to fit into a pipe twice.
_MAX_NAME_BYTES = 4096


class Listing:
    """Names of pictures, and their labels. In memory, a name takes little more than its bytes.

    Attributes
    ----------
    root : str
        The folder below which the pictures are.
    classes : dict of str to int
        The label of each class.
    others : int
        How many files were left out because their names are not those of pictures.
    example : str
        The name of one of these.
    longest_name : int
        The number of bytes in the longest name of a picture.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.classes: dict[str, int] = {}
        self.others = 0
        self.example = ""
        self.longest_name = 1
        self._names = bytearray()
        self._ends = array("q", [0])
        self._labels = bytearray()

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, name: str, label: int) -> None:
        """Add a picture. The name is a path below the root."""
        encoded = os.fsencode(name)
        self._names += encoded
        self.longest_name = max(self.longest_name, len(encoded))
        self._ends.append(len(self._names))
        self._labels.append(label)

    def name(self, index: int) -> str:
        """The name of a picture."""
        return os.fsdecode(bytes(self._names[self._ends[index] : self._ends[index + 1]]))

    @property
    def labels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The label of each picture."""
        return np.frombuffer(bytes(self._labels), np.uint8)

    def relabel(self, numbers: dict[int, int]) -> None:
        """Replace each label by another."""
        table = bytes(numbers.get(label, 0) for label in range(256))
        self._labels = self._labels.translate(table)


def list_folder(root: str) -> Listing:
    """The pictures in the folders below a folder. Each of these folders is named by its class.

    The classes come in the order of their labels (see `number_classes`), the pictures of each in
    the order of their names. Symbolic links are followed. Hidden files and folders are left out.

    Raises
    ------
    IdxError
        If the folder has no folders or more than 256, if no picture is in them or other files
        alone are in one of them, if a picture is outside of them, or if there are folders within
        them.
    OSError
        If a folder cannot be read.
    """
    listing = Listing(root)
    folders = []
    for entry in _entries(root):
        if entry.is_dir():
            folders.append(entry.name)
        elif _is_picture(entry.name):
            raise IdxError(
                "a picture is in no folder of a class: put it into one, or name a CSV of labels",
                filename=entry.path,
            )
        else:
            _leave_out(listing, entry.name)
    if not folders:
        raise IdxError("the folder holds no folders; each class has one", filename=root)
    listing.classes = number_classes(folders, root)
    for folder, label in sorted(listing.classes.items(), key=lambda item: item[1]):
        pictures, others = len(listing), listing.others
        for entry in _entries(os.path.join(root, folder)):
            name = os.path.join(folder, entry.name)
            if entry.is_dir():
                raise IdxError("a folder within the folder of a class", filename=entry.path)
            if _is_picture(entry.name):
                listing.add(name, label)
            else:
                _leave_out(listing, name)
        if len(listing) == pictures and listing.others > others:
            # It is no class, such as a data set packed before, and would shift the others' labels.
            raise IdxError(
                "no pictures in the folder of a class", filename=os.path.join(root, folder)
            )
    _check_any(listing, root)
    return listing


def list_csv(root: str, path: str) -> Listing:
    """The pictures that a CSV names, in its order.

    Each line has two columns, the path of a picture below the folder `root` and its class. If the
    first column of the first line does not end like the name of a picture, this line is a heading.

    Raises
    ------
    IdxError
        If the file is not such a CSV in UTF-8, if a path leads out of the folder or comes twice, or
        if there are no pictures or more than 256 classes.
    OSError
        If the file cannot be read.
    """
    listing = Listing(root)
    seen: dict[str, int] = {}
    hashes = array("q")
    for line, row in _rows(path):
        if not row or (line == 1 and not _is_picture(row[0])):
            continue
        if len(row) != 2:
            raise IdxError(
                f"line {line:,} has another number of columns",
                filename=path,
                expected="2: the name of a picture, and its class",
                found=len(row),
            )
        name, label = row
        if _leads_out(name):
            raise IdxError(
                f"line {line:,} names nothing below the folder: {name[:200]}", filename=path
            )
        if label not in seen:
            check_number(len(seen) + 1, path)
        listing.add(name, seen.setdefault(label, len(seen)))
        hashes.append(hash(os.path.normpath(name)))
    _check_any(listing, path)
    _check_names_differ(listing, np.frombuffer(hashes, np.int64), path)
    listing.classes = number_classes(seen, path)
    listing.relabel({number: listing.classes[name] for name, number in seen.items()})
    return listing


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        shown = [entry for entry in entries if not entry.name.startswith((".", "__MACOSX"))]
    return sorted(shown, key=lambda entry: entry.name)


def _is_picture(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _leave_out(listing: Listing, name: str) -> None:
    listing.others += 1
    listing.example = listing.example or name


def _check_any(listing: Listing, filename: str) -> None:
    if not len(listing):
        raise IdxError(f"no pictures: none of the names ends in {ENDINGS}", filename=filename)


def _check_names_differ(listing: Listing, hashes: np.ndarray[Any, Any], path: str) -> None:
    """Refuse a picture that is named twice: it could have two labels, or be in both files."""
    order = np.argsort(hashes, kind="stable")
    for place in np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]]):
        first, second = (os.path.normpath(listing.name(i)) for i in order[place : place + 2])
        if first == second:
            raise IdxError(f"a picture is named twice: {first}", filename=path)


def _leads_out(name: str) -> bool:
    """Whether a path is not one, or may lead out of the folder on some system."""
    parts = name.replace("\\", "/").split("/")
    is_path = "\0" not in name and len(name.encode()) <= _MAX_NAME_BYTES
    return not is_path or not parts[0] or ".." in parts or bool(ntpath.splitdrive(name)[0])


def _rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV, with the numbers of their lines."""
    with open_regular(path) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        rows = csv.reader(text, strict=True)
        try:
            for row in rows:
                yield rows.line_num, row
        except csv.Error as error:
            raise IdxError(f"line {rows.line_num + 1:,}: {error}", filename=path) from error
        except UnicodeDecodeError as error:
            # Many lines are decoded at once, and the first of them may have begun before.
            line = rows.line_num + len((error.object[: error.start] + b".").splitlines())
            byte = error.object[error.start : error.start + 1].hex()
            raise IdxError(
                f"line {line:,} is not UTF-8", filename=path, expected="UTF-8", found=byte
            ) from error
