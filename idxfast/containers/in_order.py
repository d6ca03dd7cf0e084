"""IDX files from streams, whose size is not known: memory grows only as bytes arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..diagnosis.size import trailing, truncated
from ..errors import IdxError, SizeError
from ..format import DTYPES, MAX_HEADER_SIZE, MAX_NDIM, Header
from ..storage.memory import MemorySource
from ..storage.streams import StreamSource
from ..typing import Memory
from .arrays import allocate, as_payload, bytes_of, check_out, to_native
from .header import parse_header
from .request import Request

# The first guess of the size of a stream, in bytes.
FIRST_GUESS = 1 << 20
# How many bytes are read between two calls of `progress`.
PIECE = 4 << 20
# How many bytes are skipped at a time.
SKIPPED = 256 << 10
# How many bytes gzip may add to data that do not compress: more than a header with a long name.
GZIP_SPACE = 256 << 10


def read(source: StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read an unpacked file, or a part of it.

    If the file is read to its end, the end has to be where the header says. Nothing is read after
    a part, unless the part is at the end of the file. If the file is refused, what has been read is
    put back, so that the file can be looked at. Skipped bytes are not put back.

    Raises
    ------
    FormatError, TruncatedError, SizeError
        As from `parse_header`.
    TruncatedError, TrailingDataError
        If the end is elsewhere.
    """
    start = b"" if request.stated is not None else read_start(source)
    try:
        header = request.stated or parse_header(start, source.name)
    except IdxError:
        source.put_back(start)
        raise
    at = len(start)
    part = request.part(header, source.name)
    nbytes = part.header.nbytes

    def report(count: int) -> None:
        if request.progress is not None and count < nbytes:
            request.progress(part.offset + count, part.end)

    skipped = _skip(source, part.offset - at)
    if request.out is None:
        memory = _read_growing(source, nbytes, report)
    else:
        check_out(request.out, part.header, source.name)
        memory = bytes_of(request.out)
        memory = memory[: _fill(source, memory, 0, report)]
    at += skipped + len(memory)
    more = source.read(1) if part.is_last and at == part.end else b""
    if at < part.end or more:
        source.put_back(start, memoryview(memory), more)
        if more:
            raise trailing(source.name, header, None)
        raise truncated(source.name, header, at - header.offset, request.unpacked_from)
    if request.progress is not None:
        request.progress(part.end, part.end)
    array = as_payload(memory, part.header, 0) if request.out is None else request.out
    return to_native(array, part.header)


def read_header(source: StreamSource) -> Header:
    """Read the header of an unpacked file, and nothing after it."""
    return parse_header(read_start(source), source.name)


def read_start(source: StreamSource) -> bytes:
    """The header, as far as it is there; of a file that is not IDX, enough to say what it is.

    Such a file is refused at once: no bytes are waited for that have not arrived.
    """
    start = source.read(4)
    is_idx = start[:2] == b"\0\0" and len(start) == 4 and start[2] in DTYPES
    if is_idx and start[3] <= MAX_NDIM:
        return start + source.read(4 * start[3])
    return start + source.read_arrived(MAX_HEADER_SIZE - 4)


def read_all(source: StreamSource, max_bytes: int | None) -> MemorySource:
    """All of a gzip file.

    Raises
    ------
    SizeError
        If it is larger than one member that holds `max_bytes` of data that do not compress.
    """
    limit = None if max_bytes is None else max_bytes + max_bytes // 1000 + GZIP_SPACE
    memory = _read_growing(source, limit)
    if len(memory) == limit and source.read(1):
        raise SizeError(
            "the compressed stream is larger than max_bytes allows",
            part="container",
            filename=source.name,
            offset=limit,
            expected=f"at most {limit:,} bytes",
            found="more",
        )
    argument, is_content = source.argument, source.is_content
    return MemorySource(memory, source.name, argument=argument, is_content=is_content)


def _skip(source: StreamSource, count: int) -> int:
    """Skip `count` bytes of a source, or fewer at its end; return how many."""
    memory: Memory = np.empty(min(count, SKIPPED), np.uint8)
    done = 0
    while done < count:
        piece = memoryview(memory[: count - done])
        skipped = source.read_into(piece)
        done += skipped
        if skipped < len(piece):
            break
    return done


def _read_growing(
    source: StreamSource, limit: int | None, report: Callable[[int], None] | None = None
) -> Memory:
    """The bytes of a source, up to a limit."""
    memory = allocate(FIRST_GUESS if limit is None else min(limit, FIRST_GUESS), source.name)
    filled = 0
    while True:
        filled = _fill(source, memory, filled, report)
        if filled < len(memory) or filled == limit:
            return memory[:filled]
        size = 2 * filled if limit is None else min(2 * filled, limit)
        larger = allocate(size, source.name)
        larger[:filled] = memory
        memory = larger


def _fill(
    source: StreamSource, memory: Memory, filled: int, report: Callable[[int], None] | None
) -> int:
    """Fill memory from byte `filled` on; return how many bytes are filled in the end."""
    while filled < len(memory):
        piece = memoryview(memory[filled : filled + PIECE])
        count = source.read_into(piece)
        filled += count
        if report is not None:
            report(filled)
        if count < len(piece):
            break
    return filled
