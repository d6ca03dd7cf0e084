"""The SHA-256 of a file, computed beside other work."""

from __future__ import annotations

import contextlib
import hashlib

from ..storage.source import FileSource
from ..threads.count import choose_threads
from ..threads.thread import JoinableThread, join_threads, start_threads

# How many bytes are read and hashed at a time: few enough that Ctrl-C does not wait long.
PIECE = 1 << 20


class Hasher:
    """Computes the hash of a source. Inside a ``with`` block, a thread does this if possible.

    Parameters
    ----------
    source : FileSource
    threads : int, optional
        As for `load`. If a number is given, the decoder uses all of these threads. Then there is no
        thread for the hash, and `hexdigest` does the work.
    """

    def __init__(self, source: FileSource, threads: int | None) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._at = 0
        self._is_stopped = False
        self._has_thread = threads is None and choose_threads(None) > 1
        self._threads: list[JoinableThread] = []

    def __enter__(self) -> Hasher:
        try:
            if self._has_thread:
                start_threads(self._run, 1, self._threads)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopped = True
        join_threads(self._threads)

    def hexdigest(self) -> str:
        """The hash of the source; errors as in reading the source."""
        join_threads(self._threads)
        self._hash_rest()  # all of it, if no thread could be started
        return self._hash.hexdigest()

    def _run(self) -> None:
        # `hexdigest` goes on where the thread has failed, and meets the same error.
        with contextlib.suppress(OSError, MemoryError):
            self._hash_rest()

    def _hash_rest(self) -> None:
        while not self._is_stopped:
            piece = self._source.read(PIECE, self._at)
            if not piece:
                break
            self._hash.update(piece)
            self._at += len(piece)


def salted(digest: str, salt: str) -> str:
    """Another hash, made of a hash and a salt."""
    return hashlib.sha256(f"{digest} {salt}".encode()).hexdigest()
