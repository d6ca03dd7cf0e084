"""`create`: make a file, to write its items a few at a time."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np

from ..format import MAX_NDIM, Header, pack, parse
from ..threads.importing import importing
from ..typing import Path
from .idx_writer import IdxWriter
from .items import path_of
from .saving import checked_level, has_type


def create(
    path: Path,
    *,
    shape: Sequence[SupportsIndex | None],
    dtype: Any,
    compresslevel: int | None = None,
) -> IdxWriter:
    """Create an IDX file, to write its items a few at a time.

    Parameters
    ----------
    path : str, bytes or PathLike
        The file to write. If it ends in ``.gz``, the file is compressed in the seekable form, as
        ``save(..., seekable=True)`` writes it. A file at the path is replaced in one step, as by
        `save`, when the new one is closed.
    shape : sequence of int
        The shape of the array. If the first dimension is None, the file gets as many items as are
        written.
    dtype : data-type
        One of the six types of IDX (uint8, int8, int16, int32, float32, float64).
    compresslevel : int, optional
        0 (stored) to 12 (smallest) for a path that ends in ``.gz``; by default 6.

    Returns
    -------
    IdxWriter
        To be used in a ``with`` block: when the block ends, the file is complete. Otherwise,
        call its `close`.

    Raises
    ------
    TypeError
        If IDX has no such type, or a number is not whole.
    SizeError
        If a dimension does not fit into 32 bits, or no array can have this shape.
    ValueError
        If there are no dimensions, too many, or a negative one. Also if `compresslevel` is out of
        range or given for a path that is not compressed, or if the path is a URL.
    OSError
        If no file can be written there.

    Notes
    -----
    Items go to the disk as they are written, and are not kept in memory. A compressed file keeps up
    to 8 MiB of items, to compress them together.
    """
    level = checked_level(compresslevel)
    name = path_of(path)
    is_packed = name.lower().endswith(".gz")
    if compresslevel is not None and not is_packed:
        raise ValueError(f"compresslevel is for names that end in .gz, which {name!r} does not")
    if not 1 <= len(shape) <= MAX_NDIM:
        raise ValueError(
            f"shape has {len(shape)} dimensions, not 1 to {MAX_NDIM}; save writes a single number"
        )
    count = None if shape[0] is None else operator.index(shape[0])
    item_shape = tuple(operator.index(size) for size in shape[1:])  # type: ignore[arg-type]
    dtype = np.dtype(dtype)
    if not has_type(dtype):
        with importing:
            from .types import list_types  # needed for refusals alone

        raise TypeError(list_types(dtype.name))
    header = Header(dtype.newbyteorder(">"), (count or 0, *item_shape))
    if min(header.shape) < 0:
        raise ValueError(f"shape has a negative dimension: {tuple(shape)}")
    header = parse(pack(header), name)
    return IdxWriter(name, header, count, level if is_packed else None)
