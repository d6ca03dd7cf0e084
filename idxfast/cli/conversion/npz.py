"""Archives of numpy, .npz: items and labels under the names of Keras, or as images and labels."""

from __future__ import annotations

import errno
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import FormatError
from ...gzip.stream import MAX_RATIO
from ...storage.naming import naming_written
from ...storage.new_file import NewFile
from ...storage.regular import open_regular
from ...storage.source import Progress
from ..failures import UsageError
from ..rows import ArrayRows, Rows
from .npy import npy_pieces, read_elements, read_npy_header
from .table import Table

_SUFFIX = ".npy"
# What numpy writes. The others can reach higher ratios than DEFLATE.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises for damaged files, besides ValueError.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def names_of_kind(kind: str | None) -> tuple[str, str]:
    """What the items and the labels are called in the archive."""
    return ("images", "labels") if kind is None else (f"x_{kind}", f"y_{kind}")


def read_npz(path: str, kind: str | None) -> Table:
    """Read items and labels from an archive.

    Parameters
    ----------
    path : str
    kind : str or None
        "train" or "test" for the arrays x_train and y_train, or x_test and y_test. None for
        images and labels, or for the only kind or the only array that there is.

    Raises
    ------
    UsageError
        If there are no such arrays.
    IdxError
        If the archive is damaged, or an array does not hold numbers.
    """
    with open_regular(path) as file, _explaining(path), zipfile.ZipFile(file) as archive:
        names = [
            name.removesuffix(_SUFFIX) for name in archive.namelist() if name.endswith(_SUFFIX)
        ]
        items, labels = _choose(path, names, kind)
        size = os.fstat(file.fileno()).st_size
        rows = ArrayRows(_read(archive, items, size, path))
        if labels not in names:
            return Table(rows)
        return Table(rows, _read(archive, labels, size, path))


def _choose(path: str, names: Sequence[str], kind: str | None) -> tuple[str, str]:
    if kind is None:
        kinds = [name.removeprefix("x_") for name in names if name.startswith("x_")]
        if "images" not in names and len(kinds) == 1:
            kind = kinds[0]
        elif "images" not in names and len(names) == 1:
            return names[0], ""
    chosen = names_of_kind(kind)
    if chosen[0] not in names:
        there = ", ".join(names) or "no arrays"
        raise UsageError(
            f"{path}: there is no array {chosen[0]}; there are: {there}; "
            "--kind train means x_train and y_train"
        )
    return chosen


def _read(archive: zipfile.ZipFile, name: str, size: int, path: str) -> np.ndarray[Any, Any]:
    where = f"{path}: {name}{_SUFFIX}"
    info = archive.getinfo(f"{name}{_SUFFIX}")
    # The sizes are only what the archive says.
    limit = info.compress_size * (1 if info.compress_type == zipfile.ZIP_STORED else MAX_RATIO)
    if (
        info.compress_type not in _METHODS
        or info.compress_size > size
        or info.file_size > limit + MAX_RATIO
    ):
        raise FormatError(
            "the archive states an impossible size",
            part="container",
            filename=where,
            found=info.file_size,
        )
    with archive.open(info) as file:
        header = read_npy_header(file, info.file_size, where)
        elements = read_elements(file, header.dtype, math.prod(header.shape), where)
        file.read(1)  # at the end, the checksum is verified
    return elements.reshape(header.shape, order="F" if header.is_fortran else "C")


class _explaining:
    """Turn errors of zipfile into errors that name the file.

    It is a class for the reason that `outputs.naming` is one.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        # A damaged directory may lead to a place before the start of the file.
        is_damage = isinstance(error, OSError) and error.errno == errno.EINVAL
        if is_damage or isinstance(error, _DAMAGE):
            raise FormatError(
                f"not an undamaged .npz file: {error}", part="container", filename=self._path
            ) from error


def write_npz(path: str, tables: Mapping[str | None, Table], progress: Progress) -> None:
    """Write items and labels of each kind as an archive, which appears whole or not at all.

    The archive is not compressed, as that of `numpy.savez`.
    """
    arrays: dict[str, Rows] = {}
    for kind, table in tables.items():
        items, labels = names_of_kind(kind)
        arrays[items] = table.rows
        if table.labels is not None:
            arrays[labels] = ArrayRows(table.labels)
    new = NewFile(path)
    try:
        # The new file itself is unbuffered, and might write a part of what it is given.
        with naming_written(path):
            with (
                open(os.dup(new.file.fileno()), "wb") as file,
                zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
            ):
                for name, rows in arrays.items():
                    with archive.open(f"{name}{_SUFFIX}", "w", force_zip64=True) as member:
                        for piece in npy_pieces(rows, progress):
                            member.write(piece)
            new.commit()
    finally:
        new.discard()
