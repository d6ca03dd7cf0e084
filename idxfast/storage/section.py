"""A part of a source as a source of its own: the data of a member that an archive only stores."""

from __future__ import annotations

from typing import Protocol


class Positioned(Protocol):
    """What every source that is read by position offers."""

    size: int

    def read(self, count: int, offset: int) -> bytes:
        """Read `count` bytes from a position, or fewer at the end."""

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position, as far as the bytes go; return how many."""


class Section:
    """Bytes of a source, with the methods of a `FileSource`. Nothing of it is held in memory.

    Parameters
    ----------
    source : Positioned
    start : int
        Where in the source the section starts.
    size : int
        The size in bytes that the archive states.
    name : str
    argument : str or None
    is_content : bool

    Attributes
    ----------
    name, argument, is_content
        As given; see `MemorySource`.
    size : int
        As given, or what the source has from `start` on, if that is less.
    """

    member: str | None = None

    def __init__(
        self,
        source: Positioned,
        start: int,
        size: int,
        name: str,
        *,
        argument: str | None,
        is_content: bool,
    ) -> None:
        self._source = source
        self._start = start
        self.name = name
        self.argument = argument
        self.is_content = is_content
        self.size = max(min(size, source.size - start), 0)

    def in_order(self) -> Section:
        """This source."""
        return self

    def read(self, count: int, offset: int) -> bytes:
        """Read `count` bytes from a position, or fewer at the end of the section."""
        count = min(count, self.size - offset)
        return self._source.read(count, self._start + offset) if count > 0 else b""

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position, as far as the section goes; return how many bytes."""
        piece = buffer[: max(self.size - offset, 0)]
        return self._source.read_into(piece, self._start + offset) if len(piece) else 0
