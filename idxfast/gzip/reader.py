"""Decode a gzip file, segment by segment, into the caller's memory; checksums are verified.

A segment is closed at a cut, and a cut is a guess. So an error in a file that was cut is not
believed until the file has been decoded once more without cuts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ChecksumError, GzipError, IdxError, TrailingDataError, TruncatedError
from ..native.codec import BAD_DATA, COMPLETE, NO_SPACE, WINDOW, crc32, decode_segment
from ..source import Source
from .container import header_size, pack_trailer
from .inflate import find_damage, read_prefix
from .members import enter, leave
from .segments import STEP, Feed

# A match of 258 bytes takes 2 bits at the least: no DEFLATE stream unpacks to more.
MAX_RATIO = 1032

# The caller sees the head of the stream before it says where the stream goes. It is decoded into
# memory of its own: enough for any header and the window behind it, unless it does not fit.
PREFIX = 1028
HEAD_SIZE = PREFIX + WINDOW
HEAD_STEP = 32 << 10
HEAD_SPACE = 512 << 10

Prepare = Callable[[bytes], tuple[memoryview, int]]
Progress = Callable[[int, int], object]


def decode(source: Source, prepare: Prepare, progress: Progress | None = None) -> None:
    """Decode all of a gzip source.

    Parameters
    ----------
    source : Source
        Starts with a gzip member.
    prepare : callable
        Called with the first `PREFIX` bytes of the unpacked stream, or all there are. Returns the
        memory for the rest and the position in the stream where it starts; it ends where the
        stream has to end. It may be called twice.
    progress : callable, optional
        Called after every segment with the bytes unpacked so far and in all.

    Raises
    ------
    GzipError, TruncatedError, TrailingDataError
        If anything in the file is damaged, missing or too much; then the memory's content is
        undefined.
    """
    decoder = Decoder(source, cuts=True)
    try:
        decoder.decode(prepare, progress)
    except IdxError:
        if not decoder.has_cut:
            raise
        Decoder(source, cuts=False).decode(prepare, progress)


def decode_small(data: bytes) -> bytearray | None:
    """Decode a whole file in one call, if it is one undamaged member of at most `HEAD_SPACE`.

    For any other file it returns None, and `decode` finds out what it is.
    """
    view = memoryview(data)
    try:
        start = header_size(view, "", 0, 1)
    except GzipError:
        return None
    size = int.from_bytes(data[-4:], "little")
    if start is None or size > HEAD_SPACE:
        return None
    content = bytearray(size)
    result, end, position = decode_segment(data, 8 * start, 8 * len(data), False, content, 0, 0)
    whole = result == COMPLETE and position == size
    return content if whole and data[end:] == pack_trailer(crc32(content), size) else None


class NoSpace(Exception):
    """A segment is larger than the memory for it."""


class Decoder:
    """One pass over a gzip source.

    Attributes
    ----------
    has_cut : bool
        Whether anything decoded so far, or the error raised, depends on a cut.
    """

    def __init__(self, source: Source, *, cuts: bool) -> None:
        self.has_cut = False
        self._source = source
        self._feed = Feed(source, cuts=cuts)
        self._position = 0  # bytes unpacked so far
        self._total: int | None = None  # and in all, once known
        self._member = 0  # the current one, from 1; its DEFLATE stream's offset in the file
        self._member_offset = 0
        self._member_position = 0  # where its data start in the unpacked stream
        self._inside = False
        self._crc = 0

    def decode(self, prepare: Prepare, progress: Progress | None) -> None:
        """Do the pass; see `decode`."""
        head = memoryview(np.empty(min(HEAD_SPACE, MAX_RATIO * self._source.size), np.uint8))
        more = True
        try:
            while more and self._position < HEAD_SIZE:
                more = self._advance(head, 0, HEAD_STEP)
            prefix = bytes(head[: min(PREFIX, self._position)])
        except NoSpace:
            prefix = read_prefix(self._source, PREFIX)
        out, origin = prepare(prefix)
        self._total = origin + len(out)
        if self._position > self._total:
            raise self._trailing_data()

        target, base = out, origin
        if more and self._position < origin + WINDOW and origin:
            # The window would lie before the caller's memory.
            target, base = memoryview(np.empty(self._total, np.uint8)), 0
        target[: max(self._position - base, 0)] = head[base : self._position]
        try:
            while more:
                more = self._advance(target, base, STEP)
                if progress is not None:
                    progress(self._position, self._total)
        except NoSpace:
            raise self._trailing_data() from None
        if self._position < self._total:
            raise self._truncated(self._position, self._feed.offset)
        if target is not out:
            out[:] = target[origin:]

    def _advance(self, out: memoryview, base: int, step: int) -> bool:
        """Decode the next segment into memory that starts at position `base` of the stream.

        Return False if there is none. After NoSpace, the same segment is still to come.
        """
        feed = self._feed
        if not self._inside:
            self._member += 1
            if not enter(feed, self._source.name, self._member):
                return False
            self._member_offset = feed.offset
            self._member_position = self._position
            self._crc = 0
            self._inside = True
        at = self._position - base
        window = min(WINDOW, self._position - self._member_position)
        while True:
            start, stop, cut = feed.segment(step)
            result, end, after = decode_segment(feed.data, start, stop, cut, out, at, window)
            if result != BAD_DATA or cut or feed.at_end:
                break
            feed.grow()
        self.has_cut |= cut
        if result == NO_SPACE:
            raise NoSpace
        if result == BAD_DATA:
            raise self._damaged()
        self._crc = crc32(out[at:after], self._crc)
        self._position = base + after
        if result == COMPLETE:
            feed.move_to(8 * end)
            self._leave()
        else:
            feed.move_to(stop)
        return True

    def _leave(self) -> None:
        """Verify the member that has ended."""
        self._inside = False
        size = self._position - self._member_position
        try:
            leave(self._feed, self._source.name, self._member, self._crc, size)
        except ChecksumError as error:
            # libdeflate takes some codes for others that RFC 1951 forbids; zlib names them.
            if not self.has_cut and find_damage(self._source, self._member_offset) is not None:
                raise self._damaged() from error
            raise

    def _damaged(self) -> IdxError:
        """The error for a member whose compressed data libdeflate does not take."""
        reason = "libdeflate refuses them"
        offset = self._feed.offset
        # What is looked at again need not be explained now.
        damage = None if self.has_cut else find_damage(self._source, self._member_offset)
        if damage is not None and damage.reason is None:
            return self._truncated(self._member_position + damage.unpacked, damage.offset)
        if damage is not None and damage.reason is not None:
            reason, offset = damage.reason, damage.offset
        return GzipError(
            f"the compressed data of gzip member {self._member} are damaged: {reason}",
            filename=self._source.name,
            offset=offset,
            expected="a DEFLATE stream",
            found=reason,
        )

    def _truncated(self, position: int, offset: int) -> TruncatedError:
        total = "" if self._total is None else f" of {self._total:,}"
        return TruncatedError(
            f"the unpacked data end at byte {position:,}{total}; "
            "the file is truncated or still downloading",
            filename=self._source.name,
            offset=offset,
            expected=self._total if self._total is not None else "a whole gzip member",
            found=position,
        )

    def _trailing_data(self) -> TrailingDataError:
        return TrailingDataError(
            f"the unpacked data go on behind the {self._total:,} bytes that the header announces",
            filename=self._source.name,
            offset=self._feed.offset,
            expected=self._total,
            found="more",
        )
