"""Raw IDX files: the payload read into an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TrailingDataError, TruncatedError
from ..format import Header, swapped_hint
from ..native.memory import swap
from ..storage.source import Progress, Source
from ..threads.count import choose_threads
from ..threads.ordered_map import Workers
from .arrays import bytes_of

# How much one thread reads at a time, and how much of it before it swaps bytes that are in cache.
CHUNK = 4 << 20
SWAPPED = 512 << 10
# Bytes from which on several threads read.
MIN_SIZE = 8 << 20


def read_payload(
    source: Source,
    header: Header,
    array: np.ndarray[Any, Any],
    threads: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Read the payload of a raw file, whose size is as it should be, into an array of its shape.

    Raises
    ------
    TruncatedError
        If the file has become shorter.
    """
    data = bytes_of(array)
    is_swapped = array.dtype != header.dtype
    step = SWAPPED if is_swapped else CHUNK

    def read(start: int) -> int:
        stop = min(start + CHUNK, len(data))
        for at in range(start, stop, step):
            chunk = memoryview(data[at : min(at + step, stop)])
            count = source.read_into(chunk, header.offset + at)
            if count < len(chunk):
                raise truncated(source.name, header, at + count)
            if is_swapped:
                swap(chunk, array.itemsize)
        return stop

    with Workers(choose_threads(threads) if len(data) >= MIN_SIZE else 1) as workers:
        # Once at least, for progress.
        for done in workers.map(read, range(0, len(data) or 1, CHUNK)):
            if progress is not None:
                progress(header.offset + done, source.size)


def check_size(source: Source, header: Header) -> None:
    """Hold what the header of a raw file announces against the size of the file."""
    total = header.offset + header.nbytes
    if source.size < total:
        raise truncated(source.name, header, source.size - header.offset)
    if source.size > total:
        raise TrailingDataError(
            "more bytes follow the payload" + swapped_hint(header, source.size - header.offset),
            filename=source.name,
            offset=total,
            expected=total,
            found=source.size,
        )


def truncated(filename: str, header: Header, count: int) -> TruncatedError:
    """The error for a raw payload that ends after so many bytes."""
    return TruncatedError(
        f"the payload ends at byte {count:,} of {header.nbytes:,}; "
        "the file is truncated or still downloading" + swapped_hint(header, count),
        filename=filename,
        offset=header.offset + count,
        expected=header.offset + header.nbytes,
        found=header.offset + count,
    )
