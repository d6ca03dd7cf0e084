"""Bytes in memory as a source."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..typing import BytesLike, Memory


class MemorySource:
    """Bytes in memory, with the methods of a `FileSource`.

    Parameters
    ----------
    data : bytes-like
    name : str
    caller : BytesIO, optional
        The caller's file object, if `data` is its content.
    is_content : bool
        Whether the caller passed the bytes themselves, as the content of a file.
    argument : str, optional
        What the caller passed, if it is a path or URL that gives the data again.

    Attributes
    ----------
    name, is_content, argument
        As given.
    size : int
        How many bytes there are.
    member : str or None
        As for `FileSource`.
    """

    __slots__ = ("_caller", "_data", "argument", "is_content", "member", "name", "size")

    def __init__(
        self,
        data: BytesLike,
        name: str,
        caller: io.BytesIO | None = None,
        *,
        is_content: bool = False,
        argument: str | None = None,
    ) -> None:
        self._data: bytes | Memory
        if type(data) is bytes:
            self._data = data
        else:
            view = memoryview(data)
            content = view if view.c_contiguous else view.tobytes()
            self._data = np.frombuffer(content, np.uint8)
        self._caller = caller
        self.is_content = is_content
        self.argument = argument
        self.name = name
        self.size = len(self._data)
        self.member: str | None = None

    def __enter__(self) -> MemorySource:
        return self

    def __exit__(self, *_: object) -> None:
        # The caller may then resize the buffer, even while keeping an error that refers to this
        # source.
        del self._data

    def in_order(self) -> MemorySource:
        """The source to read most of the data from, in order: this one."""
        return self

    def consume(self) -> None:
        """Leave the caller's file object at the end of the data."""
        if self._caller is not None:
            self._caller.seek(0, io.SEEK_END)

    def overlaps(self, array: np.ndarray[Any, Any]) -> bool:
        """Whether an array may have memory in common with the data."""
        return not isinstance(self._data, bytes) and np.may_share_memory(self._data, array)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from a position, as far as the bytes go; return how many."""
        # A slice of bytes themselves would be a copy. No other thread slices this memoryview.
        piece = memoryview(self._data)[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, count: int, offset: int) -> bytes:
        """Read `count` bytes from a position, or fewer at the end."""
        return bytes(self._data[offset : offset + count])
