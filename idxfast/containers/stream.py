"""Read what cannot tell its size, in order: memory grows only as bytes arrive."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SizeError, TrailingDataError, TruncatedError
from ..format import Header
from ..storage.source import MemorySource, Progress, StreamSource
from ..typing import Memory
from .arrays import allocate, as_payload, bytes_of, check_out
from .gzip import read_header as read_packed_header
from .raw import truncated

# The first guess of the size of a stream.
FIRST_GUESS = 1 << 20
# What gzip may take beside data that do not compress: the longest header with a name of its own.
GZIP_SPACE = 256 << 10
# How much of a compressed stream is read at first to find its header.
HEADER_PIECE = 4 << 10


def read_start(source: StreamSource) -> bytes:
    """The header of a raw stream, as far as it is there, or the first 4 bytes of anything else."""
    start = _read(source, 4)
    if len(start) == 4 and start[:2] == b"\0\0":
        start += _read(source, 4 * start[3])
    return start


def read_payload(
    source: StreamSource,
    header: Header,
    out: np.ndarray[Any, Any] | None,
    progress: Progress | None,
) -> np.ndarray[Any, Any]:
    """The payload of a raw stream whose header has been read, as it stands in the file.

    Raises
    ------
    TruncatedError, TrailingDataError
        If the stream does not end where the header says.
    """
    if out is None:
        memory = _read_growing(source, header.nbytes)
        count = len(memory)
    else:
        check_out(out, header, source.name)
        count = source.read_into(memoryview(bytes_of(out)))
    if count < header.nbytes:
        raise truncated(source.name, header, count)
    if source.read_into(memoryview(bytearray(1))):
        raise TrailingDataError(
            "more bytes follow the payload",
            filename=source.name,
            offset=header.offset + count,
            expected="the end of the file",
            found="more",
        )
    if progress is not None:
        progress(header.offset + count, header.offset + count)
    return as_payload(memory, header, 0) if out is None else out


def read_all(source: StreamSource, start: bytes, max_bytes: int | None = None) -> MemorySource:
    """All of a compressed stream, of which the start has been read already.

    Raises
    ------
    SizeError
        If it is larger than data of `max_bytes` are in one member when they do not compress at all.
    """
    limit = None if max_bytes is None else max_bytes + max_bytes // 1000 + GZIP_SPACE
    memory = _read_growing(source, limit, start)
    if len(memory) == limit and source.read_into(memoryview(bytearray(1))):
        raise SizeError(
            "the compressed stream is larger than max_bytes allows",
            filename=source.name,
            offset=limit,
            expected=f"at most {limit:,} bytes",
            found="more",
        )
    return MemorySource(memory, source.name)


def read_header(source: StreamSource, start: bytes) -> Header:
    """The header inside a compressed stream, of which the start has been read already.

    Not much more is read than it takes: four times as much as before, until the header is there.
    """
    size = HEADER_PIECE
    while True:
        start += _read(source, size - len(start))
        try:
            return read_packed_header(MemorySource(start, source.name))
        except TruncatedError:
            if len(start) < size:
                raise
        size *= 4


def _read(source: StreamSource, count: int) -> bytes:
    """The next bytes, as many as asked or all there are."""
    memory = bytearray(count)
    return bytes(memory[: source.read_into(memoryview(memory))])


def _read_growing(source: StreamSource, limit: int | None = None, start: bytes = b"") -> Memory:
    """`start` and what follows it, up to a limit."""
    memory = allocate(FIRST_GUESS if limit is None else min(limit, FIRST_GUESS), source.name)
    memory[: len(start)] = memoryview(start)
    filled = len(start)
    while True:
        filled += source.read_into(memoryview(memory)[filled:])
        if filled < len(memory) or filled == limit:
            return memory[:filled]
        size = 2 * filled if limit is None else min(2 * filled, limit)
        larger = allocate(size, source.name)
        larger[:filled] = memory
        memory = larger
