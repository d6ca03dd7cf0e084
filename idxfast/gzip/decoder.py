"""Decode a gzip source in one pass, block by block and member by member."""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from ..errors import GzipError, TrailingDataError, TruncatedError
from ..native.deflate import crc32
from ..native.inflate import BAD, BLOCK, END, INPUT, SPACE, Inflater
from ..storage.source import Source
from ..storage.streams import ForwardSource
from ..threads.ordered_map import map_serially
from ..typing import Memory
from .input_buffer import FIRST_CHUNK, InputBuffer
from .members import BGZF_MAX_SIZE, read_member_header, skip_padding, verify_trailer
from .segments import Segment
from .small_members import Map, SmallMembers

# About how many bytes one call decodes: few enough to be still in the second-level cache when their
# CRC-32 is computed, and to let Ctrl-C take effect soon.
PIECE = 256 << 10
# How far back a DEFLATE stream can copy from.
WINDOW_SIZE = 32 << 10
# A `block_stop` that no block reaches.
NEVER = (1 << 64) - 1


class Place(NamedTuple):
    """Where a decoder can begin: at the start of a block, or outside a member.

    Attributes
    ----------
    bit : int
        The first bit of the block in the source, or of what follows the member.
    position : int
        Where in the unpacked stream the block's data start.
    members : int
        The number of members begun before.
    is_inside : bool
        Whether the last of them has not ended yet.
    member_position : int
        Where in the unpacked stream that member starts.
    crc : int
        The CRC-32 of that member's data before `position`.
    """

    bit: int
    position: int
    members: int
    is_inside: bool
    member_position: int
    crc: int


