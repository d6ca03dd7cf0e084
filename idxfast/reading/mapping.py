"""Map IDX files: raw ones as they are, compressed ones from the cache of unpacked files."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from ..containers import raw
from ..containers.header import parse_header
from ..containers.raw import check_size
from ..containers.recognise import archive_in, container_for, container_of
from ..containers.refusal import explain_refusal
from ..containers.request import Request
from ..containers.simple import Container
from ..containers.stated import StatedHeader
from ..errors import IdxError, TruncatedError
from ..format import MAX_HEADER_SIZE, Header
from ..storage.inputs import open_source
from ..storage.memory import MemorySource
from ..storage.source import FileSource, Progress
from ..threads.importing import importing
from ..typing import ReadableFile

_ACCESS = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY, "r+": mmap.ACCESS_WRITE}


def map_file(
    file: ReadableFile,
    mode: str,
    stated: StatedHeader | None,
    threads: int | None,
    progress: Progress | None,
    max_bytes: int | None,
) -> np.ndarray[Any, Any]:
    """Map the payload of a file, as `load` does with an ``mmap_mode``."""
    if mode not in _ACCESS:
        raise ValueError(f"mmap_mode is {mode!r}, not 'r', 'c' or 'r+'")
    with open_source(file, "r+b" if mode == "r+" else "rb") as source:
        if not isinstance(source, FileSource):
            if isinstance(source, MemorySource):
                raw.refuse_path(source, source.read(MAX_HEADER_SIZE, 0))
            raise _unmappable(
                "only a file on disk can be mapped", source.name, "a file on disk", "something else"
            )
        start = source.read(MAX_HEADER_SIZE, 0)
        container = container_for(source, container_of(start), stated)
        if container is raw:
            try:
                header = stated or parse_header(start, source.name)
                check_size(source, header)
                return _map(source, header, mode)
            except IdxError as error:
                explain_refusal(error, source, raw.NAME, stated)
                raise
        _check_mappable(source, container.NAME, mode)
        request = Request(None, threads, progress, max_bytes, stated=stated)
        try:
            return _map_unpacked(source, container, request, mode)
        except IdxError as error:
            archive = archive_in(error, source, container)
            if archive is None:
                explain_refusal(error, source, container.NAME, stated)
                raise
        return _map_unpacked(source, archive, request, mode)


def _map_unpacked(
    source: FileSource, container: Container, request: Request, mode: str
) -> np.ndarray[Any, Any]:
    # Few files are mapped in this way, and hashlib takes long to import.
    with importing:
        from .unpacking import header_in, open_unpacked
    with open_unpacked(source, container, request) as unpacked:
        return _map(unpacked, header_in(unpacked, request.stated), mode)


def _check_mappable(source: FileSource, kind: str, mode: str) -> None:
    """Refuse, with an `IdxError`, a compressed file that cannot be mapped as the caller asks."""
    if mode == "r+":
        raise _unmappable(
            "a compressed file cannot be mapped for writing, because the changes would not "
            "get into it: unpack the file first",
            source.name,
            "a raw IDX file",
            kind,
        )
    if source.member is not None:
        raise _unmappable(
            "a member of an archive cannot be mapped: load it without mmap_mode",
            source.name,
            "the name of a file",
            f"a member of a {kind} archive",
        )


def _map(source: FileSource, header: Header, mode: str) -> np.ndarray[Any, Any]:
    """Map the payload of a raw file."""
    # mmap refuses an empty file. A stated header may describe one.
    if 0 in header.shape and source.size == 0:
        empty = np.empty(header.shape, header.dtype)
        empty.flags.writeable = mode != "r"
        return empty
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


def _unmappable(reason: str, filename: str, expected: str, found: str) -> IdxError:
    return IdxError(
        reason, part="container", filename=filename, offset=0, expected=expected, found=found
    )
