"""The options that state a header, as `idxfast.load` takes it."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ..format import Header
from .failures import UsageError


def add_header_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "a stated header", "what the file holds; a header in the file is then ignored"
    )
    group.add_argument("--dtype", type=_dtype, help="the type of the elements, such as <i8")
    group.add_argument(
        "--shape", type=_shape, metavar="N,N,...", help="the dimensions, such as 60000,28,28"
    )
    group.add_argument(
        "--offset",
        type=int,
        metavar="BYTES",
        help="where the payload starts in the unpacked file (default: after an IDX header)",
    )


def stated_header(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `idxfast.load` that the options state; empty if they state nothing.

    Raises
    ------
    UsageError
        If only a part of a header is stated.
    """
    if options.dtype is None and options.shape is None and options.offset is None:
        return {}
    if options.dtype is None or options.shape is None:
        raise UsageError("a stated header needs both --dtype and --shape")
    return {"header": Header(options.dtype, options.shape), "offset": options.offset}


def _dtype(text: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(text)
    except (TypeError, ValueError, SyntaxError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a numpy type") from error
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise argparse.ArgumentTypeError(f"{text!r} is not a type of numbers of at most 8 bytes")
    return dtype


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(size) for size in text.split(",") if size)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of dimensions") from error
    if min(shape, default=0) < 0:
        raise argparse.ArgumentTypeError(f"{text!r} has a negative dimension")
    return shape
