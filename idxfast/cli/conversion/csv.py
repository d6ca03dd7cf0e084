"""CSV as MNIST is often published: a line for each image, with the label before the pixels.

The first line names the columns. It is ``label,pixel0,pixel1,...`` if images are square and grey,
and ``label,value0,value1,...`` if an item has one dimension. It is ``label,value`` if each item is
one number. For all other shapes, the names are indexes, as ``label,1x1,1x2,...``, so that the shape
can be read back. Published files have names with ``pixel``, indexes, or no line of names.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...errors import FormatError, IdxError
from ...storage import outputs
from ...storage.regular import open_regular
from ...storage.source import Progress
from ...typing import Buffer
from ..rows import ArrayRows, blocks
from .table import Table, narrow

LABEL, VALUE = "label", "value"
# A number as numpy reads it, but without hexadecimal digits.
# No two parts match the same characters, or a long line would be searched for hours.
_NUMBER = re.compile(r"\s*[-+]?((\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?|inf|nan)\s*", re.I | re.A)
_INTEGER = re.compile(r"\s*[-+]?\d+\s*")
_INFINITY = re.compile(r"\s*[-+]?inf(inity)?\s*", re.I)
_LEADING = re.compile(r"^\s*[-+]?0*(?=\d)")
_MANY = 10
# float64 holds all integers up to this one.
_MAX_INTEGER = 1 << 53
# The most characters of a line, and how many are parsed at a time.
_MAX_LINE = 16 << 20
_PIECE = 1 << 20
# Each byte as text, with a comma, and filled up with zeros.
_TEXTS = np.array([list(f"{value},".encode().ljust(4, b"\0")) for value in range(256)], np.uint8)


def read_csv(path: str, progress: Progress) -> Table:
    """Read items, and their labels if there are any, from a CSV file.

    Returns
    -------
    Table
        In memory. The types are the smallest of IDX that hold the values.

    Raises
    ------
    FormatError
        If a value is not a number, or a line is longer or shorter than others. The message names
        the line and the column, both from 1.
    IdxError
        If the file becomes longer or shorter meanwhile: lines may be missing.
    """
    with open_regular(path) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        text = io.TextIOWrapper(file, "utf-8-sig", errors="backslashreplace")
        lines = _numbered(text, path)
        first = next(lines, None)
        if first is None:
            raise FormatError("the file has no lines", part="start", filename=path, offset=0)
        cells = [cell.strip().strip('"') for cell in first[1].split(",")]
        is_named = cells[0].lower() == LABEL or not any(map(_NUMBER.fullmatch, cells))
        if is_named and LABEL in map(str.lower, cells[1:]):
            raise FormatError(
                f"the column {LABEL} is not the first", part="start", filename=path, offset=0
            )
        if not is_named and not _are_numbered(cells):
            lines = itertools.chain([first], lines)
        parts = []
        for piece in _pieces(lines):
            parts.append(narrow(_parse(piece, len(cells), path)))
            progress(min(file.tell(), size), size)
        end = file.tell()
        if end != size:
            raise IdxError(
                "the file became longer or shorter while it was read",
                part="payload",
                filename=path,
                offset=min(end, size),
                expected=size,
                found=end,
            )
    if not parts:
        raise FormatError("the file has no lines of values", part="payload", filename=path)
    return _split(np.concatenate(parts), cells if is_named else None)


def _are_numbered(cells: Sequence[str]) -> bool:
    """Whether the cells of the first line are names, as pandas gives them to columns without any.

    A few cells are more probably values.
    """
    return len(cells) >= _MANY and list(cells) == [str(n) for n in range(len(cells))]


def _numbered(text: io.TextIOWrapper, path: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers from 1."""
    for number in itertools.count(1):
        line = text.readline(_MAX_LINE)
        if len(line) == _MAX_LINE:
            raise FormatError(
                f"line {number:,} is too long",
                part="payload",
                filename=path,
                expected=f"less than {_MAX_LINE:,} characters",
            )
        if not line:
            return
        if line.strip():
            yield number, line.rstrip("\r\n")


