"""Decode one stream on several threads.

DEFLATE is decoded in two phases. The first, from bits to symbols, needs no window, so any thread
can do it from any place where a block starts. The second, from symbols to bytes, follows in the
order of the stream, because a match copies earlier bytes.

One thread at a time is the leader: it decodes block after block, both phases at once, as a single
thread would. The others decode the symbols of segments further on, each from a place where a block
seems to start. If the leader arrives at the first bit of such a segment, and a block starts there,
it appends the segment, so only the copies remain. If the leader passes that bit, the segment is
discarded. So a wrong guess, or an error in a segment, costs only time; the result and the errors
are those of one thread.

Between two segments the leader has a gap of blocks to decode while the segment's symbols are being
decoded. Without gaps there would be more work in all, because decoding in two phases takes longer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TypeVar

from ..storage.source import Progress, Source
from ..threads.thread import POLL_SECONDS, JoinableThread, join_threads, start_threads
from .decoder import NEVER, Decoder
from .segments import Segment

# The most and the fewest compressed bytes of a segment, and about how many bytes it unpacks to.
# With segments of half or a third of that size, the data sets' images took 1.02 to 1.1 times as
# long.
MAX_STEP = 1 << 20
MIN_STEP = 64 << 10
UNPACKED_STEP = 3 << 19
# Appending a segment takes about 1/APPENDING of the time that decoding its blocks takes the leader;
# on images, 0.2 to 0.4 of that time. Without gaps, two threads took 1.1 (MNIST) to 1.2 times as
# long.
APPENDING = 4

Job = Callable[[], object]
T = TypeVar("T")
R = TypeVar("R")


class Pool:
    """The threads that decode the rest of a source.

    Parameters
    ----------
    decoder : Decoder
        Has been told its `total`.
    source : Source
    threads : int
    progress : callable, optional
    """

    def __init__(
        self, decoder: Decoder, source: Source, threads: int, progress: Progress | None
    ) -> None:
        self._decoder = decoder
        self._source = source
        self._progress = progress
        self._step = max(MIN_STEP, min(MAX_STEP, UNPACKED_STEP * source.size // decoder.total))
        self._threads = min(threads, source.size // self._step + 1)
        # What follows is read and changed with the lock held. Only `_error` and `_is_done` may also
        # be set without it: waiting threads look again within POLL_SECONDS.
        self._changed = threading.Condition()
        self._segments: deque[Segment] = deque()  # begun, and not yet passed by the leader
        self._begun = 0  # the offset where the last of them ends
        self._spare: list[Segment] = []
        self._has_leader = False
        self._is_done = False
        self._error: BaseException | None = None

    def decode(self) -> None:
        """Decode to the end of the source, or nothing if no thread can be started.

        When this returns or raises, no thread is left. The caller's thread only waits, so that
        Ctrl-C, which reaches this thread alone, never finds it with the lock.
        """
        started: list[JoinableThread] = []
        try:
            start_threads(self._work, self._threads, started)
            for thread in started:
                while not thread.wait(POLL_SECONDS):
                    self._report()
        finally:
            self._is_done = True
            try:
                join_threads(started)
            finally:
                # Drop our reference: error, traceback and self would form a cycle.
                error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            error = None

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._decoder.position, self._decoder.total)

    def _work(self) -> None:
        """Do one job after another until all is done."""
        try:
            while (job := self._next_job()) is not None:
                job()
        except BaseException as error:
            # Without the lock, because taking it may need memory that is not there.
            self._error = self._error or error
            self._is_done = True

    def _next_job(self) -> Job | None:
        with self._changed:
            while not self._is_done:
                if not self._has_leader and self._can_lead():
                    self._has_leader = True
                    return self._lead
                segment = self._begin_segment()
                if segment is not None:
                    return partial(self._decode_symbols, segment)
                self._changed.wait(POLL_SECONDS)
        return None

    def _can_lead(self) -> bool:
        """Whether the leader could do anything but wait for the next segment's symbols."""
        if not self._segments:
            return True
        segment = self._segments[0]
        return segment.is_ready or self._decoder.input.offset < segment.first

    def _find_place(self) -> int | None:
        """The offset of the next segment, after a gap for the leader; None if none is due."""
        if len(self._segments) >= self._threads:
            return None
        # The leader may move on meanwhile; an approximate offset is good enough.
        offset = self._decoder.input.offset
        first = max(self._begun, offset)
        begun = self._step * len(self._segments)
        work = first - offset - begun + begun // APPENDING
        first += max(self._step - work, 0)
        return first if first < self._source.size else None

    def _begin_segment(self) -> Segment | None:
        """Begin the next segment; None if none is due."""
        first = self._find_place()
        if first is None:
            return None
        try:
            segment = self._spare.pop() if self._spare else Segment(self._source)
        except MemoryError:
            return None  # the leader can do without segments
        self._begun = first + self._step
        segment.begin(first, self._begun)
        self._segments.append(segment)
        return segment

    def _decode_symbols(self, segment: Segment) -> None:
        segment.decode(lambda: not self._is_done)
        with self._changed:
            segment.is_ready = True
            self._changed.notify_all()

    def _lead(self) -> None:
        """Decode up to a segment whose symbols are not ready, or to the end of the source."""
        decoder = self._decoder
        while not self._is_done:
            with self._changed:
                if not self._can_lead():
                    self._has_leader = False
                    self._changed.notify_all()
                    return
                segment = self._segments[0] if self._segments else None
            block_stop = NEVER
            if segment is not None:
                block_stop = 8 * segment.first
                if segment.is_ready:
                    if segment.start is None or segment.start <= decoder.input.source_bit:
                        self._append(segment)
                        continue
                    block_stop = segment.start
            if not decoder.advance(map=self._map, block_stop=block_stop):
                with self._changed:
                    self._is_done = True
                    self._changed.notify_all()

    def _map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
        """Like Python's map, but end when decoding is stopped: many small members take long."""
        for item in items:
            if self._is_done:
                return
            yield function(item)

    def _append(self, segment: Segment) -> None:
        """Append the first segment, or discard it if it does not come next."""
        self._decoder.append(segment)
        with self._changed:
            self._segments.popleft()
            self._spare.append(segment)
            self._changed.notify_all()
