"""A source as a file object, for code of the standard library."""

from __future__ import annotations

import errno
import io
import os
from typing import Any

from .source import Source

# How many bytes `SourceFile.read` takes memory for before they have been read.
TAKEN = 1 << 20


class SourceFile(io.RawIOBase):
    """A source as a file object, for code of the standard library."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}
        at = starts[whence] + offset
        if at < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))  # as a file does
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Read `size` bytes, or to the end; memory grows as bytes arrive, whatever the size."""
        if size is None or size < 0:
            return self.readall()
        pieces = []
        while size > 0:
            piece = super().read(min(size, TAKEN))
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        view = view[: max(self._source.size - self._at, 0)]
        count = self._source.read_into(view, self._at) if len(view) else 0
        self._at += count
        return count
