"""Raw IDX files: mapped, without touching the payload."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from ..containers import raw
from ..containers.header import parse_header
from ..containers.raw import check_size
from ..containers.recognise import START, container_of
from ..diagnosis.start import explain_path
from ..errors import IdxError, TruncatedError
from ..format import MAX_HEADER_SIZE
from ..storage.inputs import open_source
from ..storage.source import FileSource, MemorySource
from ..typing import ReadableFile

_ACCESS = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY, "r+": mmap.ACCESS_WRITE}


def map_file(file: ReadableFile, mode: str) -> np.ndarray[Any, Any]:
    """Map the payload of a raw file, as `load` does with an ``mmap_mode``."""
    if mode not in _ACCESS:
        raise ValueError(f"mmap_mode is {mode!r}, not 'r', 'c' or 'r+'")
    with open_source(file, "r+b" if mode == "r+" else "rb") as source:
        if not isinstance(source, FileSource):
            if isinstance(source, MemorySource) and raw.is_path(source):
                raise explain_path(source.name, source.read(4, 0))
            raise _unmappable(source.name, "something else")
        start = source.read(MAX_HEADER_SIZE, 0)
        container = container_of(start[:START])
        if container is not raw:
            raise _unmappable(source.name, f"{container.NAME}: load the file, or unpack it first")
        header = parse_header(start, source.name)
        check_size(source, header)
        try:
            mapping, at = source.map(_ACCESS[mode])
        except ValueError:
            raise TruncatedError(
                "the file has become shorter since it was opened",
                part="payload",
                filename=source.name,
                offset=header.offset,
                expected=source.size,
                found="fewer bytes",
            ) from None
    # np.frombuffer holds the mapping's buffer, so that the mapping cannot be closed while there is
    # an array. np.ndarray alone would give the buffer back at once.
    content = np.frombuffer(mapping, np.uint8)
    return np.ndarray(header.shape, header.dtype, content, at + header.offset)


def _unmappable(filename: str, found: str) -> IdxError:
    return IdxError(
        "only a raw file on disk can be mapped",
        part="container",
        filename=filename,
        offset=0,
        expected="a raw IDX file",
        found=found,
    )
