"""IDX files as xarray data sets: ``pip install -e '.[xarray]'``.

xarray finds the engine by itself: ``xarray.open_dataset("train-images-idx3-ubyte.gz",
engine="idx")``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from xarray import Dataset, Variable
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from ..datasets.fitting import check_counts
from ..datasets.looking import role_of
from ..datasets.naming import name_of
from ..datasets.pairs import is_published, words_of
from ..datasets.partner import labels_for, labels_url_for
from ..format import Header
from ..storage.inputs import is_url
from .shared_file import SharedFile

__all__ = ["IdxBackendEntrypoint"]

SAMPLE = "sample"


class IdxArray(BackendArray):
    """An array that xarray reads part by part. It can be pickled.

    Parameters
    ----------
    file : SharedFile

    Attributes
    ----------
    dtype : numpy.dtype
    shape : tuple of int
    """

    def __init__(self, file: SharedFile) -> None:
        self._file = file
        self.dtype = file.dtype
        self.shape = file.shape

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._take
        )

    def _take(self, key: tuple[Any, ...]) -> Any:
        """Select from each axis by itself; at most one part of the index is a list of numbers."""
        # numpy moves the axes of the result if integers and a list are in one index.
        integers = [axis for axis, part in enumerate(key) if isinstance(part, (int, np.integer))]
        slices = list(key)
        for axis in integers:
            number = range(self.shape[axis])[key[axis]]  # an IndexError if there is no such one
            slices[axis] = slice(number, number + 1)
        return np.asarray(self._file[tuple(slices)]).squeeze(tuple(integers))


class IdxBackendEntrypoint(BackendEntrypoint):
    """The engine "idx" of `xarray.open_dataset`.

    The data set has the variable ``images``, with the dimensions ``sample``, ``row`` and
    ``column``. If the file of the labels is found, they are the coordinate ``labels`` along
    ``sample``. A file of labels gives the variable ``labels``, and a file that is neither gives
    ``data``. If an array does not have three dimensions, those after ``sample`` are
    ``axis_1`` and so on. EMNIST's images are transposed in its files, so their dimensions are
    ``sample``, ``column`` and ``row``.

    Only headers are read when the data set is opened. With ``chunks={}``, the data are Dask arrays
    with the same chunks as from `idxfast.integrations.dask.from_idx`.
    """

    description = "Open IDX files, the format of MNIST, raw or compressed"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> Dataset:
        """Open a file, and the file of its labels.

        Parameters
        ----------
        filename_or_obj : str or PathLike
            The path or URL of a file, as for `idxfast.open`.
        drop_variables : str or iterable of str, optional
            With ``"labels"``, no file of labels is looked for.

        Raises
        ------
        TypeError
            If `filename_or_obj` is neither a path nor a URL.
        ValueError
            If several files of labels would be equally good.
        IdxError
            If a file is damaged, or if there are not as many labels as images.
        OSError, ImportError
            As `idxfast.open` raises them.
        """
        dropped = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables or ())
        file = SharedFile(filename_or_obj)
        filename = _filename(file.path)
        role = name_of((filename,)).role or role_of(Header(file.dtype, file.shape))
        files = {role or "data": file}
        if role == "images" and "labels" not in dropped:
            labels = _open_labels(file)
            if labels is not None:
                files["labels"] = labels
        is_emnist = words_of(filename)[:1] == ("emnist",)
        found = Dataset(
            {
                name: _variable(one, file, is_transposed=is_emnist and name == "images")
                for name, one in files.items()
                if name not in dropped
            }
        )
        if role == "images" and "labels" in found:
            found = found.set_coords("labels")
        found.set_close(partial(_close, tuple(files.values())))
        return found

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether a file has a published name, such as ``train-images-idx3-ubyte.gz``."""
        if not isinstance(filename_or_obj, (str, os.PathLike)):
            return False
        return is_published(_filename(os.fsdecode(filename_or_obj)))


def _close(files: Iterable[SharedFile]) -> None:
    for file in files:
        file.close()


def _filename(path: str) -> str:
    """The name of a file, from its path or URL, or that of a member of an archive."""
    if not is_url(path):
        return os.path.basename(path)
    return path.partition("::")[0].partition("?")[0].rpartition("/")[2]


def _open_labels(images: SharedFile) -> SharedFile | None:
    """The labels of a file of images; None if no file of them is found."""
    if not is_url(images.path):
        path = labels_for(images.path)
        return None if path is None else SharedFile(path)
    url = labels_url_for(images.path)
    if url is None:
        return None
    try:
        labels = SharedFile(url)
    except (
        FileNotFoundError,
        PermissionError,
    ):  # for a missing file, from stores that hide their lists
        return None
    check_counts(images.shape, labels.shape, labels.name)
    return labels


def _variable(file: SharedFile, main: SharedFile, *, is_transposed: bool) -> Variable:
    """A variable over a file, in chunks of as many items as those of the main file."""
    dimensions = [SAMPLE, *(f"axis_{axis}" for axis in range(1, file.ndim))][: file.ndim]
    if file is main and file.ndim == 3:
        dimensions[1:] = ["column", "row"] if is_transposed else ["row", "column"]
    chunks = dict(zip(dimensions, [*main.chunks[:1], *file.chunks[1:]], strict=True))
    data = indexing.LazilyIndexedArray(IdxArray(file))
    return Variable(dimensions, data, encoding={"preferred_chunks": chunks})
