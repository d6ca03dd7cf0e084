"""What compressed archives hold, unpacked in order."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from ..errors import IdxError
from ..gzip.pieces import pieces
from ..storage.streams import ForwardSource, StreamSource
from ..typing import Memory
from . import bz2, unpacking, xz, zst
from .simple import START, container_of

# How many bytes are skipped at a time.
_SKIPPED = 256 << 10
# The most bytes of an archive that are read in one piece: of a zip file's directory, which has 46
# bytes and the name for each member; of a header of a tar archive; and of a member.
MAX_PIECE = 4 << 20
# The most bytes that the headers of all members of a tar archive may take together. tarfile keeps
# the headers, which may contain long names.
MAX_HEADERS = 16 << 20

_CODECS: dict[str, Callable[[str], unpacking.Codec]] = {
    module.NAME: module.codec for module in (xz, bz2, zst)
}


class Bounded:
    """A file that refuses to read a large piece at once, whatever sizes an archive states.

    Attributes
    ----------
    left : int
        How many more bytes may be read; skipped ones do not count. Whoever goes through an archive
        limits with it what the header of one member may take.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = sys.maxsize
        self.seek = file.seek
        self.tell = file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(MAX_PIECE + 1 if size < 0 else min(size, MAX_PIECE + 1))
        self.left -= len(data)
        if len(data) > MAX_PIECE or self.left < 0:
            raise ValueError(f"a part of the archive has more than {MAX_PIECE:,} bytes")
        return data


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

    def close(self) -> None:
        """Free the decoder's memory, even if an error refers to this object."""
        self._read = _nothing
        super().close()

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


def _nothing(size: int) -> bytes:
    return b""


class _Pieces:
    """Reads from the pieces of a gzip file."""

    def __init__(self, found: Iterator[tuple[Memory, int]]) -> None:
        self._pieces = found
        self._left = memoryview(b"")

    def read(self, size: int) -> bytes:
        """The next bytes, at least one and at most `size`; none at the end of the file."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = memoryview(piece[0])
        data, self._left = self._left[:size], self._left[size:]
        return data.tobytes()


def unpacked(file: BinaryIO, name: str) -> BinaryIO:
    """The unpacked content of a compressed file, called `name` in messages, or the file itself."""
    container = container_of(file.read(START)).NAME
    file.seek(0)
    read: Callable[[int], bytes]
    if container == "gzip":
        read = _Pieces(pieces(ForwardSource(StreamSource(file, name, owned=False)))).read
    elif container in _CODECS:
        codec = _CODECS[container](name)
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
