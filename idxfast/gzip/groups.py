"""Small members, and BGZF's blocks, many at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from ..native.members import decode_members, find_bgzf_blocks
from ..typing import Memory
from .container import BGZF_HEADER_SIZE, BGZF_MAX_SIZE, is_bgzf
from .feed import FIRST_CHUNK, Feed

# Bytes of a group, packed and unpacked: enough to keep a thread busy for a millisecond, few enough
# to answer Ctrl-C.
GROUP = 256 << 10
GROUP_UNPACKED = 4 << 20
# Packed bytes that are cut into groups at a time.
STEP = 2 << 20

Map = Callable[..., Generator[tuple[int, int, int], None, None]]


class Groups:
    """Decodes whole members that are small, or marked as BGZF's are, in groups."""

    def __init__(self) -> None:
        self._trusts_sizes = True  # whether the last block had the size that it states

    def decode(
        self, feed: Feed, out: Memory, position: int, map: Map, *, follows: bool
    ) -> tuple[int, int]:
        """Decode the members that come next. What cannot be decoded like this is left unread.

        Parameters
        ----------
        feed : Feed
            Stands at the start of a member.
        out : ndarray
        position : int
            Where in `out` the members' bytes go.
        map : callable
            As `Workers.map`; decodes several groups.
        follows : bool
            Whether the members follow a small one, and so may be small themselves.

        Returns
        -------
        count : int
            How many there were.
        position : int
            Where in `out` their bytes end.
        """
        # The head of a stream has no space for large members.
        has_space = len(out) - position >= BGZF_MAX_SIZE
        feed.fill(BGZF_MAX_SIZE if has_space else FIRST_CHUNK)
        if has_space and self._trusts_sizes and is_bgzf(feed.unread[:BGZF_HEADER_SIZE].tobytes()):
            feed.fill(STEP)
        data = feed.unread
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
            # Each task may write its own blocks' bytes alone: another thread writes after them.
            if at + unpacked > len(out):
                break
            tasks.append((data[:stop], start, stop, out[: at + unpacked], at))
            start, at = stop, at + unpacked
        count = start = 0
        with contextlib.closing(map(lambda task: decode_members(*task), tasks)) as results:
            # There are fewer results than tasks if they are not wanted any more.
            for task, (decoded, end, after) in zip(tasks, results, strict=False):
                if (start, position) != (task[1], task[4]):
                    break
                count, start, position = count + decoded, end, after
        if blocks_end:
            self._trusts_sizes = start >= blocks_end
        feed.skip(start)
        return count, position
