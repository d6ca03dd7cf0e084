"""Some rows of a gzip file, read once: nothing is noted for further reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..format import Header
from ..gzip.scanner import Consume, copy_into, read_part
from ..storage.kept import Kept
from ..storage.memory import MemorySource
from ..storage.source import FileSource, Source
from ..storage.streams import ForwardSource, StreamSource
from ..typing import Memory
from . import bgzf
from .arrays import bytes_of, check_out, to_native
from .part import Part
from .ratio import check_ratio
from .request import Request

# How many bytes are enough for the block of the header, if the file has tables of its blocks.
HEAD = 4 << 10


def read(source: Source | StreamSource, header: Header, request: Request) -> np.ndarray[Any, Any]:
    """Read the rows that are asked for, and decode nothing after them.

    A seekable file is decoded from the first of the rows on, any other one from its start.
    """
    part = request.part(header, source.name)
    if isinstance(source, StreamSource):
        return to_native(_read_in_order(source, header, part, request), part.header)
    check_ratio(source, header)
    array = request.destination(part.header, source.name)
    blocks = None
    is_first, is_here = part.offset == header.offset, isinstance(source, (FileSource, MemorySource))
    # The first rows need no table, but a block that is decoded as a whole is verified.
    if not is_first or (is_here and not part.is_last):
        blocks = bgzf.find_listed_blocks(source, source.read(HEAD, 0), header, Kept(0))
        if blocks is None and is_here and not is_first:
            blocks = bgzf.find_all_blocks(source, header, Kept(0))
    if blocks is None:
        consume = copy_into(bytes_of(array), part.offset)
        _read_from_start(source.in_order(), header, part, request, consume)
    else:
        blocks.read_into(bytes_of(array), part.offset)
        if request.progress is not None:
            request.progress(part.end, part.end)
    return to_native(array, part.header)


def _read_in_order(
    stream: StreamSource, header: Header, part: Part, request: Request
) -> np.ndarray[Any, Any]:
    """Read from a stream of unknown size: new memory grows as data arrive."""
    source = ForwardSource(stream)
    if request.out is not None:
        check_out(request.out, part.header, source.name)
        consume = copy_into(bytes_of(request.out), part.offset)
        _read_from_start(source, header, part, request, consume)
        return request.out
    content = bytearray()

    def collect(_: int, piece: Memory) -> None:
        content.extend(memoryview(piece))

    _read_from_start(source, header, part, request, collect)
    array = request.destination(part.header, source.name)
    bytes_of(array)[:] = np.frombuffer(content, np.uint8)
    return array


def _read_from_start(
    source: Source | ForwardSource, header: Header, part: Part, request: Request, consume: Consume
) -> None:
    total, threads = header.offset + header.nbytes, request.threads
    read_part(source, total, part.offset, part.end, consume, threads, request.progress)
