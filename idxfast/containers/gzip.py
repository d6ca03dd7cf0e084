"""gzip IDX files: unpacked into an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TruncatedError
from ..format import MAX_HEADER_SIZE, Header
from ..gzip.members import MAGIC
from ..gzip.stream import MAX_RATIO, GzipStream
from ..native.buffers import fill
from ..native.members import decode_member
from ..storage.source import MemorySource, Source, StreamSource
from .arrays import bytes_of, to_native
from .header import parse_header
from .in_order import read_all
from .request import Request

__all__ = ["MAGIC", "NAME", "SMALL", "check_ratio", "read", "read_header"]

NAME = "gzip"

# A file of at most SMALL bytes is decoded in one call if it unpacks to at most UNPACKED bytes.
SMALL = 64 << 10
UNPACKED = 512 << 10
# How many bytes of a compressed stream are read at first to find its header.
HEADER_PIECE = 4 << 10


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a file straight into the array."""
    if isinstance(source, StreamSource):
        source = read_all(source, request.max_bytes)
    if source.size <= SMALL:
        array = _read_small(source.read(SMALL, 0), source.name, request)
        if array is not None:
            return array
    stream = GzipStream(source, request.threads, request.progress)
    header = parse_header(stream.head(MAX_HEADER_SIZE), source.name, request.max_bytes)
    check_ratio(source, header)
    array = request.destination(header, source.name)
    stream.read_into(bytes_of(array), header.offset)
    return to_native(array, header)


def check_ratio(source: Source, header: Header) -> None:
    """Refuse a header that announces more than the file can hold, however well it is compressed."""
    total = header.offset + header.nbytes
    if total > MAX_RATIO * source.size:
        raise TruncatedError(
            f"the header announces {header.nbytes:,} bytes, more than "
            f"{source.size:,} compressed bytes can hold",
            part="container",
            filename=source.name,
            offset=source.size,
            expected=total,
            found=f"at most {MAX_RATIO * source.size:,}",
        )


def _read_small(data: bytes, filename: str, request: Request) -> np.ndarray[Any, Any] | None:
    """Read a file that is one whole, undamaged member; None if it has to be read in another way.

    The data are decoded before their header is looked at.
    """
    content = decode_member(data, UNPACKED)
    if content is None:
        return None
    header = parse_header(content, filename, request.max_bytes)
    offset = header.offset
    if offset + header.nbytes != len(content):
        return None
    array = request.destination(header, filename)
    fill(array, content, offset)
    if request.progress is not None:
        request.progress(len(content), len(content))
    return to_native(array, header)


def read_header(source: Source | StreamSource) -> Header:
    """Read the header alone; what follows it may be missing or damaged."""
    if isinstance(source, StreamSource):
        return _read_header_in_order(source)
    stream = GzipStream(source)
    start = stream.head(4)
    is_idx = len(start) == 4 and start[:2] == b"\0\0"
    size = 4 + 4 * start[3] if is_idx else MAX_HEADER_SIZE
    return parse_header(stream.head(size), source.name)


def _read_header_in_order(source: StreamSource) -> Header:
    """Read little more than the header: four times as much each time, until the header is there."""
    start = b""
    size = HEADER_PIECE
    while True:
        start += source.read(size - len(start))
        try:
            return read_header(MemorySource(start, source.name))
        except TruncatedError:
            if len(start) < size:
                raise
        size *= 4
