"""idxfast diff: whether two files hold the same array, and the first difference."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import numpy as np

from ..errors import printable
from .json_output import add_json, print_json
from .progress import Progress
from .rows import Rows, open_rows, rows_of_step
from .shapes import shown


class Difference(NamedTuple):
    """Where two arrays of the same type and shape differ.

    Attributes
    ----------
    first : tuple of int
        The index of the first element that differs.
    values : tuple of two numbers
        What the first and the second file have there.
    elements, items : int
        How many elements differ, and how many items along the first axis.
    """

    first: tuple[int, ...]
    values: tuple[Any, Any]
    elements: int
    items: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs=2, help="a file or a URL")
    add_json(parser, "pair of files")
    parser.set_defaults(failed=2)
    parser.epilog = (
        "Containers, compression and byte order do not matter. Elements are compared bit by bit. "
        "The exit status is 0 if the arrays are equal, 1 if they differ, and 2 after a failure."
    )


def run(options: argparse.Namespace) -> int:
    names = options.files
    rows: list[Rows] = []
    for name in names:
        with Progress(name) as progress:
            rows.append(open_rows(name, progress=progress))
    first, second = rows
    found = None
    is_alike = (first.dtype, first.shape) == (second.dtype, second.shape)
    if is_alike:
        with Progress(names[0], "item") as progress:
            found = compare(first, second, progress)
    if options.json:
        print_json(_as_json(names, rows, found, is_alike))
    elif not is_alike:
        print("the arrays differ in type or shape:")
        for name, of in zip(names, rows, strict=True):
            print(f"  {printable(name)}: {shown(of.dtype, of.shape)}")
    elif found is not None:
        print(_as_text(first, found))
    return 0 if is_alike and found is None else 1


def compare(first: Rows, second: Rows, progress: Progress | None = None) -> Difference | None:
    """Compare arrays of the same type and shape; None if all their bits are equal."""
    if not first.shape:
        return _compare_block(first.read(0, 0), second.read(0, 0))
    count, step = first.shape[0], rows_of_step(first)
    found: Difference | None = None
    for start in range(0, count, step):
        stop = min(start + step, count)
        here = _compare_block(first.read(start, stop), second.read(start, stop))
        if here is not None and found is None:
            found = here._replace(first=(start + here.first[0], *here.first[1:]))
        elif here is not None and found is not None:
            found = found._replace(
                elements=found.elements + here.elements, items=found.items + here.items
            )
        if progress is not None:
            progress(stop, count)
    return found


def _compare_block(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> Difference | None:
    # As integers, NaN equals itself, and 0.0 differs from -0.0.
    bits = np.dtype(f"u{first.dtype.itemsize}")
    is_other = np.asarray(first).view(bits) != np.asarray(second).view(bits)
    if not is_other.any():
        return None
    index = np.unravel_index(int(is_other.argmax()), is_other.shape)
    where = tuple(int(number) for number in index)
    items = is_other.reshape(len(is_other), -1).any(axis=1).sum() if where else 1
    values = first[where].item(), second[where].item()
    return Difference(where, values, int(is_other.sum()), int(items))


def _as_text(rows: Rows, found: Difference) -> str:
    index = ", ".join(map(str, found.first))
    old, new = found.values
    elements = "1 element differs" if found.elements == 1 else f"{found.elements:,} elements differ"
    items = ""
    if len(rows.shape) > 1:
        items = f", in {found.items:,} of {rows.shape[0]:,} items"
    return f"{elements}{items}; the first is [{index}]: {old} and {new}"


def _as_json(
    names: list[str], rows: list[Rows], found: Difference | None, is_alike: bool
) -> dict[str, Any]:
    return {
        "files": names,
        "dtypes": [of.dtype.name for of in rows],
        "shapes": [list(of.shape) for of in rows],
        "equal": is_alike and found is None,
        "first_index": None if found is None else list(found.first),
        "first_values": None if found is None else list(found.values),
        "elements": None if found is None else found.elements,
        "items": None if found is None else found.items,
    }
