"""What `idxfast convert` reads: its input in any format, and the labels that belong to it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from ...containers.part import find_part
from ...errors import printable
from ...format import Header
from ...reading.loading import read_header
from ...storage.regular import open_regular
from ..failures import UsageError
from ..progress import Progress
from ..rows import ArrayRows, ChosenRows, PartOfRows, Rows, len_of, open_rows
from .table import Table, as_idx

if TYPE_CHECKING:
    from ..classes import Labels

Format: TypeAlias = Literal["idx", "npy", "npz", "csv", "png", "set"]

# The module of a format is imported when the format is met: to import all of them takes long.
_NPY = b"\x93NUMPY"
_SUFFIXES: dict[str, Format] = {".npy": "npy", ".npz": "npz", ".csv": "csv"}
# How many labels or ranges of labels a message lists.
_MAX_LISTED = 20
# Names that promise a format that is not written, for which raw IDX would be a surprise.
_UNWRITTEN = re.compile(r"\.((csv|npy|npz)\.gz|xz|bz2|zst|zip|tar|tgz|png|jpe?g|gif|h5|mat)$", re.I)


class Request(NamedTuple):
    """What is asked for.

    Attributes
    ----------
    path : str
    start, stop : int or None
        As for `idxfast.load`.
    classes : list of str
        Labels or names of classes; empty for all.
    labels : str or None
        The file of the labels.
    needs_labels : bool
        Whether labels are looked for if the file has none in it.
    kind : str or None
        As for `npz.read_npz`, or for `idxfast.load_dataset`.
    stated : dict
        The arguments ``header`` and ``offset`` of `idxfast.load`.
    """

    path: str
    start: int | None
    stop: int | None
    classes: list[str]
    labels: str | None
    needs_labels: bool
    kind: str | None
    stated: dict[str, Any]


def format_of(path: str) -> Format:
    """The format of a file or folder that is there, by its content, or by its name.

    A folder without pictures is a data set.
    """
    if os.path.isdir(path):
        from ...images.png_folder import has_pictures

        return "png" if has_pictures(path) else "set"
    named = format_of_name(path)
    if named == "idx" and os.path.isfile(path):
        with open_regular(path) as file:
            return "npy" if file.read(len(_NPY)) == _NPY else "idx"
    return named


def format_of_name(path: str) -> Format:
    """The format that follows from a name."""
    if path.endswith(("/", os.sep)) or os.path.isdir(path):
        return "png"
    return _SUFFIXES.get(os.path.splitext(path)[1].lower(), "idx")


def format_of_output(path: str) -> Format:
    """The format of a file that is to be written.

    Raises
    ------
    UsageError
        If its name promises a format that is not written.
    """
    target = format_of_name(path)
    if target != "png" and (found := _UNWRITTEN.search(path)):
        raise UsageError(
            f"{printable(path)}: {printable(found[0])} is not written; OUTPUT may be "
            "NAME.npy, NAME.npz, NAME.csv, NAME.gz, NAME/ for PNG files, or any other name for IDX"
        )
    return target


def read_table(request: Request) -> Table:
    """Read what is asked for.

    Raises
    ------
    UsageError
        If not all of the items exist, or there are no labels to choose classes by.
    IdxError, OSError, ImportError
        If a file cannot be read.
    """
    source = format_of(request.path)
    if request.stated and source != "idx":
        raise UsageError("--dtype, --shape and --offset are for IDX files and raw data")
    if request.labels is not None and source not in ("idx", "npy"):
        raise UsageError("--labels is for files without labels in them: IDX and .npy")
    if source == "set":
        from ...datasets.folder import find

        if request.kind is None:
            raise UsageError(
                f"{printable(request.path)} is a folder: add --kind train or --kind test"
            )
        pair = find(request.path, request.kind)
        return read_table(request._replace(path=pair.images, labels=pair.labels))
    try:
        table = _read_part(source, request)
    except IndexError as error:
        raise UsageError(f"{printable(request.path)}: {error}") from error
    return _choose(table, request) if request.classes else table


def _read_part(source: Format, request: Request) -> Table:
    with Progress(request.path) as progress:
        if source == "idx":
            return _read_idx(request, progress)
        if source == "npy":
            from .npy import NpyRows

            rows: Rows = NpyRows(request.path)
            labels = None if request.labels is None else _read_labels(request, len_of(rows))
            table = Table(rows, *(() if labels is None else (labels.values, labels.names)))
        elif source == "png":
            from ...images.png_folder import read_folder

            table = Table(*read_folder(request.path))
        elif source == "npz":
            from .npz import read_npz

            table = read_npz(request.path, request.kind)
        else:
            from .csv import read_csv

            table = read_csv(request.path, progress)
    if table.labels is not None:
        table = table._replace(labels=_as_labels(table.labels, len_of(table.rows), request.path))
    if request.start is None and request.stop is None:
        return table
    part = find_part(Header(table.rows.dtype, table.rows.shape), request.start, request.stop)
    count = part.header.shape[0]
    rows = PartOfRows(table.rows, part.row, count)
    if table.labels is None:
        return Table(rows)
    return Table(rows, table.labels[part.row : part.row + count], table.names)


def _read_idx(request: Request, progress: Progress) -> Table:
    rows = open_rows(request.path, request.start, request.stop, progress, **request.stated)
    if not rows.shape:
        return Table(rows)
    is_labels = len(rows.shape) == 1
    labels = None
    if (request.needs_labels and not is_labels) or request.labels is not None:
        count = rows.shape[0]
        if request.start is not None or request.stop is not None:
            stated = request.stated.get("header")
            count = (stated or read_header(request.path)).shape[0]
        labels = _read_labels(request, count)
    if labels is None and is_labels and request.classes:
        from ..classes import names_of

        return Table(rows, None, names_of(request.path, rows.read(0, len_of(rows))))
    if labels is None:
        return Table(rows)
    start = request.start or 0
    return Table(rows, labels.values[start : start + len_of(rows)], labels.names)


def _read_labels(request: Request, count: int) -> Labels | None:
    """The labels of a file of `count` items, from the file that is named, or that is beside it."""
    from ..classes import Labels, find_labels, labels_beside, read_labels

    if request.labels is None:
        if not os.path.isfile(request.path):
            return None
        # Whoever wants labels has to know that they are damaged. With a stated header, the file
        # itself may seem to be.
        return (find_labels if request.stated else labels_beside)(request.path, count)
    if format_of(request.labels) == "npy":
        from .npy import NpyRows

        rows = NpyRows(request.labels)
        labels = Labels(request.labels, rows.read(0, len_of(rows)), {})
    else:
        labels = read_labels(request.labels)
    return labels._replace(values=_as_labels(labels.values, count, request.labels))


def _as_labels(values: np.ndarray[Any, Any], count: int, path: str) -> np.ndarray[Any, Any]:
    """Labels in a type of IDX. Refuse them unless they are integers, one for each of the items."""
    if values.shape != (count,) or values.dtype.kind not in "biu":
        raise ValueError(
            f"{path}: labels of shape {values.shape} and type {values.dtype.name} do not belong to "
            f"{count:,} items"
        )
    return as_idx(ArrayRows(values), path).read(0, count)


def _choose(table: Table, request: Request) -> Table:
    """The items of some classes."""
    labels = table.labels
    if labels is None and len(table.rows.shape) == 1:
        labels = table.rows.read(0, len_of(table.rows))
    if labels is None:
        raise UsageError(
            f"{printable(request.path)}: no labels are found beside the file to choose classes by; "
            "name their file with --labels"
        )
    wanted: dict[str, list[int]] = {}
    for name in request.classes:
        # Several classes may have the same name.
        numbers = [label for label, known in table.names.items() if known == name]
        if re.fullmatch("-?[0-9]{1,10}", name):
            wanted[name] = [int(name)]
        elif numbers:
            wanted[name] = numbers
        else:
            known = ", ".join(map(printable, table.names.values()))
            there_are = f"there are: {known}" if known else "no names are known"
            raise UsageError(f"there is no class {printable(name)!r}; {there_are}")
    for name, numbers in wanted.items():
        if not np.isin(labels, numbers).any():
            raise UsageError(
                f"{printable(request.path)}: no item has the class {printable(name)!r}; "
                f"the labels are {_listed(np.unique(labels).tolist()) or 'none'}"
            )
    chosen = np.flatnonzero(
        np.isin(labels, [label for numbers in wanted.values() for label in numbers])
    )
    kept = None if table.labels is None else table.labels[chosen]
    return Table(ChosenRows(table.rows, chosen), kept, table.names)


def _listed(labels: Sequence[int]) -> str:
    """Labels in ascending order, those that follow each other as a range: 0 to 9, 11."""
    ranges: list[list[int]] = []
    for label in labels:
        if ranges and label == ranges[-1][1] + 1:
            ranges[-1][1] = label
        else:
            ranges.append([label, label])
    texts = [f"{first} to {last}" if first < last else str(first) for first, last in ranges]
    return ", ".join(texts[:_MAX_LISTED] + ["..."] * (len(texts) > _MAX_LISTED))
