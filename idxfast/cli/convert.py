"""idxfast convert: IDX to or from gzip, npy, npz, csv and folders of PNG files."""

from __future__ import annotations

import argparse
import errno
import os
import re

import numpy as np

from ..errors import printable
from ..storage.outputs import naming
from .conversion.reading import (
    Format,
    Request,
    format_of,
    format_of_output,
    read_table,
)
from .conversion.table import Table
from .failures import UsageError
from .header_options import add_header_options, stated_header
from .progress import Progress
from .rows import ArrayRows, Rows, blocks
from .saying import say
from .shapes import shown

_EPILOG = """\
The format of OUTPUT follows from its name:
  NAME.npy, NAME.npz, NAME.csv
  NAME/       a folder of PNG files, in one folder for each class
  NAME.gz     IDX in gzip
  other       IDX, raw

A .csv file has a line for each image: its label, and then its pixels. The first line names the
columns: label,pixel0,pixel1,... An .npz file holds images and labels or, with --kind train, x_train
and y_train. An .npz file that is made from a folder of IDX files holds both kinds, train and test.

The labels of train-images-idx3-ubyte are found in the file train-labels-idx1-ubyte beside it. If
OUTPUT is an IDX or .npy file, labels go to a file beside it: those of x_train.npy to y_train.npy.
From IDX to IDX or .npy, labels are copied only with --labels or --class.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "input",
        metavar="INPUT",
        help="a file of any of these formats, a folder of PNG or IDX files, or a URL",
    )
    parser.add_argument("output", metavar="OUTPUT", help="the file or folder to write")
    parser.add_argument("--start", type=int, metavar="N", help="the first item, from 0")
    parser.add_argument("--stop", type=int, metavar="N", help="the item after the last")
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="LABEL",
        help="only items of this class, a label or a name; may be given several times",
    )
    parser.add_argument("--seekable", action="store_true", help="make the .gz file seekable")
    parser.add_argument("--labels", metavar="FILE", help="the file of INPUT's labels")
    parser.add_argument("--labels-output", metavar="FILE", help="where to write the labels")
    parser.add_argument("--kind", metavar="KIND", help="train or test, in an .npz file or a folder")
    add_header_options(parser)


def run(options: argparse.Namespace) -> int:
    source, target = format_of(options.input), format_of_output(options.output)
    if options.seekable and not (target == "idx" and options.output.lower().endswith(".gz")):
        raise UsageError("--seekable is for an OUTPUT that ends in .gz")
    if options.kind is not None and "npz" not in (source, target) and source != "set":
        raise UsageError("--kind is for .npz files and for folders of IDX files")
    kinds = [options.kind]
    if (source, target, options.kind) == ("set", "npz", None):
        kinds = ["train", "test"]
    tables = {kind: read_table(_request(options, target, kind)) for kind in kinds}
    table = tables[kinds[0]]
    labels_output = _labels_output(target, table, options)
    if labels_output is not None:
        _check_place(labels_output)
    with Progress(options.output, "item") as progress:
        if target == "npz":
            from .conversion.npz import write_npz

            write_npz(options.output, tables, progress)
            written = {kind: each.rows for kind, each in tables.items()}
        else:
            written = {kinds[0]: _write(target, options.output, table, options, progress)}
    for kind, rows in written.items():
        which = f"{kind}, " if len(written) > 1 else ""
        say(f"{printable(options.output)}: {which}{shown(rows.dtype, rows.shape)}", options.output)
    if labels_output is not None:
        assert table.labels is not None
        with Progress(labels_output, "item") as progress:
            labels = Table(ArrayRows(table.labels))
            _write(format_of_output(labels_output), labels_output, labels, options, progress)
        say(f"{printable(labels_output)}: {len(table.labels):,} labels", labels_output)
    if table.names and table.labels is not None:
        used = np.unique(table.labels).tolist()
        names = ", ".join(f"{n} {printable(table.names.get(n, '?'))}" for n in used)
        say(f"classes: {names}", options.output)
    return 0


def _request(options: argparse.Namespace, target: Format, kind: str | None) -> Request:
    return Request(
        options.input,
        options.start,
        options.stop,
        options.classes,
        options.labels,
        bool(options.classes) or target in ("csv", "npz", "png"),
        kind,
        stated_header(options),
    )


def _write(
    target: Format, path: str, table: Table, options: argparse.Namespace, progress: Progress
) -> Rows:
    """Write the items, and return them as they were written."""
    rows = table.rows
    # Only the module of one format is needed, and to import all of them takes long.
    if target == "idx":
        from .conversion.idx import write_idx
        from .conversion.table import as_idx

        rows = as_idx(rows, options.input)
        write_idx(path, rows, progress, seekable=options.seekable)
    elif target == "npy":
        from .conversion.npy import write_npy

        write_npy(path, rows, progress)
    elif target == "csv":
        from .conversion.csv import write_csv

        write_csv(path, table, progress)
    else:
        _write_pictures(path, table, options.input, progress)
    return rows


def _write_pictures(path: str, table: Table, source: str, progress: Progress) -> None:
    from ..images.png_folder import write_folder

    rows, labels = table.rows, table.labels
    is_picture = len(rows.shape) == 3 or (len(rows.shape) == 4 and rows.shape[3] == 3)
    if rows.dtype != np.uint8 or not is_picture:
        raise UsageError(
            f"{printable(source)}: PNG files hold images of uint8, in grey or in RGB, not "
            f"{shown(rows.dtype, rows.shape[1:])}"
        )
    if 0 in rows.shape[1:]:
        raise UsageError(
            f"{printable(source)}: a PNG file has at least one pixel, unlike these images of "
            f"{' x '.join(map(str, rows.shape[1:]))}"
        )
    if labels is None:
        raise UsageError(
            f"{printable(source)}: no labels are found beside the file to name the folders by; "
            "name their file with --labels"
        )
    if labels.dtype.kind not in "iu" or labels.min(initial=0) < 0:
        raise UsageError(
            f"{printable(source)}: folders of PNG files are named by whole numbers from 0 on, "
            "which the labels are not"
        )
    write_folder(path, blocks(rows), labels, progress)


def _labels_output(target: Format, table: Table, options: argparse.Namespace) -> str | None:
    """Where the labels go, if they have a file of their own."""
    if target not in ("idx", "npy"):
        if options.labels_output is not None:
            raise UsageError("--labels-output is for an OUTPUT without labels in it: IDX and .npy")
        return None
    if table.labels is None:
        if options.labels_output is not None:
            raise UsageError(
                f"{printable(options.input)} has no labels; name their file with --labels"
            )
        return None
    if options.labels_output is not None:
        chosen = str(options.labels_output)
        if format_of_output(chosen) not in ("idx", "npy", "csv"):
            raise UsageError("--labels-output takes IDX, .npy and .csv")
        if os.path.realpath(chosen) == os.path.realpath(options.output):
            raise UsageError("--labels-output is the same file as OUTPUT")
        return chosen
    named = name_of_labels(options.output)
    if named is not None:
        return named
    if options.classes and len(np.unique(table.labels)) <= 1:
        return None  # the caller knows the label
    raise UsageError("name the file for the labels with --labels-output")


def _check_place(path: str) -> None:
    """Refuse a place for the labels that cannot be one, before new items are beside old labels."""
    place = os.path.realpath(path)
    if os.path.isdir(place):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    with naming(path):
        os.stat(os.path.join(os.path.dirname(place), ""))


def name_of_labels(path: str) -> str | None:
    """The name of the labels beside a file of images; None if its own name is not one of these."""
    folder, name = os.path.split(path)
    if "images" in name:
        other = re.sub(r"idx\d+", "idx1", name.replace("images", "labels"))
    else:
        other = re.sub(r"^([xX])(?=[_-])", lambda match: "y", name)
    return None if other == name else os.path.join(folder, other)
