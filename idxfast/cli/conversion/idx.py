"""IDX files, written from items."""

from __future__ import annotations

from ...format import Header
from ...storage.source import Progress
from ...writing.creating import create
from ...writing.saving import save
from ..rows import WHOLE, ArrayRows, Rows, blocks, read_whole


def write_idx(path: str, rows: Rows, progress: Progress, *, seekable: bool) -> None:
    """Write items as an IDX file; compressed if the path ends in ``.gz``.

    More than `WHOLE` bytes that are not in memory are written a few items at a time. A compressed
    file then has the seekable form in any case.
    """
    if isinstance(rows, ArrayRows) or Header(rows.dtype, rows.shape).nbytes <= WHOLE:
        is_packed = path.lower().endswith(".gz")
        save(path, read_whole(rows, progress), seekable=seekable and is_packed)
        return
    with create(path, shape=rows.shape, dtype=rows.dtype) as file:
        for block in blocks(rows, progress):
            file.append(block)
