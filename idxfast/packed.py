"""gzip IDX files: unpacked into an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import allocate, as_payload, bytes_of, to_native
from .errors import TruncatedError
from .format import MAX_HEADER_SIZE, Header, parse
from .gzip.prefix import read_prefix
from .gzip.reader import MAX_RATIO, decode, spare
from .native.members import decode_member
from .native.memory import fill
from .request import Request
from .source import Source
from .typing import Memory

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
    start = read_prefix(source, 4)
    is_idx = len(start) == 4 and start[:2] == b"\0\0"
    size = 4 + 4 * start[3] if is_idx else MAX_HEADER_SIZE
    return parse(read_prefix(source, size), source.name)


def read(source: Source, request: Request) -> np.ndarray[Any, Any]:
    """Read a file of any size, in segments, straight into the array."""
    array: np.ndarray[Any, Any]
    header: Header

    def prepare(prefix: bytes) -> tuple[Memory, int, int]:
        nonlocal array, header
        header = request.parse(prefix, source.name)
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
        if request.out is not None:
            array = request.destination(header, source.name)
            return bytes_of(array), header.offset, total
        nbytes = header.nbytes + spare(source, total)
        memory = allocate(nbytes, source.name, before=header.offset)
        array = as_payload(memory, header, header.offset)
        return memory, 0, total

    decode(source, prepare, request.threads, request.progress)
    return to_native(array, header)
