"""IDX files in zip files.

The sizes that a zip file states for its members are no evidence, and data that were compressed
twice can be a million times as large as the file. So a member is read in order, into memory that
grows as its bytes arrive. Its compressed size in the file limits how large it may become.
"""

from __future__ import annotations

import contextlib
import errno
import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from ..errors import IdxError, SizeError
from ..gzip.stream import MAX_RATIO
from ..storage.source import StreamSource
from . import raw
from .recognise import START, container_of, read, read_header
from .request import Request

# What zipfile raises, depending on which byte of a file is wrong; NotImplementedError is a
# RuntimeError.
_ZIP_ERRORS = zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError

# The methods that packers choose by default. LZMA's header asks for up to 4 GiB of memory.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# A compressed IDX file may be this many times as large as its compressed size in the zip file. The
# zip file makes images and labels no smaller, because they are compressed already; zeros become 20
# to 300 times smaller.
_MAX_GAIN = 16
# A member smaller than this many bytes has the limits of one of this size. So compressed files of
# up to 1 MiB, and arrays of up to 64 MiB, are always read.
_LEAST = 64 << 10
# How many bytes of a member are unpacked at a time.
_CHUNK = 1 << 20


class _Member:
    """The bytes of a member, to be read in order."""

    def __init__(self, file: IO[bytes], name: str, packed_size: int) -> None:
        self._name = name
        # A small member is read as a whole at once, so that the zip file's checksum is verified
        # first.
        self._file = io.BufferedReader(file, _CHUNK)  # type: ignore[type-var]
        self._left = sys.maxsize
        container = container_of(self._file.peek(START)[:START])
        self._kind = container.NAME
        if container is not raw:
            self._left = self._limit = _MAX_GAIN * packed_size

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        data = self._file.read(min(size, _CHUNK))
        self._left -= len(data)
        if self._left < 0:
            raise SizeError(
                f"the {self._kind} file is larger than its compressed size in the zip file allows",
                part="container",
                filename=self._name,
                offset=self._limit,
                expected=f"at most {self._limit:,} bytes",
                found="more",
            )
        return data


@contextlib.contextmanager
def open_zip(path: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file. Damage that is met while it is read raises an IdxError."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as opened:
                yield opened
        except IdxError:
            raise
        except (*_ZIP_ERRORS, OSError) as error:
            # zipfile seeks to wherever a damaged file says, even to before its start.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise
            raise IdxError(
                "the zip file cannot be read",
                part="container",
                filename=path,
                offset=file.tell(),
                expected="a whole zip file",
                found=str(error) or type(error).__name__,
            ) from error


def load_member(archive: str, member: str) -> np.ndarray[Any, Any]:
    """Load an IDX file, raw or compressed, from a zip file like EMNIST's gzip.zip.

    Raises
    ------
    KeyError
        If there is no such member.
    SizeError
        If the member is larger, or announces more, than its compressed size can justify.
    IdxError
        If the zip file or the member is damaged, or the member is neither stored nor deflated.
    """
    name = f"{archive}: {member}"
    with open_zip(archive) as opened:
        info = opened.getinfo(member)
        if info.compress_type not in _METHODS:
            raise IdxError(
                "the member's compression method is not supported",
                part="container",
                filename=name,
                offset=info.header_offset,
                expected="stored or deflated",
                found=f"method {info.compress_type}",
            )
        packed_size = max(min(info.compress_size, _size_of(opened)), _LEAST)
        limit = MAX_RATIO * packed_size
        with opened.open(info) as file:
            header = read_header(_source(file, name, packed_size))
        if header.nbytes > limit:
            raise SizeError(
                f"the header announces more than {packed_size:,} compressed bytes can hold",
                part="dimensions",
                filename=name,
                offset=4,
                expected=f"at most {limit:,} bytes",
                found=header.nbytes,
            )
        with opened.open(info) as file:
            return read(_source(file, name, packed_size), Request(max_bytes=limit))


def _source(file: IO[bytes], name: str, packed_size: int) -> StreamSource:
    return StreamSource(_Member(file, name, packed_size), name, owned=False)


def _size_of(opened: zipfile.ZipFile) -> int:
    """The size of the zip file in bytes."""
    file = opened.fp
    assert file is not None
    return file.seek(0, io.SEEK_END)
