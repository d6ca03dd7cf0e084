"""Raw IDX files: the payload is read straight into the array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..diagnosis.size import trailing, truncated
from ..diagnosis.start import explain_path, looks_like_path
from ..errors import FormatError
from ..format import MAX_HEADER_SIZE, Header
from ..native.buffers import swap
from ..storage.source import MemorySource, Progress, Source, StreamSource
from ..threads.count import choose_threads
from ..threads.ordered_map import Workers
from . import in_order
from .arrays import bytes_of
from .header import parse_header
from .request import Request

NAME = "raw"

# How many bytes one thread reads at a time, and after how many of them it swaps the bytes, which
# are then still in cache.
CHUNK = 4 << 20
SWAPPED = 512 << 10
# Arrays of at least this many bytes are read on several threads.
MIN_SIZE = 8 << 20


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a whole file, whose size has to be what the header announces."""
    if isinstance(source, StreamSource):
        return in_order.read(source, request)
    header = read_header(source, request.max_bytes)
    check_size(source, header)
    array = request.destination(header, source.name)
    _read_payload(source, header, array, request.threads, request.progress)
    return array


def read_header(source: Source | StreamSource, max_bytes: int | None = None) -> Header:
    """Read the header alone. If the bytes look like a path instead, the error says so."""
    if isinstance(source, StreamSource):
        return in_order.read_header(source)
    start = source.read(MAX_HEADER_SIZE, 0)
    try:
        return parse_header(start, source.name, max_bytes)
    except FormatError:
        if is_path(source):
            raise explain_path(source.name, start) from None
        raise


def is_path(source: Source) -> bool:
    """Whether the caller passed bytes, as the content of a file, that look like a path."""
    return (
        isinstance(source, MemorySource)
        and source.is_content
        and source.size <= MAX_HEADER_SIZE
        and looks_like_path(source.read(MAX_HEADER_SIZE, 0))
    )


def check_size(source: Source, header: Header) -> None:
    """Compare the size of a file with what its header announces.

    Raises
    ------
    TruncatedError, TrailingDataError
        If they differ.
    """
    total = header.offset + header.nbytes
    if source.size < total:
        raise truncated(source.name, header, source.size - header.offset)
    if source.size > total:
        raise trailing(source.name, header, source.size)


def _read_payload(
    source: Source,
    header: Header,
    array: np.ndarray[Any, Any],
    threads: int | None,
    progress: Progress | None,
) -> None:
    """Read the payload of a file, whose size has been checked, into an array of its shape.

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
        # At least once, for progress.
        for done in workers.map(read, range(0, len(data) or 1, CHUNK)):
            if progress is not None:
                progress(header.offset + done, source.size)
