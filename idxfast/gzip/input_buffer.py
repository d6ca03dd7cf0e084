"""The compressed bytes of a source, in order, a chunk at a time."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from ..errors import IdxError, Part
from ..storage.source import Source
from ..storage.streams import ForwardSource
from ..typing import Memory

# Bytes. The first chunk is enough for an IDX header. Each further chunk is twice as large, up to
# what stays in the second-level cache while it is decoded.
FIRST_CHUNK = 4 << 10
CHUNK = 256 << 10
# Bytes at the end of a chunk that are not decoded until more follow, unless the source ends there:
# close to the end of its input, the decoder cannot use several cursors.
RESERVE = 48 << 10

Error = TypeVar("Error", bound=IdxError)


class InputBuffer:
    """The compressed bytes of a source, in order, from an offset on.

    Parameters
    ----------
    source : Source or ForwardSource

    Attributes
    ----------
    name : str
        The source's name, for messages.
    data : ndarray
        The current chunk.
    bit : int
        The first unread bit of `data`.
    at_end : bool
        Whether the chunk extends to the end of the source.
    """

    def __init__(self, source: Source | ForwardSource) -> None:
        self._source = source
        self.name = source.name
        # Each chunk overwrites the previous one.
        self._memory: Memory = np.empty(min(CHUNK + 2 * RESERVE, source.size), np.uint8)
        self._chunk = FIRST_CHUNK
        self.move_to(0)

    def move_to(self, offset: int, chunk: int = FIRST_CHUNK) -> None:
        """Move to an offset of the source; the first chunk there has `chunk` bytes."""
        self.data = self._memory[:0]
        self.bit = 0
        self.at_end = False
        self._base = offset  # where in the source `data` starts
        self._chunk = chunk

    @property
    def offset(self) -> int:
        """The first unread byte's offset in the source."""
        return self._base + (self.bit >> 3)

    @property
    def source_bit(self) -> int:
        """The first unread bit's position in the source."""
        return 8 * self._base + self.bit

    @property
    def unread(self) -> Memory:
        """The unread bytes of the chunk."""
        return self.data[self.bit >> 3 :]

    def fill(self, wanted: int) -> None:
        """Make at least `wanted` unread bytes available, or all that are left."""
        kept = self.unread
        if len(kept) >= wanted or self.at_end:
            return
        offset = self.offset + len(kept)
        count = min(max(wanted - len(kept), self._chunk), max(self._source.size - offset, 0))
        space = len(kept) + count
        memory = self._memory if len(self._memory) >= space else np.empty(space, np.uint8)
        memory[: len(kept)] = kept
        self._memory, self.data = memory, memory[: len(kept)]
        self._base += self.bit >> 3
        self.bit &= 7
        read = self._source.read_into(memoryview(memory)[len(kept) : space], offset)
        self.data = memory[: len(kept) + read]
        self.bit = min(self.bit, 8 * len(self.data))  # nothing may be left where one moved to
        self._chunk = min(2 * self._chunk, CHUNK)
        # A short read means that the file became shorter while it was read.
        self.at_end = read < count or offset + read >= self._source.size

    def grow(self) -> bool:
        """Make twice as many bytes available, or all that are left; False if there are no more."""
        before = len(self.unread)
        self.fill(2 * before + 1)
        return len(self.unread) > before

    def prepare(self) -> int:
        """Make bytes available for a call of the decoder; return how many bits it may consume."""
        self.fill(min(2 * RESERVE, self._chunk))
        left = 8 * len(self.data) - self.bit
        return left if self.at_end else max(left - 8 * RESERVE, left // 2)

    def skip(self, count: int) -> None:
        """Skip `count` bytes, at most to the end of the chunk."""
        self.bit = min(self.bit + 8 * count, 8 * len(self.data))

    def skip_to_byte(self) -> None:
        """Skip to the next byte boundary."""
        self.bit = (self.bit + 7) & ~7

    def fault(
        self,
        error: type[Error],
        reason: str,
        position: int,
        expected: object,
        found: object,
        *,
        part: Part = "container",
        ahead: int = 0,
    ) -> Error:
        """An error `ahead` bytes after the first unread byte. See `IdxError` for the rest."""
        return error(
            reason,
            part=part,
            filename=self.name,
            offset=self.offset + ahead,
            position=position,
            expected=expected,
            found=found,
        )
