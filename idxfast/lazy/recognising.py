"""What an opened file is: its container, its header, and how parts of its payload are read."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import numpy as np

from ..containers import bgzf, gzip, raw, recognise
from ..containers.gzip_parts import PartsPayload
from ..containers.payload import Payload, RawPayload
from ..containers.refusal import explain_refusal
from ..containers.request import Request
from ..containers.simple import Container
from ..containers.stated import StatedHeader
from ..errors import IdxError, SizeError, with_reason
from ..format import Header
from ..gzip.points import Points
from ..storage.identity import State
from ..storage.kept import Kept
from ..storage.memory import MemorySource
from ..storage.source import PartialSource
from ..storage.streams import StreamSource

# How many bytes are read at first. The header of almost any file lies in them.
HEAD = 4 << 10


class Recognised(NamedTuple):
    """What a file is.

    Attributes
    ----------
    container : str
        For the `container` of `IdxFile`.
    header : Header
        The file's own, or what the caller has stated.
    payload : Payload or None
        None if the file is unpacked into memory.
    """

    container: str
    header: Header
    payload: Payload | None


def recognise_file(
    source: PartialSource,
    state: State,
    kept: Kept,
    threads: int | None,
    points: Points | None,
    stated: StatedHeader | None,
) -> Recognised:
    """Find out what a file is.

    Parameters
    ----------
    source : PartialSource
    state : tuple
        What the source's `state` gave when the file was opened.
    kept, threads, points, stated
        As for `Opened`.

    Raises
    ------
    IdxError
        If the file is not IDX, or its size does not agree with its header. If something would
        explain that, the error says what.
    SizeError
        If the file would be unpacked into memory, and its array is larger than `kept` allows.
    """
    start = source.read(HEAD, 0)
    container = recognise.container_for(source, recognise.container_of(start), stated)
    try:
        header: Header
        if stated is not None:
            header = stated
        else:
            container, header = _read_header(container, source, start)
        name = container.NAME
        payload: Payload | None = None
        if container is raw:
            payload = RawPayload(source, header, state)
        elif container is gzip:
            payload = bgzf.open_blocks(source, start, header, state, kept)
            if payload is not None:
                name = "seekable gzip"
            elif header.nbytes > kept.limit:
                payload = PartsPayload(source, header, state, kept, threads, points)
    except IdxError as error:
        explain_refusal(error, source, container.NAME, stated)
        raise
    if payload is None and header.nbytes > kept.limit:
        raise SizeError(
            f"this {name} file would be unpacked into memory, but the array is larger than "
            "cache_bytes: load the file, or save it as gzip",
            part="dimensions",
            filename=source.name,
            offset=4,
            expected=f"at most {kept.limit:,} bytes",
            found=header.nbytes,
        )
    return Recognised(name, header, payload)


def read_whole(
    source: MemorySource | StreamSource, request: Request, *, is_url: bool
) -> np.ndarray[Any, Any]:
    """Read a source that cannot be read in parts, and close it.

    Raises
    ------
    IdxError
        As `recognise.read` does.
    SizeError
        If the array is larger than the request allows. The error says what to do with a URL.
    """
    with source:
        try:
            return recognise.read(source, request)
        except SizeError as error:
            if not is_url:
                raise
            raise with_reason(
                error,
                "this URL can only be read as a whole, and its array is larger than cache_bytes: "
                "load the file",
            ) from None


def _read_header(
    container: Container, source: PartialSource, start: bytes
) -> tuple[Container, Header]:
    """The container that holds the header, and the header.

    The header is read from the first bytes of the file, or from the file if they are too few.
    """
    if container.NAME in (raw.NAME, gzip.NAME):
        with contextlib.suppress(IdxError):
            return container, container.read_header(MemorySource(start, source.name))
    try:
        return container, container.read_header(source)
    except IdxError as error:
        archive = recognise.archive_in(error, source, container)
        if archive is None:
            raise
    return archive, archive.read_header(source)
