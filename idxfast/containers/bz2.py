"""bzip2 IDX files: unpacked by the standard library's bz2.

A file may hold several streams, as pbzip2 and concatenation make them. The CRC-32 of each block and
of each stream is verified.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..format import Header
from ..storage.source import Source
from ..storage.streams import StreamSource
from . import unpacking
from .request import Request

NAME = "bzip2"
# A stream starts with these bytes and a level.
MAGIC = b"BZh"
LEVELS = b"123456789"


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a whole file into an array."""
    return unpacking.read(source, codec(source.name), request)


def read_header(source: Source | StreamSource) -> Header:
    """Read the header alone; what follows the block with it may be missing or damaged."""
    return unpacking.read_header(source, codec(source.name))


def codec(filename: str) -> unpacking.Codec:
    """How the standard library unpacks these files."""
    bz2 = unpacking.import_module("bz2", NAME, filename)
    return unpacking.Codec(NAME, MAGIC, OSError, bz2.BZ2Decompressor)
