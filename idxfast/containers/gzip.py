"""gzip IDX files: unpacked into an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import IdxError, TruncatedError
from ..format import DTYPES, MAX_HEADER_SIZE, Header
from ..gzip.members import MAGIC
from ..gzip.stream import GzipStream
from ..native.buffers import fill
from ..native.inflate import decode_member
from ..storage.memory import MemorySource
from ..storage.source import Source
from ..storage.streams import StreamSource
from ..threads.importing import importing
from .arrays import bytes_of, to_native
from .header import check_limit, parse_header
from .in_order import read_all
from .ratio import check_ratio
from .refusal import explain_refusal
from .request import Request

__all__ = ["MAGIC", "NAME", "SMALL", "read", "read_header"]

NAME = "gzip"

# A file of at most SMALL bytes is decoded in one call if it unpacks to at most UNPACKED bytes.
SMALL = 64 << 10
UNPACKED = 512 << 10
# How many bytes of a compressed stream are read at first to find its header.
HEADER_PIECE = 4 << 10


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a file, or a part of it, straight into the array."""
    if request.is_part or request.stated is not None:
        with importing:
            from . import gzip_slice  # most files are read as a whole
        return gzip_slice.read(source, request.stated or read_header(source), request)
    if not isinstance(source, StreamSource):
        return _read_whole(source, request)
    content = read_all(source, request.max_bytes)
    try:
        return _read_whole(content, request)
    except IdxError as error:
        explain_refusal(error, content, NAME, request.stated, request.unpacked_from)
        raise


def _read_whole(source: Source, request: Request) -> np.ndarray[Any, Any]:
    if source.size <= SMALL:
        array = _read_small(source.read(SMALL, 0), source.name, request)
        if array is not None:
            return array
    stream = GzipStream(source, request.threads, request.progress)
    header = parse_header(stream.head(MAX_HEADER_SIZE), source.name)
    check_limit(header, source.name, request.max_bytes)
    check_ratio(source, header)
    array = request.destination(header, source.name)
    stream.read_into(bytes_of(array), header.offset)
    return to_native(array, header)


def _read_small(data: bytes, filename: str, request: Request) -> np.ndarray[Any, Any] | None:
    """Read a file that is one whole, undamaged member; None if it has to be read in another way.

    The data are decoded before their header is looked at.
    """
    content = decode_member(data, UNPACKED)
    if content is None:
        return None
    header = parse_header(content, filename)
    if request.max_bytes is not None:
        check_limit(header, filename, request.max_bytes)
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
    is_idx = len(start) == 4 and start[:2] == b"\0\0" and start[2] in DTYPES
    size = 4 + 4 * start[3] if is_idx else MAX_HEADER_SIZE
    return parse_header(stream.head(size), source.name)


def _read_header_in_order(source: StreamSource) -> Header:
    """Peek at four times as many bytes each time, until the whole header is among them."""
    size = HEADER_PIECE
    while True:
        start = source.peek(size)
        try:
            return read_header(MemorySource(start, source.name))
        except TruncatedError:
            if len(start) < size:
                raise
        size *= 4
