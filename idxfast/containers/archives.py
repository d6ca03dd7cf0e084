"""IDX files in zip files.

What a zip file says of its members is no evidence of their size, and data that were compressed
twice can be a million times as large as the file. So a member is read as a stream, in memory that
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
from typing import IO

from ..compat._shared.files import Array
from ..errors import IdxError, SizeError
from ..gzip.container import MAGIC
from ..gzip.stream import MAX_RATIO
from ..reading.loading import load, read_header

EMNIST = "gzip.zip"
"""The file that EMNIST is published as."""

# What zipfile raises, depending on which byte of a file is wrong; NotImplementedError is one, too.
_ZIP_ERRORS = zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError

# The methods that packers use by themselves. LZMA's header asks for up to 4 GiB of memory.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# A gzip file may be this many times as large as its compressed form in the zip file. One that holds
# images or labels becomes no smaller there, because it is compressed already. One of zeros becomes
# 20 to 300 times smaller.
_MAX_GAIN = 16
# The limits of smaller members are those of a member of this size, in bytes. So gzip files of up to
# 1 MiB, and arrays of up to 64 MiB, are always read.
_LEAST = 64 << 10
# How much of a member is unpacked at a time.
_CHUNK = 1 << 20


class _Member:
    """The bytes of a member, to be read in order."""

    def __init__(self, file: IO[bytes], name: str, packed_size: int) -> None:
        self.name = name
        # Of a small member all is read at once, and so the zip file's own checksum comes first.
        self._file = io.BufferedReader(file, _CHUNK)  # type: ignore[type-var]
        self._left = sys.maxsize
        if self._file.peek(len(MAGIC))[: len(MAGIC)] == MAGIC:
            self._left = self._limit = _MAX_GAIN * packed_size

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        data = self._file.read(min(size, _CHUNK))
        self._left -= len(data)
        if self._left < 0:
            raise SizeError(
                "the gzip file is too large for what the zip file holds of it",
                filename=self.name,
                offset=self._limit,
                expected=f"at most {self._limit:,} bytes",
                found="more",
            )
        return data


@contextlib.contextmanager
def open_zip(path: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; one that is damaged, as far as it is read, is an IdxError."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as opened:
                yield opened
        except IdxError:
            raise
        except (*_ZIP_ERRORS, OSError) as error:
            # zipfile seeks to wherever a damaged file says, even before its start.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise
            raise IdxError(
                "the zip file cannot be read",
                filename=path,
                offset=file.tell(),
                expected="a whole zip file",
                found=str(error) or type(error).__name__,
            ) from error


def load_member(archive: str, member: str) -> Array:
    """Load an IDX file, gzip or raw, out of a zip file, like EMNIST's gzip.zip.

    Raises
    ------
    KeyError
        If there is no such member.
    SizeError
        If the member is, or announces, more than the bytes in the zip file are believed to hold.
    IdxError
        If the zip file or the member is damaged, or the member is not stored or deflated.
    """
    name = f"{archive}: {member}"
    with open_zip(archive) as opened:
        info = opened.getinfo(member)
        if info.compress_type not in _METHODS:
            raise IdxError(
                "the member's compression method is not read",
                filename=name,
                offset=info.header_offset,
                expected="stored or deflated",
                found=f"method {info.compress_type}",
            )
        packed_size = max(min(info.compress_size, _size_of(opened)), _LEAST)
        limit = MAX_RATIO * packed_size
        with opened.open(info) as file:
            header = read_header(_Member(file, name, packed_size))
        if header.nbytes > limit:
            raise SizeError(
                f"the header announces more than {packed_size:,} compressed bytes can hold",
                filename=name,
                offset=4,
                expected=f"at most {limit:,} bytes",
                found=header.nbytes,
            )
        with opened.open(info) as file:
            return load(_Member(file, name, packed_size), max_bytes=limit)


def _size_of(opened: zipfile.ZipFile) -> int:
    """Bytes of the zip file."""
    file = opened.fp
    assert file is not None
    return file.seek(0, io.SEEK_END)
