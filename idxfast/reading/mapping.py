"""Raw IDX files: mapped, without touching the payload."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from ..containers.raw import check_size
from ..errors import IdxError, TruncatedError
from ..format import MAX_HEADER_SIZE, parse
from ..gzip.container import MAGIC
from ..storage.opening import open_source
from ..storage.source import FileSource
from ..typing import ReadableFile

_ACCESS = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY, "r+": mmap.ACCESS_WRITE}


def map_file(file: ReadableFile, mode: str) -> np.ndarray[Any, Any]:
    """Map the payload of a raw file, as `load` does with an ``mmap_mode``."""
    if mode not in _ACCESS:
        raise ValueError(f"mmap_mode is {mode!r}, not 'r', 'c' or 'r+'")
    with open_source(file, "r+b" if mode == "r+" else "rb") as source:
        if not isinstance(source, FileSource):
            raise _unmappable(source.name, "something else")
        start = source.read(0, MAX_HEADER_SIZE)
        if start[:2] == MAGIC:
            raise _unmappable(source.name, "a gzip file: load it, or unpack it first")
        header = parse(start, source.name)
        check_size(source, header)
        try:
            mapping, at = source.map(_ACCESS[mode])
        except ValueError:
            raise TruncatedError(
                "the file has become shorter since it was opened",
                filename=source.name,
                offset=header.offset,
                expected=source.size,
                found="fewer bytes",
            ) from None
    # np.ndarray alone would give the mapping's buffer back at once, and whoever then closed the
    # mapping would unmap the array; np.frombuffer keeps it.
    content = np.frombuffer(mapping, np.uint8)
    return np.ndarray(header.shape, header.dtype, content, at + header.offset)


def _unmappable(filename: str, found: str) -> IdxError:
    return IdxError(
        "only a raw file on disk can be mapped",
        filename=filename,
        offset=0,
        expected="a raw IDX file",
        found=found,
    )
