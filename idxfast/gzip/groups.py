"""Small members, and BGZF's blocks, many at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

import numpy as np

from ..native.members import decode_members, find_bgzf_blocks
from ..typing import Memory
from .container import BGZF_HEADER_SIZE, BGZF_MAX_SIZE, is_bgzf
from .segments import STEP, Feed

# So many bytes at a time, packed and unpacked: enough to keep a thread busy for a millisecond, few
# enough to answer Ctrl-C.
GROUP = 256 << 10
GROUP_UNPACKED = 4 << 20

Map = Callable[..., Generator[tuple[int, int, int], None, None]]


class Groups:
    """Decodes whole members that are small, or marked as BGZF's are, in groups."""

    def __init__(self) -> None:
        self._blocks_were_true = True  # to the sizes that they say they have

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
        feed.fill(BGZF_MAX_SIZE)
        if self._blocks_were_true and is_bgzf(bytes(feed.unread[:BGZF_HEADER_SIZE])):
            feed.fill(STEP)
        # Behind a block that was not as it said, no more is looked for than the next one.
        data = np.asarray(feed.unread)
        if not self._blocks_were_true:
            data = data[:BGZF_MAX_SIZE]
        groups = find_bgzf_blocks(data, 0, len(data), GROUP, GROUP_UNPACKED)
        blocks_end = groups[-1][0] if groups else 0
        if not groups and follows:
            groups = [(min(GROUP, len(data)), len(out) - position)]
        tasks, start, at = [], 0, position
        for stop, unpacked in groups:
            # Not a byte more than the blocks say: behind them another thread writes.
            if at + unpacked > len(out):
                break
            tasks.append((data[:stop], start, stop, out[: at + unpacked], at))
            start, at = stop, at + unpacked
        count = start = 0
        with contextlib.closing(map(lambda task: decode_members(*task), tasks)) as results:
            for task, (decoded, end, after) in zip(tasks, results, strict=True):
                if (start, position) != (task[1], task[4]):
                    break
                count, start, position = count + decoded, end, after
        self._blocks_were_true = start >= blocks_end
        feed.skip(start)
        return count, position
