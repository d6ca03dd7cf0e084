"""What compressed archives hold, unpacked in order."""

from __future__ import annotations

import functools
import gzip
import io
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

from ..containers import bz2, recognise, unpacking, xz
from ..errors import IdxError
from ..storage.streams import StreamSource

# How many bytes are skipped at a time.
_SKIPPED = 256 << 10


class Unpacked(io.RawIOBase):
    """What a compressed file holds, as a file that is read in order.

    Parameters
    ----------
    read : callable
        Takes a number of bytes; returns at most as many, and none at the end.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Skip to a later position. Going back would take too long, and is a ValueError."""
        if whence != io.SEEK_SET or offset < self._at:
            raise ValueError("a part of the archive lies before the one that leads to it")
        while self._at < offset and self.read(min(offset - self._at, _SKIPPED)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As many bytes as asked for, unless the end comes first."""
        pieces = []
        while size > 0 and (piece := self._read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
        return b"".join(pieces)


def unpacked(file: BinaryIO, name: str) -> BinaryIO:
    """The unpacked content of a compressed file, called `name` in messages, or the file itself."""
    container = recognise.container_of(file.read(recognise.START)).NAME
    file.seek(0)
    read: Callable[[int], bytes]
    if container == "gzip":
        read = functools.partial(_read_gzip, gzip.GzipFile(fileobj=file), name)
    elif container in (xz.NAME, bz2.NAME):
        codec = xz.codec(name) if container == xz.NAME else bz2.codec(name)
        read = unpacking.Unpacked(StreamSource(file, name, owned=False), codec).read
    else:
        return file
    return cast("BinaryIO", Unpacked(read))


def unpacked_start(file: BinaryIO, size: int) -> bytes:
    """The first bytes of the unpacked content of a file; none if they are damaged."""
    try:
        return unpacked(file, "").read(size)
    except (IdxError, OSError):
        return b""


def _read_gzip(file: gzip.GzipFile, name: str, size: int) -> bytes:
    try:
        return file.read(size)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise IdxError(
            "the gzip data cannot be unpacked",
            part="container",
            filename=name,
            position=file.tell(),
            expected="undamaged gzip data",
            found=str(error),
        ) from error
