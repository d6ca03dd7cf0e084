"""gzip IDX files: unpacked into an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TruncatedError
from ..format import MAX_HEADER_SIZE, Header, parse
from ..gzip.stream import MAX_RATIO, GzipStream
from ..native.members import decode_member
from ..native.memory import fill
from ..storage.source import Source
from .arrays import bytes_of, to_native
from .request import Request

# What unpacks to so many bytes is decoded in one call, before its header is looked at.
SMALL = 512 << 10


def read_small(data: bytes, filename: str, request: Request) -> np.ndarray[Any, Any] | None:
    """Read a small file that is in memory; None if it takes the general way.

    That is for what is not one whole, undamaged member that holds just what its header announces.
    """
    content = decode_member(data, SMALL)
    if content is None:
        return None
    header = request.parse(content, filename)
    if header.offset + header.nbytes != len(content):
        return None
    array = request.destination(header, filename)
    fill(array, content, header.offset)
    if request.progress is not None:
        request.progress(len(content), len(content))
    return to_native(array, header)


def read_header(source: Source) -> Header:
    """Read the header alone: what follows it may be missing or damaged."""
    stream = GzipStream(source)
    start = stream.head(4)
    is_idx = len(start) == 4 and start[:2] == b"\0\0"
    size = 4 + 4 * start[3] if is_idx else MAX_HEADER_SIZE
    return parse(stream.head(size), source.name)


def read(source: Source, request: Request) -> np.ndarray[Any, Any]:
    """Read a file of any size straight into the array."""
    stream = GzipStream(source, request.threads, request.progress)
    header = request.parse(stream.head(MAX_HEADER_SIZE), source.name)
    total = header.offset + header.nbytes
    if total > MAX_RATIO * source.size:
        raise TruncatedError(
            f"the header announces {header.nbytes:,} bytes, more than "
            f"{source.size:,} compressed bytes can hold",
            filename=source.name,
            offset=source.size,
            expected=total,
            found=f"at most {MAX_RATIO * source.size:,}",
        )
    array = request.destination(header, source.name)
    stream.read_into(bytes_of(array), header.offset)
    return to_native(array, header)
