"""One pass over a gzip source: from block to block, and from member to member."""

from __future__ import annotations

import numpy as np

from ..errors import GzipError, TrailingDataError, TruncatedError
from ..native.checksum import crc32
from ..native.inflate import BAD, BLOCK, END, INPUT, SPACE, Inflater
from ..storage.source import Source
from ..threads.ordered_map import map_here
from ..typing import Memory
from .container import BGZF_MAX_SIZE
from .feed import Feed
from .groups import Groups, Map
from .members import enter, leave, skip_padding
from .segments import Segment

# Bytes decoded in one call, about: few enough that their CRC-32 is computed while they are still in
# the second-level cache, and that Ctrl-C does not wait long.
PIECE = 256 << 10
# A `block_stop` that no block reaches.
NEVER = (1 << 64) - 1


class Decoder:
    """Decodes a source from its first byte to its last, and verifies each member.

    Parameters
    ----------
    source : Source
        Starts with a gzip member.

    Attributes
    ----------
    feed : Feed
        The compressed bytes, from where the decoder is.
    position : int
        How many bytes of the unpacked stream have been decoded.
    total : int
        How many there have to be in all; 0 while that is unknown.
    """

    def __init__(self, source: Source) -> None:
        self.feed = Feed(source)
        self.position = 0
        self.total = 0
        self._filename = source.name
        self._out: Memory = np.empty(0, np.uint8)
        self._origin = 0  # the position in the stream of the first byte of `_out`
        self._history = b""  # the stream's bytes before that
        self._inflater = Inflater()
        self._groups = Groups()
        self._members = 0  # how many have been entered
        self._is_inside = False  # whether the last member entered has not been left yet
        self._is_at_block = False  # whether the next bit begins a block
        self._member_offset = 0  # where in the source its compressed data start
        self._member_position = 0  # and its data in the unpacked stream
        self._was_small = False
        self._crc = 0

    def write_to(self, out: Memory, origin: int = 0, history: bytes = b"") -> None:
        """Decode into other memory from now on.

        Parameters
        ----------
        out : ndarray
            Memory for the stream from a position on. What has been decoded of that is there
            already.
        origin : int
            The position.
        history : bytes
            The stream's bytes before that.
        """
        self._out, self._origin, self._history = out, origin, history

    def advance(
        self, max_bytes: int = PIECE, map: Map = map_here, *, block_stop: int = NEVER
    ) -> bool:
        """Decode about `max_bytes` bytes more at most, or one batch of small members.

        What is wrong is raised once all before it has been decoded, and again by each later call.

        Parameters
        ----------
        max_bytes : int
        map : callable
            As `Workers.map`; decodes several groups of small members.
        block_stop : int
            A bit of the source: decode no more after the first block that ends there or later.

        Returns
        -------
        bool
            False at the end of the source.

        Raises
        ------
        IdxError
            If the source is damaged, or holds more than there is memory for.
        """
        if not self._is_inside:
            if self._decode_group(map) or (self._members and skip_padding(self.feed)):
                return True
            if not self._enter():
                return False
        feed = self.feed
        max_bits = feed.prepare()
        at = self.position - self._origin
        start, history = self._window()
        stop, feed.bit, after, reason = self._inflater.decode(
            feed.data,
            feed.bit,
            self._out,
            at,
            start=start,
            history=history,
            block_stop=max(block_stop - feed.source_bit + feed.bit, 0),
            max_bits=max_bits,
            max_bytes=max_bytes,
        )
        self._crc = crc32(self._out[at:after], self._crc)
        self.position = self._origin + after
        self._is_at_block = stop == BLOCK
        if after == at:
            if stop == END:
                self._leave()
            if stop == INPUT and not feed.grow():
                raise self.truncated()
            if stop == SPACE:
                raise self.trailing_data()
            if stop == BAD:
                raise self._damaged(str(reason))
        return True

    def append(self, segment: Segment) -> bool:
        """Take over a segment whose symbols have been decoded; False if it does not follow.

        The decoder goes on with the segment's feed, and with its inflater inside a block; the
        segment gets the decoder's old ones.
        """
        is_next = self._is_inside and self._is_at_block and segment.start == self.feed.source_bit
        if not is_next:
            return False
        at = self.position - self._origin
        start, history = self._window()
        after = segment.symbols.copy(self._out, at, start=start, history=history)
        if after < 0:
            return False
        self._crc = crc32(self._out[at:after], self._crc)
        self.position = self._origin + after
        self.feed, segment.feed = segment.feed, self.feed
        self._is_at_block = segment.stop == BLOCK
        if self._is_at_block:
            # At a block's start any inflater will do, and the old one is in this thread's cache.
            self._inflater.reset()
        else:
            self._inflater, segment.inflater = segment.inflater, self._inflater
        return True

    def _decode_group(self, map: Map) -> bool:
        """Decode small members; False if there are none."""
        at = self.position - self._origin
        count, after = self._groups.decode(self.feed, self._out, at, map, follows=self._was_small)
        self.position = self._origin + after
        self._members += count
        return count > 0

    def _enter(self) -> bool:
        """Begin the next member; False if there is none."""
        if not enter(self.feed, self._filename, self._members + 1, self.position):
            return False
        self._members += 1
        self._member_offset = self.feed.offset
        self._member_position = self.position
        self._crc = 0
        self._inflater.reset()
        self._is_inside = self._is_at_block = True
        return True

    def _leave(self) -> None:
        """Verify the member that has ended."""
        self.feed.skip_to_byte()
        size = self.position - self._member_position
        is_small = self.feed.offset - self._member_offset <= BGZF_MAX_SIZE
        leave(self.feed, self._filename, self._members, self.position, self._crc, size)
        self._was_small, self._is_inside = is_small, False

    def _window(self) -> tuple[int, bytes]:
        """The window's start in the memory, and the member's data that precede the memory."""
        start = self._member_position - self._origin
        return (start, b"") if start >= 0 else (0, self._history[self._member_position :])

    def truncated(self) -> TruncatedError:
        """The error for data that end before they should."""
        total = f" of {self.total:,}" if self.total else ""
        return TruncatedError(
            f"the unpacked data end at byte {self.position:,}{total}; "
            "the file is truncated or still downloading",
            filename=self._filename,
            offset=self.feed.offset + len(self.feed.unread),
            position=self.position,
            expected=self.total or "a whole gzip member",
            found=self.position,
        )

    def trailing_data(self) -> TrailingDataError:
        """The error for data that do not end where they should."""
        return TrailingDataError(
            f"the unpacked data go on after the {self.total:,} bytes that the header announces",
            filename=self._filename,
            offset=self.feed.offset,
            position=self.total,
            expected=self.total,
            found="more",
        )

    def _damaged(self, reason: str) -> GzipError:
        return GzipError(
            f"the compressed data of gzip member {self._members} are damaged: {reason}",
            filename=self._filename,
            offset=self.feed.offset,
            position=self.position,
            expected="a DEFLATE stream",
            found=reason,
        )
