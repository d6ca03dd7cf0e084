"""Raw IDX files: the payload is read straight into the array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..diagnosis.size import trailing, truncated
from ..errors import FormatError
from ..format import MAX_HEADER_SIZE, Header
from ..native.buffers import swap
from ..storage.memory import MemorySource
from ..storage.source import Progress, Source
from ..storage.streams import StreamSource
from ..threads.count import choose_threads
from ..threads.importing import importing
from ..threads.ordered_map import Workers
from . import in_order
from .arrays import bytes_of
from .header import parse_header
from .part import Part
from .request import Request

NAME = "raw"
# What IDX files start with.
MAGIC = b"\0\0"

# How many bytes one thread reads at a time, and after how many of them it swaps the bytes, which
# are then still in cache.
CHUNK = 4 << 20
SWAPPED = 512 << 10
# Arrays of at least this many bytes are read on several threads.
MIN_SIZE = 8 << 20


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a file, whose size has to be what the header announces."""
    if isinstance(source, StreamSource):
        return in_order.read(source, request)
    header = request.stated or read_header(source)
    part = request.part(header, source.name)
    check_size(source, header, request.unpacked_from)
    array = request.destination(part.header, source.name)
    _read_part(source, header, part, array, request.threads, request.progress)
    return array


def read_header(source: Source | StreamSource) -> Header:
    """Read the header alone. If the bytes look like a path instead, the error says so."""
    if isinstance(source, StreamSource):
        return in_order.read_header(source)
    start = source.read(MAX_HEADER_SIZE, 0)
    try:
        return parse_header(start, source.name)
    except FormatError:
        refuse_path(source, start)
        raise


def refuse_path(source: Source, start: bytes) -> None:
    """Refuse bytes that the caller passed as the content of a file, but that look like a path.

    Raises
    ------
    FormatError
        If they do.
    """
    with importing:
        from ..diagnosis.start import explain_path  # needed for refusals alone
        from ..diagnosis.text import looks_like_path

    is_content = isinstance(source, MemorySource) and source.is_content
    if is_content and source.size <= MAX_HEADER_SIZE and looks_like_path(start):
        raise explain_path(source.name, start) from None


def check_size(source: Source, header: Header, unpacked_from: str | None = None) -> None:
    """Compare the size of a file with what its header announces.

    Parameters
    ----------
    source : Source
    header : Header
    unpacked_from : str, optional
        If the file is a member of an archive that is whole: "zip" or "tar".

    Raises
    ------
    TruncatedError, TrailingDataError
        If they differ.
    """
    total = header.offset + header.nbytes
    if source.size < total:
        raise truncated(source.name, header, source.size - header.offset, unpacked_from)
    if source.size > total:
        raise trailing(source.name, header, source.size)


def _read_part(
    source: Source,
    header: Header,
    part: Part,
    array: np.ndarray[Any, Any],
    threads: int | None,
    progress: Progress | None,
) -> None:
    """Read a part of a file, whose size has been checked, into an array of the part's shape.

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
            count = source.read_into(chunk, part.offset + at)
            if count < len(chunk):
                raise truncated(source.name, header, part.offset - header.offset + at + count)
            if is_swapped:
                swap(chunk, array.itemsize)
        return stop

    if len(data) <= CHUNK:
        read(0)
        if progress is not None:
            progress(part.end, part.end)
        return
    with Workers(choose_threads(threads) if len(data) >= MIN_SIZE else 1) as workers:
        for done in workers.map(read, range(0, len(data), CHUNK)):
            if progress is not None:
                progress(part.offset + done, part.end)
