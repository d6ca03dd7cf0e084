"""Unpacked data that are kept in memory for the next reader, within one budget for the process.

Code that unpacks something puts it here under a key. Each file has a limit. If everything that is
kept exceeds the limit of the file that puts something in, the pieces that were used least recently
are dropped, whichever files they belong to.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Any

_serials = itertools.count()
# Each piece and its size, the one that was used least recently first.
_pieces: OrderedDict[tuple[int, Hashable], tuple[Any, int]] = OrderedDict()
# The sum of the sizes. An interrupt can leave the sum too large, but not too small, until `_forget`
# or a fork counts again.
_total = 0
# Owners that keep nothing any more, and whose pieces have not been forgotten yet.
_gone: deque[int] = deque()
# A signal handler may read a file while the thread that it interrupts has the lock. The handler can
# then use what is kept. If the handler interrupts a change, it makes no change of its own.
_lock = threading.RLock()
_is_changing = False


class Kept:
    """What is kept for one file.

    Parameters
    ----------
    limit : int
        The most bytes that the process keeps, for all files together, after this file has put
        something in.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._serial = next(_serials)
        weakref.finalize(self, _forget_later, self._serial).atexit = False

    def get(self, key: Hashable) -> Any:
        """What was put in under a key, or None if it has gone."""
        with _lock:
            found = _pieces.get((self._serial, key))
            if found is None:
                return None
            # contextlib.suppress takes longer than reading a small row should.
            try:  # noqa: SIM105
                _pieces.move_to_end((self._serial, key))
            except KeyError:
                pass  # a signal handler has just let the piece go
            return found[0]

    def put(self, key: Hashable, piece: Any, nbytes: int) -> None:
        """Keep a piece, unless it is larger than the budget."""
        global _total, _is_changing
        if nbytes > self.limit:
            return
        let_go = []  # freed only after the lock has been released
        with _lock:
            _forget_gone()
            if _is_changing:
                return
            _is_changing = True
            try:
                if (self._serial, key) in _pieces:
                    let_go.append(_take((self._serial, key)))
                _total += nbytes
                _pieces[self._serial, key] = piece, nbytes
                while _total > self.limit and _pieces:
                    let_go.append(_take(next(iter(_pieces))))
            finally:
                _is_changing = False

    def clear(self) -> None:
        """Keep nothing for this file any more."""
        _gone.append(self._serial)
        with _lock:
            _forget_gone()


def _forget_later(serial: int) -> None:
    """Forget the pieces of an owner that is gone, as soon as no thread is using the table.

    The garbage collector calls this in whatever thread it runs, perhaps in one that has the lock.
    """
    _gone.append(serial)
    lock = _lock
    if lock.acquire(blocking=False):
        try:
            _forget_gone()
        finally:
            lock.release()


def _forget_gone() -> None:
    """Forget the pieces of all owners that are gone; the caller has the lock."""
    global _is_changing
    if _is_changing:
        return
    _is_changing = True
    try:
        while _gone:
            _forget(_gone.popleft())
    finally:
        _is_changing = False


def _forget(serial: int) -> None:
    for key in [key for key in _pieces if key[0] == serial]:
        del _pieces[key]
    _count()


def _count() -> None:
    global _total
    _total = sum(nbytes for _, nbytes in _pieces.values())


def _take(key: tuple[int, Hashable]) -> Any:
    """Take a piece out; the caller has the lock."""
    global _total
    piece, nbytes = _pieces.pop(key)
    _total -= nbytes
    return piece


def _renew_lock() -> None:
    """Make a new lock in a forked child, where the thread that held the old one does not exist."""
    global _lock, _is_changing
    _lock = threading.RLock()
    _is_changing = True
    try:
        _count()
    finally:
        _is_changing = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
