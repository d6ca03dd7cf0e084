"""One pass over a gzip source: from segment to segment, and from member to member."""

from __future__ import annotations

from ..errors import ChecksumError, IdxError, TrailingDataError, TruncatedError
from ..native.checksum import combine_crc32, crc32
from ..native.codec import BAD_DATA, COMPLETE, NO_SPACE, WINDOW
from ..source import Source
from ..typing import Memory
from ..workers import map_here
from .container import BGZF_MAX_SIZE
from .damage import Damage, damaged, find_damage
from .groups import Groups, Map
from .members import enter, leave
from .runs import Mark, Run
from .segments import Feed, decode_next


class NoSpace(Exception):
    """A segment is larger than the memory for it."""


class Damaged(Exception):
    """A member is damaged; `Decoder.damage` finds out how, which takes its time."""


class Decoder:
    """Decodes a source from its first byte to its last, and verifies each member.

    Parameters
    ----------
    source : Source
    out : ndarray
        Where the unpacked stream goes.

    Attributes
    ----------
    position, total : int
        Bytes unpacked so far, and in all; 0 while that is unknown.
    """

    def __init__(self, source: Source, out: Memory) -> None:
        self.position = 0
        self.total = 0
        self._source = source
        self._feed = Feed(source)
        self._memory = out
        self._base = 0  # the position where the memory starts
        self._out = out  # what may be written of it
        self._member = 0  # the current one, from 1
        self._member_offset = 0  # where in the source its compressed data start
        self._member_position = 0  # and its data in the unpacked stream
        self._inside = False
        self._groups = Groups()
        self._was_small = False
        self._crc = 0
        self._fits = False  # whether a lack of space is taken for damage

    @property
    def bit(self) -> int:
        """Where in the source the decoder stands."""
        return self._feed.bit

    @property
    def has_all_space(self) -> bool:
        """Whether it may write up to the end of the stream, and that is known."""
        return self.total == self._base + len(self._out)

    def start(self, count: int) -> bytes:
        """The first bytes of the stream, or all there are, while they are in its memory."""
        return self._out[: min(count, self.position)].tobytes()

    def move_to(self, memory: Memory, base: int) -> None:
        """Go on in other memory, which starts at a position of the stream; take the data along.

        It starts no later than where the decoder stands.
        """
        kept = self.position - base
        memory[:kept] = self._out[base - self._base :][:kept]
        self._memory, self._base = memory, base
        self.confine(self.total)

    def confine(self, position: int) -> None:
        """Write nothing from a position of the stream on: `NoSpace` comes first."""
        self._out = self._memory[: position - self._base]

    def memory(self, position: int) -> Memory:
        """The memory from a position of the stream on, and what there is behind its end."""
        return self._memory[position - self._base :]

    def advance(self, step: int, target: int | None = None, map: Map = map_here) -> bool:
        """Decode the next segment, or the next small members; return False if there are none.

        Parameters
        ----------
        step, target
            As for `Feed.segment`.
        map : callable
            As `Workers.map`; decodes several groups of members.

        Raises
        ------
        NoSpace
            If there is no memory for it. The same segment is still to come.
        Damaged
            If what is packed is damaged.
        IdxError
            If what stands around it is.
        """
        feed = self._feed
        if not self._inside:
            if self._decode_group(map):
                return True
            self._member += 1
            if not enter(feed, self._source.name, self._member):
                return False
            self._member_offset = feed.offset
            self._member_position = self.position
            self._crc = 0
            self._inside = True
        at = self.position - self._base
        window = min(WINDOW, self.position - self._member_position)
        result, after = decode_next(
            feed,
            self._out,
            at,
            window,
            step,
            target,
            insist_on_space=self.has_all_space,
            fits=self._fits,
        )
        if result == NO_SPACE:
            raise NoSpace
        if result == BAD_DATA:
            raise Damaged
        self._crc = crc32(self._out[at:after], self._crc)
        self.position = self._base + after
        if result == COMPLETE:
            self._leave()
        return True

    def _decode_group(self, map: Map) -> bool:
        """Decode small members; False if there are none."""
        at = self.position - self._base
        count, at = self._groups.decode(self._feed, self._out, at, map, follows=self._was_small)
        self.position = self._base + at
        self._member += count
        return count > 0

    def window(self) -> bytes:
        """The last bytes of the current member, as many as a window has, or fewer."""
        size = min(WINDOW, self.position - self._member_position) if self._inside else 0
        at = self.position - self._base
        return self._out[at - size : at].tobytes()

    def adopt(self, run: Run, mark: Mark) -> Memory:
        """Stand where a run stands that agrees at a mark; return the memory for its bytes.

        To put them there is left to the caller: the last window of them before it advances.
        """
        size = run.marks[-1].position - mark.position
        at = self.position - self._base
        if size > len(self._out) - at:
            raise NoSpace
        crc = combine_crc32(mark.crc, run.marks[-1].crc, size)
        self._crc = combine_crc32(self._crc, crc, size)
        self.position += size
        self._feed = run.feed
        if run.is_complete:
            self._leave()
        return self._out[at : at + size]

    def _leave(self) -> None:
        """Verify the member that has ended."""
        self._inside = False
        size = self.position - self._member_position
        self._was_small = self._feed.offset - self._member_offset <= BGZF_MAX_SIZE
        try:
            leave(self._feed, self._source.name, self._member, self._crc, size)
        except ChecksumError as error:
            raise Damaged from error

    def check_fit(self) -> None:
        """Find out whether the member fits that found no space: as for `damage`, zlib tells.

        If so, its segment is still to come, and no `NoSpace` any more: a later member that does
        not fit is `Damaged`, and `damage` tells what it is.

        Raises
        ------
        TrailingDataError
            If it does not.
        """
        damage = self._find_damage()
        if damage is not None and self._is_too_much(damage):
            raise self.trailing_data()
        self._fits = True

    def damage(self, found: Damaged) -> IdxError:
        """The error for a member that is damaged.

        libdeflate gives no reason and no place, and takes some codes for others that RFC 1951
        forbids, which only the checksum shows: zlib decodes the member again, at its own pace.
        """
        damage = self._find_damage()
        if damage is None:
            if isinstance(found.__cause__, ChecksumError):
                error, found.__cause__ = found.__cause__, None
                return error  # what is raised must not lead to itself
            damage = Damage("libdeflate refuses them", self._feed.offset, 0)
        if self._is_too_much(damage):
            return self.trailing_data()
        if damage.reason is None:
            return self._truncated(self._member_position + damage.unpacked, damage.offset)
        return damaged(self._source.name, self._member, damage.reason, damage.offset)

    def _find_damage(self) -> Damage | None:
        limit = self.total - self._member_position if self.total else None
        return find_damage(self._source, self._member_offset, limit)

    def _is_too_much(self, damage: Damage) -> bool:
        return 0 < self.total < self._member_position + damage.unpacked

    def truncated(self) -> TruncatedError:
        """The error for data that end before they should."""
        return self._truncated(self.position, self._feed.offset)

    def _truncated(self, position: int, offset: int) -> TruncatedError:
        total = "" if not self.total else f" of {self.total:,}"
        return TruncatedError(
            f"the unpacked data end at byte {position:,}{total}; "
            "the file is truncated or still downloading",
            filename=self._source.name,
            offset=offset,
            expected=self.total or "a whole gzip member",
            found=position,
        )

    def trailing_data(self) -> TrailingDataError:
        """The error for data that do not end where they should."""
        return TrailingDataError(
            f"the unpacked data go on behind the {self.total:,} bytes that the header announces",
            filename=self._source.name,
            offset=self.total,
            expected=self.total,
            found="more",
        )
