"""The ways to save that are compared, as functions of one signature."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

from idx import Array, header

Saver = Callable[[Path, Array], None]

LEVEL = 6


def save_idxfast(path: Path, array: Array) -> None:
    """Save on one thread."""
    import idxfast

    idxfast.save(path, array, compresslevel=LEVEL if path.suffix == ".gz" else None, threads=1)


def save_on_two(path: Path, array: Array) -> None:
    """Save as one gzip member, on two threads."""
    import idxfast

    idxfast.save(path, array, compresslevel=LEVEL, threads=2)


def save_seekable(path: Path, array: Array) -> None:
    """Save in blocks, on two threads."""
    import idxfast

    idxfast.save(path, array, compresslevel=LEVEL, seekable=True, threads=2)


def save_stdlib_gzip(path: Path, array: Array) -> None:
    """Write header and payload to gzip.open."""
    with gzip.open(path, "wb", LEVEL) as file:
        file.write(header(*array.shape))
        file.write(array.data)


def save_tofile(path: Path, array: Array) -> None:
    """Write the header, then the payload with ndarray.tofile."""
    with path.open("wb") as file:
        file.write(header(*array.shape))
        array.tofile(file)


SAVE_GZIP: dict[str, Saver] = {
    "idxfast": save_idxfast,
    "idxfast, 2 threads": save_on_two,
    "idxfast, in blocks, 2 threads": save_seekable,
    "gzip": save_stdlib_gzip,
}
SAVE_RAW: dict[str, Saver] = {"idxfast": save_idxfast, "ndarray.tofile": save_tofile}
