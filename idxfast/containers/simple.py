"""Files that hold one IDX file and nothing else. Their first bytes tell the container."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np

from ..errors import IdxError
from ..format import Header
from ..storage.memory import MemorySource
from ..storage.source import Source
from ..storage.streams import StreamSource
from . import gzip, raw
from .refusal import explain_refusal
from .request import Request

# How many bytes `container_of` looks at. No more of a pipe is read before the container is known.
START = 4
# Whether the standard library unpacks Zstandard.
HAS_ZSTANDARD = sys.version_info >= (3, 14)


class Container(Protocol):
    """What each container offers."""

    NAME: str

    def read(self, source: Source | StreamSource, request: Request, /) -> np.ndarray[Any, Any]:
        """Read a whole file into an array, and verify it."""

    def read_header(self, source: Source | StreamSource, /) -> Header:
        """Read the header alone; what follows it may be missing or damaged."""


# The containers of nearly all files, by the first two bytes. IDX files all start with two zeros.
COMMON: dict[bytes, Container] = {gzip.MAGIC: gzip, raw.MAGIC: raw}


def container_of(start: bytes) -> Container:
    """The container of a file that starts with these bytes; raw if no other fits."""
    found = COMMON.get(start[:2])
    if found is not None:
        return found
    # Few files come in these containers, so their modules are imported only when needed.
    from . import bz2, xz, zst

    if start[:4] == xz.MAGIC:
        return xz
    if start[:4] == zst.MAGIC and HAS_ZSTANDARD:
        return zst
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
    check_overlap(source, request)
    container = _container_in(source)
    try:
        return container.read(source, request)
    except IdxError as error:
        explain_refusal(error, source, container.NAME, request.stated, request.unpacked_from)
        raise


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of a file, in whatever container it is."""
    return _container_in(source).read_header(source)


def check_overlap(source: Source | StreamSource, request: Request) -> None:
    """Refuse an ``out=`` in the memory that is read, with a ValueError."""
    if (
        isinstance(source, MemorySource)
        and isinstance(request.out, np.ndarray)
        and source.overlaps(request.out)
    ):
        raise ValueError("out= overlaps the data that are read")


def _container_in(source: Source | StreamSource) -> Container:
    start = source.peek(START) if isinstance(source, StreamSource) else source.read(START, 0)
    return container_of(start)
