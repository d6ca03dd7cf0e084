"""Decode small members and BGZF blocks many at a time, on several threads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from ..native.inflate import decode_members, find_bgzf_blocks
from ..typing import Memory
from .input_buffer import FIRST_CHUNK, InputBuffer
from .members import BGZF_HEADER_SIZE, BGZF_MAX_SIZE, is_bgzf

# Bytes of a group, compressed and unpacked: enough to keep a thread busy for a millisecond, and few
# enough for Ctrl-C to be answered soon.
GROUP = 256 << 10
GROUP_UNPACKED = 4 << 20
# How many compressed bytes are cut into groups at a time.
STEP = 2 << 20

Map = Callable[..., Generator[tuple[int, int, int], None, None]]


class SmallMembers:
    """Decodes whole members, if they are BGZF blocks or otherwise small, in groups."""

    def __init__(self) -> None:
        self._trusts_sizes = True  # whether the last block's stated size was right

    def decode(
        self,
        input: InputBuffer,
        out: Memory,
        position: int,
        map: Map,
        *,
        follows: bool,
        end_bit: int,
    ) -> tuple[int, int]:
        """Decode the members that come next; leave unread what cannot be decoded in this way.

        Parameters
        ----------
        input : InputBuffer
            At the start of a member.
        out : ndarray
        position : int
            Where in `out` the members' data go.
        map : callable
            As for `Decoder.advance`.
        follows : bool
            Whether the previous member was small, so that the next ones may be small, too.
        end_bit : int
            A bit of the source. A member that ends after it is left unread.

        Returns
        -------
        count : int
            How many members were decoded.
        position : int
            Where in `out` their data end.
        """
        # There is little space while only the head of the stream is read.
        has_space = len(out) - position >= BGZF_MAX_SIZE
        input.fill(BGZF_MAX_SIZE if has_space else FIRST_CHUNK)
        if has_space and self._trusts_sizes and is_bgzf(input.unread[:BGZF_HEADER_SIZE].tobytes()):
            input.fill(STEP)
        data = input.unread[: max(end_bit - input.source_bit, 0) >> 3]
        if not self._trusts_sizes:
            data = data[:BGZF_MAX_SIZE]
        groups = find_bgzf_blocks(data, 0, len(data), GROUP, GROUP_UNPACKED)
        if not self._trusts_sizes:
            del groups[1:]
        blocks_end = groups[-1][0] if groups else 0
        if not groups and follows:
            groups = [(min(GROUP, len(data)), len(out) - position)]
        tasks, start, at = [], 0, position
        for stop, unpacked in groups:
            # A task may write no further than its own blocks: another thread writes after them.
            if at + unpacked > len(out):
                break
            tasks.append((data[:stop], start, stop, out[: at + unpacked], at))
            start, at = stop, at + unpacked
        count = start = 0
        with contextlib.closing(map(lambda task: decode_members(*task), tasks)) as results:
            # There are fewer results than tasks if decoding has been stopped.
            for task, (decoded, end, after) in zip(tasks, results, strict=False):
                if (start, position) != (task[1], task[4]):
                    break
                count, start, position = count + decoded, end, after
        if blocks_end:
            self._trusts_sizes = start >= blocks_end
        input.skip(start)
        return count, position
