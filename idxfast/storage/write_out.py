"""A new file goes to the disk while more of it is written.

Whoever waits for the disk at the end (`os.fsync`) then waits for the last bytes alone. 47 MB were
written and waited for in 21 ms instead of 32 (median of 15, ext4 on a virtual disk).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..native import files
from ..typing import Buffer
from .naming import naming_written

# After how many more bytes the system begins to write them to the disk. 1, 2, 4 and 8 MiB differed
# by less than 10 %.
STEP = 4 << 20


class WriteOut:
    """Has the system write the bytes of a new file to the disk.

    Parameters
    ----------
    descriptor : int
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._start = 0

    def reach(self, end: int) -> None:
        """Say that the file was written up to this position; errors as of a write."""
        if end - self._start >= STEP:
            files.start_write_out(self._descriptor, self._start, end - self._start)
            self._start = end


def written_out(pieces: Iterable[Buffer], descriptor: int, name: str) -> Iterator[Buffer]:
    """Hand over pieces, and have those that were written go to the disk.

    Parameters
    ----------
    pieces : iterable of bytes-like
    descriptor : int
        Of a new file. Each piece was written to it, after those before, when the next is taken.
    name : str
        What errors of the system call the file.

    Yields
    ------
    memoryview
        The same bytes, at most `STEP` at a time.
    """
    write_out, end = WriteOut(descriptor), 0
    for piece in pieces:
        data = memoryview(piece).cast("B")
        for at in range(0, len(data), STEP):
            some = data[at : at + STEP]
            yield some
            end += len(some)
            with naming_written(name):
                write_out.reach(end)
