"""What can only be read in order: pipes, sockets, and any other object with ``read``."""

from __future__ import annotations

import sys
from typing import Any, cast

from ..errors import printable
from .identity import ObjectVersion
from .pread import MAX_READ


class StreamSource:
    """An object with ``read`` or ``readinto``, of unknown size, read in order.

    The object may return fewer bytes than asked for. If it returns None, as a non-blocking file
    without data does, that is a `BlockingIOError`, not the end. Nothing is read after the end,
    because a terminal would wait for more.

    Attributes
    ----------
    name : str
    argument : str or None
        As for `MemorySource`.
    identity : ObjectVersion or None
        How the file is recognised when another process opens it; None if it cannot be.
    """

    __slots__ = ("_file", "_has_ended", "_owned", "_peeked", "argument", "identity", "name", "size")

    def __init__(self, file: Any, name: str, *, owned: bool, argument: str | None = None) -> None:
        self.argument = argument
        self.identity: ObjectVersion | None = None
        self._file = file
        self._owned = owned
        self._peeked = b""
        self._has_ended = False
        self.name = name
        self.size = None

    def __enter__(self) -> StreamSource:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._file.close()

    def peek(self, count: int) -> bytes:
        """The next bytes, `count` or all that are left. They stay unread."""
        start = self.read(count)
        self._peeked = start + self._peeked
        return start

    def read(self, count: int) -> bytes:
        """The next bytes: `count`, or fewer at the end."""
        memory = bytearray(count)
        return bytes(memory[: self.read_into(memoryview(memory))])

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer with the next bytes, as far as there are any; return how many."""
        done = min(len(self._peeked), len(buffer))
        buffer[:done], self._peeked = self._peeked[:done], self._peeked[done:]
        while done < len(buffer) and not self._has_ended:
            piece = buffer[done : done + MAX_READ]
            count = self._read_some(piece)
            if count is None:
                raise BlockingIOError(
                    f"{printable(self.name)}: the non-blocking file has no data yet"
                )
            if not 0 <= count <= len(piece):
                raise OSError(
                    f"{printable(self.name)}: read {count} bytes where {len(piece)} were asked for"
                )
            self._has_ended = count == 0
            done += count
        return done

    def _read_some(self, piece: memoryview) -> int | None:
        if hasattr(self._file, "readinto"):
            return cast("int | None", self._file.readinto(piece))
        data = self._file.read(len(piece))
        if isinstance(data, str):
            raise TypeError(f"{printable(self.name)} reads text; open it in binary mode")
        if data is not None and len(data) <= len(piece):
            piece[: len(data)] = data
        return None if data is None else len(data)


class ForwardSource:
    """A `StreamSource` with the methods of a `FileSource`, for readers that never go back.

    Parameters
    ----------
    stream : StreamSource

    Attributes
    ----------
    name : str
    size : int
        No limit: the size is not known.
    """

    __slots__ = ("_offset", "_stream", "name", "size")

    def __init__(self, stream: StreamSource) -> None:
        self._stream = stream
        self._offset = 0
        self.name = stream.name
        self.size = sys.maxsize

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer with what comes next, as far as there is any; return how many bytes."""
        assert offset == self._offset
        count = self._stream.read_into(buffer)
        self._offset += count
        return count
