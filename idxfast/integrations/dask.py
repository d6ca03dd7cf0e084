"""IDX files as Dask arrays: ``pip install -e '.[dask]'``.

Each worker reads the chunks that it needs from the file itself, on disk or in a store in the cloud.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import dask.array as da
import numpy as np

from ..errors import IdxError
from ..threads.ordered_map import Workers
from ..typing import Path
from .shared_file import SharedFile

__all__ = ["from_idx"]

# How many files are opened at once: opening a file behind a URL takes one to three requests.
OPENED_AT_ONCE = 16


def from_idx(urls: Path | Sequence[Path], chunks: Any = None) -> da.Array:
    """One IDX file, or several joined along their first axis, as a Dask array.

    Only the headers and the lists of blocks are read now. Each worker opens the files itself, so
    idxfast has to be installed there, and paths and URLs have to lead to the same files.

    Parameters
    ----------
    urls : str, PathLike, or sequence of them
        The paths or URLs of the files, as for `idxfast.open`.
    chunks : optional
        By default, a chunk holds whole images, up to 8 MiB of a local file, and up to 16 MiB behind
        a URL. Its ends are ends of blocks if the file is a seekable .gz. An ordinary .gz, or any
        other file that has to be unpacked, is one chunk up to 256 MiB. A number is the number of
        images in each chunk. Anything else means what it means to `dask.array.from_array`, for each
        file. No chunk holds data of two files.

    Returns
    -------
    dask.array.Array
        In native byte order.

    Raises
    ------
    ValueError
        If there are no files, or `chunks` is not valid.
    TypeError
        If an item is neither a path nor a URL, or cannot be opened again, as a pipe.
    IdxError
        If a file is damaged, or the files differ in their dtypes or in the shapes of their items.
    OSError, ImportError
        As `idxfast.open` raises them.

    Notes
    -----
    The cost of a chunk depends on the file. Of a raw file, only the bytes of the chunk are read. Of
    a seekable .gz, only its blocks are read, decoded and verified. An ordinary .gz cannot be read
    in this way: each process decodes the whole file once, when it needs the first chunk. If the
    array is no larger than 256 MiB, it is then kept in memory. If it is larger, the first pass
    notes places, from which later chunks are decoded. So a large file is best saved with
    ``seekable=True``, or as several files.

    A computation raises the error that a worker meets: `FileNotFoundError` for a file that is not
    there, `IdxError` for one that is damaged or has changed since `from_idx` was called.

    Dask recognises an array by its name, which depends on the names of the files, their sizes and
    their times of change. No data are read to find the name.
    """
    paths = [urls] if isinstance(urls, (str, bytes, os.PathLike)) else list(urls)
    if not paths:
        raise ValueError("there are no files: urls is empty")
    with Workers(min(len(paths), OPENED_AT_ONCE)) as workers:
        files = list(workers.map(SharedFile, paths))
    _check_alike(files)
    arrays = [_from_file(file, chunks) for file in files]
    return arrays[0] if len(arrays) == 1 else da.concatenate(arrays)


def _from_file(file: SharedFile, chunks: Any) -> da.Array:
    if chunks is None:
        chunks = file.chunks
    elif isinstance(chunks, (int, np.integer)):
        if chunks < 1 and chunks != -1:
            raise ValueError(f"chunks is {chunks}, not 1 or more")
        chunks = {0: chunks} if file.shape else ()
    meta = np.empty((0,) * file.ndim, file.dtype)
    return da.from_array(file, chunks=chunks, inline_array=True, meta=meta)


def _check_alike(files: Iterable[SharedFile]) -> None:
    """Refuse files that cannot be joined along their first axis."""
    first, *others = files
    for file in others:
        if not first.shape or not file.shape or file.shape[1:] != first.shape[1:]:
            raise IdxError(
                f"the items do not have the same shape as those of {first.name}",
                part="dimensions",
                filename=file.name,
                offset=3,
                expected=_item(first),
                found=_item(file),
            )
        if file.dtype != first.dtype:
            raise IdxError(
                f"the elements do not have the same type as those of {first.name}",
                part="type",
                filename=file.name,
                offset=2,
                expected=first.dtype.name,
                found=file.dtype.name,
            )


def _item(file: SharedFile) -> str:
    """The shape of an item, for messages."""
    if not file.shape:
        return "an array without axes"
    return " x ".join(f"{length:,}" for length in file.shape[1:]) or "one element"
