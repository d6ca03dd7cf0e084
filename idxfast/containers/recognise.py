"""Which container a file comes in, judged by its first bytes, whatever its name."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..format import Header
from ..storage.source import MemorySource, Source, StreamSource
from . import gzip, raw
from .request import Request

# How many bytes `container_of` looks at. No more of a pipe is read before the container is known.
START = 4


class Container(Protocol):
    """What each of `raw`, `gzip`, `bz2` and `xz` offers."""

    NAME: str

    def read(self, source: Source | StreamSource, request: Request, /) -> np.ndarray[Any, Any]:
        """Read a whole file into an array, and verify it."""

    def read_header(self, source: Source | StreamSource, /) -> Header:
        """Read the header alone; what follows it may be missing or damaged."""


def container_of(start: bytes) -> Container:
    """The container of a file that starts with these bytes; raw if no other fits."""
    if start[:2] == gzip.MAGIC:
        return gzip
    if start[:2] == b"\0\0":  # as in every IDX file
        return raw
    # Few files come in these containers, so their modules are imported only when needed.
    from . import bz2, xz

    if start[:4] == xz.MAGIC:
        return xz
    # If nothing follows the first three bytes, the file is bzip2 that is cut short.
    if start[:3] == bz2.MAGIC and start[3:4] in bz2.LEVELS:
        return bz2
    return raw


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a whole file, in whatever container it is.

    Raises
    ------
    ValueError
        If ``out=`` overlaps the memory that is read, which would be overwritten.
    """
    if (
        isinstance(source, MemorySource)
        and isinstance(request.out, np.ndarray)
        and source.overlaps(request.out)
    ):
        raise ValueError("out= overlaps the data that are read")
    start = source.peek(START) if isinstance(source, StreamSource) else source.read(START, 0)
    return container_of(start).read(source, request)


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of a file, in whatever container it is."""
    start = source.peek(START) if isinstance(source, StreamSource) else source.read(START, 0)
    return container_of(start).read_header(source)
