"""Read a descriptor by position, also where the system cannot.

Several threads may read the same descriptor at once.
"""

from __future__ import annotations

import os
import threading

# Linux reads at most 0x7ffff000 bytes in one call, macOS less than 2^31.
MAX_READ = 1 << 30

# Where the system cannot read by position, the descriptor's own position moves: one at a time.
_moving = threading.Lock()


def _seek_and_read(descriptor: int, count: int, position: int) -> bytes:
    with _moving:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, count)


def _read_and_copy(descriptor: int, buffer: memoryview, position: int) -> int:
    data = _read(descriptor, len(buffer), position)
    buffer[: len(data)] = data
    return len(data)


def _preadv(descriptor: int, buffer: memoryview, position: int) -> int:
    return os.preadv(descriptor, [buffer], position)


_read = getattr(os, "pread", _seek_and_read)
_read_into = _preadv if hasattr(os, "preadv") else _read_and_copy


def read_at(descriptor: int, count: int, position: int) -> bytes:
    """Bytes from a position: `count`, or fewer at the end of the file."""
    pieces = []
    while count > 0:
        piece = _read(descriptor, min(count, MAX_READ), position)
        if not piece:
            break
        pieces.append(piece)
        count -= len(piece)
        position += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def read_at_into(descriptor: int, buffer: memoryview, position: int) -> int:
    """Fill a buffer from a position; return how many bytes there were."""
    done = 0
    while done < len(buffer):
        count = _read_into(descriptor, buffer[done : done + MAX_READ], position + done)
        if count == 0:
            break
        done += count
    return done
