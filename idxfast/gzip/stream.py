"""Read the unpacked stream of a gzip file, on several threads where that pays."""

from __future__ import annotations

import numpy as np

from ..format import MAX_HEADER_SIZE
from ..storage.source import Progress, Source
from ..threads.count import choose_threads
from ..threads.ordered_map import Workers
from ..typing import Memory
from .decoder import Decoder
from .members import BGZF_HEADER_SIZE, is_bgzf
from .pool import Pool

# No DEFLATE stream unpacks to more than this many times its size: the longest match has 258 bytes,
# and takes at least 2 bits.
MAX_RATIO = 1032
MAX_LENGTH = 258
# Several threads are used if the file and its unpacked stream have at least this many bytes.
MIN_SIZE = 2 << 20


class GzipStream:
    """The unpacked stream of a gzip file: first its head, then the rest into the caller's memory.

    Parameters
    ----------
    source : Source
        Starts with a gzip member.
    threads : int, optional
        The most threads to use; if not given, one for each core that may be used, 8 at the most.
    progress : callable, optional
        Called in this thread, again and again, with the numbers of bytes unpacked and in all.
    """

    def __init__(
        self, source: Source, threads: int | None = None, progress: Progress | None = None
    ) -> None:
        self._source = source
        self._threads = threads
        self._progress = progress
        self._decoder = Decoder(source)
        # The last match may extend past the head: matches are decoded whole or not at all.
        self._head: Memory = np.empty(MAX_HEADER_SIZE + MAX_LENGTH, np.uint8)
        self._decoder.write_to(self._head)

    def head(self, count: int) -> bytes:
        """The first `count` bytes of the stream, or all of it; their checksum is not verified yet.

        Parameters
        ----------
        count : int
            At most `MAX_HEADER_SIZE`.

        Raises
        ------
        IdxError
            If the file is damaged within these bytes.
        """
        decoder = self._decoder
        while decoder.position < count and decoder.advance(count - decoder.position):
            pass
        return self._head[: min(count, decoder.position)].tobytes()

    def read_into(self, memory: Memory, start: int) -> None:
        """Read the stream from a position to its end.

        Parameters
        ----------
        memory : ndarray
            As large as the rest of the stream should be. After an error its content is undefined.
        start : int
            The position, at most the size of the head that was read.

        Raises
        ------
        GzipError, TruncatedError, TrailingDataError
            If the file is damaged, cut short, or followed by something else, or if the rest of the
            stream does not fill `memory` exactly.
        """
        decoder = self._decoder
        decoder.total = start + len(memory)
        if decoder.position > decoder.total:
            raise decoder.trailing_data()
        memory[: decoder.position - start] = self._head[start : decoder.position]
        decoder.write_to(memory, start, self._head[:start].tobytes())
        self._read_rest()
        if decoder.position < decoder.total:
            raise decoder.truncated()
        if self._progress is not None:
            self._progress(decoder.total, decoder.total)

    def _read_rest(self) -> None:
        decoder, source, progress = self._decoder, self._source, self._progress
        threads = 1
        if min(source.size, decoder.total) >= MIN_SIZE:
            threads = choose_threads(self._threads)
        if threads > 1 and not is_bgzf(source.read(BGZF_HEADER_SIZE, 0)):
            Pool(decoder, source, threads, progress).decode()
        # Everything, or what the pool has left if it could start no thread.
        with Workers(threads) as workers:
            while decoder.advance(map=workers.map):
                if progress is not None:
                    progress(decoder.position, decoder.total)
