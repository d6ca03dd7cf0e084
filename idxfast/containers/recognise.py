"""What a file comes in, archives included, judged by its first bytes, whatever its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import IdxError
from ..format import Header
from ..storage.source import MemorySource, Source
from ..storage.streams import StreamSource
from ..threads.importing import importing
from . import gzip, raw, simple
from .refusal import explain_refusal
from .request import Request
from .simple import Container

# `zip` and `tar` are imported when they are needed, because few files are archives, and zipfile and
# tarfile take long to import.

# How many bytes `container_of` looks at: a tar archive is recognised by its 258th to 262nd.
START = 262

_ZIP = (b"PK\3\4", b"PK\5\6")  # the second if the archive is empty
_TAR = b"ustar"


def container_of(start: bytes) -> Container:
    """The container of a file that starts with these bytes; raw if no other fits.

    Parameters
    ----------
    start : bytes
        `START` bytes, or all that there are. Of fewer bytes, everything but tar is recognised.
    """
    found = simple.COMMON.get(start[:2])
    if found is not None:
        return found
    if start[:4] in _ZIP:
        with importing:
            from . import zip
        return zip
    if start[257:262] == _TAR:
        with importing:
            from . import tar
        return tar
    return simple.container_of(start)


def container_in(source: Source | StreamSource) -> Container:
    """The container of a source; errors as in `check_member`."""
    if isinstance(source, StreamSource):
        return container_of(source.peek(simple.START))
    found = container_of(source.read(START, 0))
    if source.member is not None:
        check_member(source, found)
    return found


def check_member(source: Source, container: Container) -> None:
    """Refuse a file that is no archive if the caller named a member of it, with an `IdxError`."""
    if source.member is not None and container.NAME not in ("zip", "tar"):
        raise IdxError(
            f"the file has no member {source.member!r}, because it is no archive",
            part="container",
            filename=source.name,
            offset=0,
            expected="a zip or tar archive",
            found=container.NAME,
        )


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a file, or a part of it, in whatever container it is; errors as in `simple.read`."""
    if request.out is not None:
        simple.check_overlap(source, request)
    container = container_in(source)
    # Memory and streams need no other source to be read in order.
    if not isinstance(source, (MemorySource, StreamSource)) and not (
        request.is_part and container in (raw, gzip)
    ):
        source = source.in_order()
    try:
        return container.read(source, request)
    except IdxError as error:
        explain_refusal(error, source, container.NAME, request.stated, request.packed_in)
        raise


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of a file, in whatever container it is."""
    container = container_in(source)
    try:
        return container.read_header(source)
    except IdxError as error:
        # No more of a compressed file is unpacked than its header.
        if container is raw:
            explain_refusal(error, source, raw.NAME, None)
        raise
