"""The bytes of a member of an archive, within bounds.

The sizes that an archive states for its members are no evidence, and data that were compressed
twice can be a million times as large as the file. So a member is read in order, into memory that
grows as its bytes arrive. Its compressed size limits how large it may become.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO

from ..errors import SizeError
from ..format import Header
from ..gzip.stream import MAX_RATIO
from ..storage.streams import StreamSource
from . import raw, simple
from .request import Request
from .simple import START, container_of

# How much of a member is read to find its header. The first block of a bzip2 file has up to 900 KB.
MAX_START = 1 << 20

# A compressed IDX file may be this many times as large as its compressed size in the archive.
# DEFLATE allows 1,032, but the compressed file is held in memory until it is decoded. Compressed
# images and labels become no smaller in an archive, and compressed zeros 20 to 300 times smaller.
# This limit refuses files of more than 1 MiB that gzip has only stored (level 0), if the archive
# makes them much smaller, as it does with zeros.
_MAX_GAIN = 16
# A member smaller than this many bytes has the limits of one of this size. So compressed files of
# up to 1 MiB, and arrays of up to 64 MiB, are always read.
_MIN_SIZE = 64 << 10
# How many bytes of a member are unpacked at a time.
_CHUNK = 1 << 20


class _Start:
    """The start of a file, as if the file ended there."""

    may_wait = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = MAX_START

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


class _Member:
    """The bytes of a member, to be read in order.

    Parameters
    ----------
    file : binary file
        The open member.
    name : str
        The member's name, for messages.
    packed_size, kind, explaining
        As for `open_member`.
    """

    may_wait = False

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        packed_size: int,
        kind: str,
        explaining: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._name = name
        self._kind = kind
        self._explaining = explaining
        # A small member is read as a whole at once, so that the archive's checksum is verified
        # first.
        self._file = io.BufferedReader(file, _CHUNK)  # type: ignore[type-var]
        self._left = sys.maxsize
        container = container_of(self._file.peek(START)[:START])
        self._container = container.NAME
        if container is not raw:
            self._left = self._limit = _MAX_GAIN * packed_size

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        with self._explaining():
            data = self._file.read(min(size, _CHUNK))
        self._left -= len(data)
        if self._left < 0:
            raise SizeError(
                f"the {self._container} file is larger than its compressed size in the "
                f"{self._kind} file allows",
                part="container",
                filename=self._name,
                offset=self._limit,
                expected=f"at most {self._limit:,} bytes",
                found="more",
            )
        return data

    def close(self) -> None:
        """Free the buffer, even if an error refers to this object."""
        self._file = io.BufferedReader(io.BytesIO(), 1)  # type: ignore[assignment]


def read_header(file: IO[bytes], name: str) -> Header:
    """Read the header of an open member, from its first `MAX_START` bytes."""
    return simple.read_header(StreamSource(_Start(file), name, owned=False))


def limited(request: Request, header: Header, packed_size: int, name: str, kind: str) -> Request:
    """The request with the limit that a member's compressed size sets.

    Parameters
    ----------
    request : Request
    header : Header
        What the member announces, or what the caller states.
    packed_size, name, kind
        As for `open_member`.

    Raises
    ------
    SizeError
        If the header announces more than the compressed size can justify.
    """
    packed_size = max(packed_size, _MIN_SIZE)
    limit = MAX_RATIO * packed_size
    if header.nbytes > limit:
        raise SizeError(
            f"the header announces more than {packed_size:,} compressed bytes can hold",
            part="dimensions",
            filename=name,
            offset=4,
            expected=f"at most {limit:,} bytes",
            found=header.nbytes,
        )
    if request.max_bytes is not None:
        limit = min(limit, request.max_bytes)
    return request._replace(max_bytes=limit, unpacked_from=kind)


def open_member(
    file: IO[bytes],
    packed_size: int,
    name: str,
    kind: str,
    explaining: Callable[[], AbstractContextManager[None]],
    argument: str | None,
    *,
    is_content: bool = False,
) -> StreamSource:
    """The source to read an open member from, which refuses one that grows too large.

    The member itself stays open when the source is closed.

    Parameters
    ----------
    file : binary file
    packed_size : int
        The compressed size of the member, at most the size of the archive.
    name : str
        The member's name, for messages.
    kind : str
        ``"zip"`` or ``"tar"``.
    explaining : callable
        Makes a context in which damage to the archive raises an IdxError.
    argument : str or None
        The path or URL by which `load` reads the member, if there is one.
    is_content : bool
        Whether the caller passed the archive as bytes.
    """
    with explaining():
        member = _Member(file, name, max(packed_size, _MIN_SIZE), kind, explaining)
    return StreamSource(member, name, owned=True, argument=argument, is_content=is_content)
