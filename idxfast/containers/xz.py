"""xz IDX files, as QMNIST has them: unpacked by the standard library's lzma.

A file may hold several streams, with padding after each, as `xz` writes and reads them. The check
that a stream names (CRC-32, CRC-64 or SHA-256) is verified. A stream may also be made without a
check.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..format import Header
from ..storage.source import Source
from ..storage.streams import StreamSource
from . import unpacking
from .request import Request

NAME = "xz"
# The first four of the six bytes that a stream starts with; the decoder looks at the others.
MAGIC = b"\xfd7zX"
# The header of a block asks for memory to unpack it, in bytes. `xz -9` needs 65 MiB.
MEMORY_LIMIT = 128 << 20
# Padding after a stream is a multiple of this many bytes.
PADDING = 4


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a whole file into an array."""
    return unpacking.read(source, codec(source.name), request)


def read_header(source: Source | StreamSource) -> Header:
    """Read the header alone; what follows it may be missing or damaged."""
    return unpacking.read_header(source, codec(source.name))


def codec(filename: str) -> unpacking.Codec:
    """How the standard library unpacks these files."""
    lzma = unpacking.import_module("lzma", NAME, filename)

    def fault(decoder: Any) -> str | None:
        # If liblzma does not support a stream's check, it decodes the stream without an error.
        check = decoder.check
        if check == lzma.CHECK_UNKNOWN or lzma.is_check_supported(check):
            return None
        return f"a check of type {check} is not supported"

    return unpacking.Codec(
        NAME,
        MAGIC,
        lzma.LZMAError,
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY_LIMIT),
        PADDING,
        fault,
    )