class Decoder:
    """Decodes a source from start to end, and verifies each member.

    Parameters
    ----------
    source : Source or ForwardSource
        Starts with a gzip member.

    Attributes
    ----------
    input : InputBuffer
        The compressed bytes that come next.
    position : int
        How many bytes of the unpacked stream have been decoded.
    total : int
        How many bytes the unpacked stream should have; 0 while that is unknown.
    end_bit : int
        A bit of the source. Small members are decoded together only before it.
    """

    def __init__(self, source: Source | ForwardSource) -> None:
        self.input = InputBuffer(source)
        self.position = 0
        self.total = 0
        self.end_bit = NEVER
        self._out: Memory = np.empty(0, np.uint8)
        self._origin = 0  # the position in the unpacked stream where `_out` begins
        self._history: bytes | Memory = b""  # the unpacked stream before that
        self._inflater = Inflater()
        self._small_members = SmallMembers()
        self._members = 0  # the number of members begun
        self._is_inside = False  # whether the last of them has not ended yet
        self._is_at_block = False  # whether the next bit begins a block
        self._member_offset = 0  # where in the source the member's compressed data start
        self._member_position = 0  # where in the unpacked stream the member starts
        self._was_small = False  # whether the previous member was small
        self._crc = 0  # of the member's data so far

    def write_to(self, out: Memory, origin: int = 0, history: bytes | Memory = b"") -> None:
        """Decode into other memory from now on.

        Parameters
        ----------
        out : ndarray
            Memory for the unpacked stream from `origin` on. What has been decoded of that part is
            already in the memory.
        origin : int
        history : bytes-like
            The unpacked stream just before `origin`, as far back as it can be copied from.
        """
        self._out, self._origin, self._history = out, origin, history

    @property
    def place(self) -> Place | None:
        """Where the decoder is; None inside a block, where no decoder can begin."""
        if self._is_inside and not self._is_at_block:
            return None
        bit, crc = self.input.source_bit, self._crc if self._is_inside else 0
        state = self._members, self._is_inside, self._member_position, crc
        return Place(bit, self.position, *state)

    def move_to(self, place: Place, chunk: int = FIRST_CHUNK) -> None:
        """Begin at a place; the first chunk of the source that is read there has `chunk` bytes."""
        self.input.move_to(place.bit >> 3, chunk)
        self.input.bit = place.bit & 7
        _, self.position, self._members, self._is_inside, self._member_position, self._crc = place
        self._member_offset = self.input.offset
        self._is_at_block = self._is_inside
        self._inflater.reset()

    def advance(
        self, max_bytes: int = PIECE, map: Map = map_serially, *, block_stop: int = NEVER
    ) -> bool:
        """Decode the next piece: about `max_bytes` bytes at most, or a batch of small members.

        An error is raised once everything before the fault has been decoded, and again by later
        calls.

        Parameters
        ----------
        max_bytes : int
        map : callable
            `Workers.map`, or a function like it, to decode several groups of small members.
        block_stop : int
            A bit of the source. Decoding pauses after the first block that ends there or later.

        Returns
        -------
        bool
            False at the end of the source.

        Raises
        ------
        IdxError
            If the source is damaged, or holds more than fits into the memory.
        """
        if not self._is_inside:
            if self._decode_small_members(map) or (self._members and skip_padding(self.input)):
                return True
            if not self._begin_member():
                return False
        input = self.input
        max_bits = input.prepare()
        at = self.position - self._origin
        start, history = self._window()
        stop, input.bit, after, reason = self._inflater.decode(
            input.data,
            input.bit,
            self._out,
            at,
            start=start,
            history=history,
            block_stop=max(block_stop - input.source_bit + input.bit, 0),
            max_bits=max_bits,
            max_bytes=max_bytes,
        )
        self._crc = crc32(self._out[at:after], self._crc)
        self.position = self._origin + after
        self._is_at_block = stop == BLOCK
        if after == at:
            if stop == END:
                self._end_member()
            if stop == INPUT and not input.grow():
                raise self.truncated()
            if stop == SPACE:
                raise self.trailing_data()
            if stop == BAD:
                what = f"the compressed data of gzip member {self._members} are damaged: {reason}"
                raise input.fault(GzipError, what, self.position, "a DEFLATE stream", reason)
        return True

    def append(self, segment: Segment) -> bool:
        """Write a segment whose symbols have been decoded; False if it does not come next.

        The decoder goes on with the segment's input and, inside a block, with its inflater. The
        segment gets the decoder's in exchange.
        """
        is_next = self._is_inside and self._is_at_block and segment.start == self.input.source_bit
        if not is_next:
            return False
        at = self.position - self._origin
        start, history = self._window()
        after = segment.symbols.copy(self._out, at, start=start, history=history)
        if after < 0:
            return False
        self._crc = crc32(self._out[at:after], self._crc)
        self.position = self._origin + after
        self.input, segment.input = segment.input, self.input
        self._is_at_block = segment.stop == BLOCK
        if self._is_at_block:
            # At a block's start any inflater will do. This one is in this thread's cache already.
            self._inflater.reset()
        else:
            self._inflater, segment.inflater = segment.inflater, self._inflater
        return True

    def window(self) -> Memory:
        """The last 32 KiB of the member's data, or as many of them as the memory holds."""
        at = self.position - self._origin
        return self._out[max(self._member_position - self._origin, at - WINDOW_SIZE, 0) : at]

    def _decode_small_members(self, map: Map) -> bool:
        """Decode the small members that come next; False if there are none."""
        at = self.position - self._origin
        count, after = self._small_members.decode(
            self.input, self._out, at, map, follows=self._was_small, end_bit=self.end_bit
        )
        self.position = self._origin + after
        self._members += count
        return count > 0

    def _begin_member(self) -> bool:
        """Begin the next member; False if there is none."""
        if not read_member_header(self.input, self._members + 1, self.position):
            return False
        self._members += 1
        self._member_offset = self.input.offset
        self._member_position = self.position
        self._crc = 0
        self._inflater.reset()
        self._is_inside = self._is_at_block = True
        return True

    def _end_member(self) -> None:
        """End the current member, and verify it."""
        self.input.skip_to_byte()
        size = self.position - self._member_position
        is_small = self.input.offset - self._member_offset <= BGZF_MAX_SIZE
        verify_trailer(self.input, self._members, self.position, self._crc, size)
        self._was_small, self._is_inside = is_small, False

    def _window(self) -> tuple[int, bytes | Memory]:
        """Where the member starts in the memory, and its data before the memory."""
        start = self._member_position - self._origin
        if start >= 0:
            return start, b""
        return 0, self._history[max(len(self._history) + start, 0) :]

    def truncated(self) -> TruncatedError:
        """The error for data that end too early: inside a member, or after the last."""
        known = self.total if self.total < sys.maxsize else 0  # as in `pieces`
        total = f" of {known:,}" if known else ""
        reason = (
            "; the file is truncated or still downloading"
            if self._is_inside
            else f", and gzip member {self._members:,}, the last, ends there, too"
        )
        return self.input.fault(
            TruncatedError,
            f"the unpacked data end at byte {self.position:,}{total}{reason}",
            self.position,
            known or "a whole gzip member",
            self.position,
            part="container" if self._is_inside else "payload",
            ahead=len(self.input.unread),
        )

    def trailing_data(self) -> TrailingDataError:
        """The error for data that continue past their expected end."""
        total = self.total
        reason = f"the unpacked data continue past the {total:,} bytes that the header announces"
        return self.input.fault(TrailingDataError, reason, total, total, "more", part="end")