def _pieces(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """The lines in lists of about `_PIECE` characters."""
    piece: list[tuple[int, str]] = []
    size = 0
    for line in lines:
        piece.append(line)
        size += len(line[1])
        if size >= _PIECE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _parse(lines: Sequence[tuple[int, str]], columns: int, path: str) -> np.ndarray[Any, Any]:
    texts = [text for _, text in lines]
    try:
        values = np.loadtxt(texts, np.float64, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        _refuse_cell(lines, columns, path)
        raise
    if values.shape[1] != columns:
        _refuse_cell(lines, columns, path)
    large = (np.abs(values) >= _MAX_INTEGER).any(axis=1)
    for row in np.flatnonzero(large).tolist():
        _refuse_rounded(lines[row], values[row], path)
    return values


def _refuse_rounded(line: tuple[int, str], values: np.ndarray[Any, Any], path: str) -> None:
    """Refuse integers that were read as others, and numbers that were read as infinite."""
    number, text = line
    for column, (cell, value) in enumerate(zip(text.split(","), values.tolist(), strict=True), 1):
        kind = ""
        if math.isinf(value) and not _INFINITY.fullmatch(cell):
            kind, most = "a number", f"{sys.float_info.max}"
        # Python makes no integer of thousands of digits, even if most are zeros.
        elif _INTEGER.fullmatch(cell) and int(_LEADING.sub("", cell)) != abs(value):
            kind, most = "an integer", f"{_MAX_INTEGER:,}"
        if kind:
            raise FormatError(
                f"line {number:,}, column {column:,} is {kind} that float64 does not hold",
                part="payload",
                filename=path,
                expected=f"at most {most}",
                found=cell[:40],
            )


def _refuse_cell(lines: Sequence[tuple[int, str]], columns: int, path: str) -> None:
    """Raise the error of the first line or value that is wrong."""
    for number, text in lines:
        cells = text.split(",")
        for column, cell in enumerate(cells, 1):
            if not _NUMBER.fullmatch(cell):
                raise FormatError(
                    f"line {number:,}, column {column:,} is not a number",
                    part="payload",
                    filename=path,
                    expected="a number",
                    found=repr(cell[:40]),
                )
        if len(cells) != columns:
            raise FormatError(
                f"line {number:,} has another number of columns than the first",
                part="dimensions",
                filename=path,
                expected=columns,
                found=len(cells),
            )


def _split(values: np.ndarray[Any, Any], names: Sequence[str] | None) -> Table:
    """Labels and items of the shape that the names, or the number of columns, tell."""
    count = values.shape[1]
    # An array of shape (count,) has no names for the columns of its items.
    if count == 1 and not (names and re.fullmatch(f"{VALUE}0|1(x1)+", names[0])):
        return Table(ArrayRows(narrow(values[:, 0])))
    # Without names, 785 columns are a label and 28 x 28 pixels.
    is_labelled = names[0].lower() == LABEL if names else not _is_square(count)
    items = values[:, 1:] if is_labelled else values
    shape = _shape_of((names or [""] * count)[1 if is_labelled else 0 :])
    labels = narrow(values[:, 0]) if is_labelled else None
    return Table(ArrayRows(narrow(items.reshape(len(items), *shape))), labels)


def _is_square(count: int) -> bool:
    return math.isqrt(count) ** 2 == count


def _shape_of(names: Sequence[str]) -> tuple[int, ...]:
    """The shape of an item."""
    last = names[-1].split("x") if re.fullmatch(r"\d{1,9}(x\d{1,9})+", names[-1]) else []
    shape = tuple(map(int, last))
    if shape and math.prod(shape) == len(names) and list(names) == _indexes(shape):
        return shape
    if list(names) == [VALUE]:
        return ()
    if names[0].startswith(VALUE):
        return (len(names),)
    side = math.isqrt(len(names))
    return (side, side) if side > 1 and _is_square(len(names)) else (len(names),)


def _indexes(shape: tuple[int, ...]) -> list[str]:
    """The index of each element, from 1, as ``1x1``."""
    return ["x".join(str(n + 1) for n in index) for index in np.ndindex(shape)]


def write_csv(path: str, table: Table, progress: Progress) -> None:
    """Write items, and their labels if there are any, as a CSV file.

    Raises
    ------
    ValueError
        If the array has no dimensions, its items have no elements, or its type has more digits than
        float64.
    """
    if table.rows.dtype.itemsize > 8:
        raise ValueError(f"{path}: a CSV file has no form for values of {table.rows.dtype.name}")
    if not table.rows.shape or 0 in table.rows.shape[1:]:
        raise ValueError(f"{path}: a CSV file has no form for an array of shape {table.rows.shape}")
    outputs.write(path, _lines(table, progress))


def _lines(table: Table, progress: Progress) -> Iterator[Buffer]:
    rows, labels = table.rows, table.labels
    yield (",".join(_names(rows.shape, labels is not None)) + "\n").encode()
    done = 0
    for block in blocks(rows, progress):
        items = block.reshape(len(block), -1)
        if items.dtype == np.bool_:
            items = items.astype(np.uint8)  # the words True and False are no numbers
        if labels is None:
            yield _as_lines(items)
        else:
            yield _with_labels(labels[done : done + len(items)], items)
        done += len(items)


def _names(shape: tuple[int, ...], is_labelled: bool) -> list[str]:
    item = shape[1:]
    if not item:
        return [LABEL, VALUE] if is_labelled else [LABEL]
    if len(item) == 1:
        names = [f"{VALUE}{n}" for n in range(item[0])]
    elif len(item) == 2 and item[0] == item[1] > 1:
        names = [f"pixel{n}" for n in range(math.prod(item))]
    else:
        names = _indexes(item)
    return [LABEL, *names] if is_labelled else names


def _as_lines(items: np.ndarray[Any, Any]) -> bytes:
    """Rows of numbers as lines of text."""
    if items.dtype == np.uint8 and items.size:
        return _bytes_as_lines(items)
    # Python writes as many digits as float64 needs. Fewer digits can tell two float32 apart, but
    # they would be read back as another float64.
    return "".join(",".join(map(repr, row)) + "\n" for row in items.tolist()).encode()


def _bytes_as_lines(items: np.ndarray[Any, Any]) -> bytes:
    # Each value takes four characters, which are then left out where they are empty.
    characters = _TEXTS[items]
    characters[:, -1] = np.where(characters[:, -1] == ord(","), ord("\n"), characters[:, -1])
    data = characters.reshape(-1)
    return bytes(data[data != 0])


def _with_labels(labels: np.ndarray[Any, Any], items: np.ndarray[Any, Any]) -> bytes:
    if labels.dtype == items.dtype:
        return _as_lines(np.column_stack([labels, items]))
    lines = _as_lines(items).splitlines()
    return b"".join(
        b"%s,%s\n" % (repr(label).encode(), line)
        for label, line in zip(labels.tolist(), lines, strict=True)
    )
