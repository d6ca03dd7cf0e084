"""Read a descriptor by position, even on systems without pread.

Several threads may read the same descriptor at once.
"""

from __future__ import annotations

import os
from _thread import RLock

# One call reads at most 0x7ffff000 bytes on Linux, and less than 2^31 on macOS.
MAX_READ = 1 << 30

# Without pread, reading moves the descriptor's own position, so only one thread may read.
_moving = RLock()
_moves = 0


def _seek_and_read(descriptor: int, count: int, position: int) -> bytes:
    global _moves
    with _moving:
        while True:
            _moves = move = _moves + 1
            os.lseek(descriptor, position, os.SEEK_SET)
            data = os.read(descriptor, count)
            if move == _moves:  # no signal handler has read in between
                return data


def _read_and_copy(descriptor: int, buffer: memoryview, position: int) -> int:
    data = _read(descriptor, len(buffer), position)
    buffer[: len(data)] = data
    return len(data)


def _preadv(descriptor: int, buffer: memoryview, position: int) -> int:
    return os.preadv(descriptor, [buffer], position)


_read = getattr(os, "pread", _seek_and_read)
_read_into = _preadv if hasattr(os, "preadv") else _read_and_copy


def read_at(descriptor: int, count: int, position: int) -> bytes:
    """Read `count` bytes from a position, or fewer at the end of the file."""
    pieces, done = [], 0
    while done < count:
        piece = _read(descriptor, min(count - done, MAX_READ), position + done)
        if not piece:
            break
        pieces.append(piece)
        done += len(piece)
    return b"".join(pieces)  # a single piece is not copied


def read_at_into(descriptor: int, buffer: memoryview, position: int) -> int:
    """Fill a buffer from a position, as far as the file goes; return the number of bytes."""
    done = 0
    while done < len(buffer):
        count = _read_into(descriptor, buffer[done : done + MAX_READ], position + done)
        if count == 0:
            break
        done += count
    return done
