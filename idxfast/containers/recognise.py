"""Recognise the container of a file, archives included, by its first bytes, whatever its name."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from ..errors import FormatError, IdxError
from ..format import Header
from ..storage.memory import MemorySource
from ..storage.source import Source
from ..storage.streams import StreamSource
from ..threads.importing import importing
from . import gzip, raw, simple
from .in_order import read_all
from .refusal import explain_refusal
from .request import Request
from .simple import Container
from .stated import StatedHeader

# `zip` and `tar` are imported when they are needed, because few files are archives, and zipfile and
# tarfile take long to import.

# How many bytes `container_of` looks at: a tar archive is recognised by the bytes from 257 to 261.
START = 262

_ARCHIVES = ("zip", "tar")
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


def container_in(source: Source | StreamSource, stated: StatedHeader | None) -> Container:
    """The container of a stream; of any other source, that of `container_for`."""
    if not isinstance(source, StreamSource):
        return container_for(source, container_of(source.read(START, 0)), stated)
    start = source.peek(simple.START)
    found = container_of(start)
    # A file that is not IDX may be a tar archive, which only later bytes tell. They are not waited
    # for, because the sender of something else may wait for an answer.
    if found is raw and start[:2] != raw.MAGIC:
        found = container_of(source.peek_arrived(START))
    return found


def container_for(source: Source, container: Container, stated: StatedHeader | None) -> Container:
    """The container to read a file from: the file's own, or a tar archive that is compressed in it.

    A compressed archive is looked for only if the caller has named a member or stated a header.
    Otherwise, `archive_in` looks for one after the file has been refused as an IDX file.

    Raises
    ------
    IdxError
        If the caller named a member of a file that is no archive.
    """
    is_named = source.member is not None
    if not (is_named or stated) or container.NAME in _ARCHIVES:
        return container
    if container is not raw and _holds_tar(source):
        return _packed_tar()
    if is_named:
        raise IdxError(
            f"the file has no member {source.member!r}, because it is no archive",
            part="container",
            filename=source.name,
            offset=0,
            expected="a zip or tar archive",
            found=container.NAME,
        )
    return container


def archive_in(
    error: IdxError, source: Source | StreamSource, container: Container
) -> Container | None:
    """The container of compressed tar archives, if a file is one and was therefore refused.

    Parameters
    ----------
    error : IdxError
        What `container` raised.
    source, container
        The file, and its own container.
    """
    if container is raw or container.NAME in _ARCHIVES or isinstance(source, StreamSource):
        return None
    is_not_idx = isinstance(error, FormatError) and error.part == "start"
    return _packed_tar() if is_not_idx and _holds_tar(source) else None


def _holds_tar(source: Source) -> bool:
    found: bool = _packed_tar().is_packed_tar(source)
    return found


def _packed_tar() -> ModuleType:
    with importing:
        from . import packed_tar
    return packed_tar


def read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    """Read a file, or a part of it, in whatever container it is; errors as in `simple.read`."""
    if request.out is not None:
        simple.check_overlap(source, request)
    container = container_in(source, request.stated)
    # Memory and streams need no other source to be read in order.
    if not isinstance(source, (MemorySource, StreamSource)) and not (
        request.is_part and container in (raw, gzip)
    ):
        source = source.in_order()
    if container is gzip and isinstance(source, StreamSource):
        is_whole = not request.is_part and request.stated is None
        source = read_all(source, request.max_bytes) if is_whole else source
    try:
        return container.read(source, request)
    except IdxError as error:
        archive = archive_in(error, source, container)
        if archive is None:
            explain_refusal(error, source, container.NAME, request.stated, request.unpacked_from)
            raise
    return archive.read(source, request)


def read_header(source: Source | StreamSource) -> Header:
    """Read the header of a file, in whatever container it is."""
    container = container_in(source, None)
    try:
        return container.read_header(source)
    except IdxError as error:
        archive = archive_in(error, source, container)
        if archive is None:
            # No more of a stream is read than its header.
            if not isinstance(source, StreamSource):
                explain_refusal(error, source, container.NAME, None)
            raise
    return archive.read_header(source)
