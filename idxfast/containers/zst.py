"""Zstandard IDX files: unpacked by the standard library's compression.zstd, from Python 3.14 on.

A file may hold several frames, one after another. A frame may be made without a checksum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..format import Header
from ..storage.source import Source
from ..storage.streams import StreamSource
from . import unpacking
from .request import Request

NAME = "Zstandard"
# What a frame starts with. The decoder refuses a frame that needs more than 128 MiB of memory.
MAGIC = b"\x28\xb5\x2f\xfd"


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a whole file into an array."""
    return unpacking.read(source, codec(source.name), request)


def read_header(source: Source | StreamSource) -> Header:
    """Read the header alone; what follows the block with it may be missing or damaged."""
    return unpacking.read_header(source, codec(source.name))


def codec(filename: str) -> unpacking.Codec:
    """How the standard library unpacks these files."""
    zstd = unpacking.import_module("compression.zstd", NAME, filename)
    return unpacking.Codec(NAME, MAGIC, zstd.ZstdError, zstd.ZstdDecompressor)
