"""Calls on other threads: an ordered map, or one call that Ctrl-C need not wait for."""

from __future__ import annotations

import contextlib
import functools
import weakref
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from .thread import POLL_SECONDS, JoinableThread, join_threads, start_threads

T = TypeVar("T")
R = TypeVar("R")


class _Call(Generic[T, R]):
    """A call to be run by one of several threads, and its result or error.

    The attributes exist from the start, because the thread that runs the call may lack memory.
    """

    def __init__(self, function: Callable[[T], R], item: T) -> None:
        self.function = function
        self.item = item
        self.value: R | None = None
        self.error: BaseException | None = None
        self.is_done = False
        self._runner: dict[str, int] = {}
        self._done: SimpleQueue[None] = SimpleQueue()

    def claim(self) -> bool:
        """Whether this thread has to run the call. The first thread that asks has to.

        That thread gets the same answer however often it asks, until the call is done. Setting a
        dict's default is a single step, which Ctrl-C cannot divide. An interrupted thread asks
        again to learn whether others wait for it.
        """
        thread = get_ident()
        return not self.is_done and self._runner.setdefault("thread", thread) == thread

    def run(self) -> None:
        """Run the call. Those who wait learn of its end even if no memory is left."""
        try:
            self.value = self.function(self.item)
        except BaseException as error:
            self.error = error
        self.is_done = True
        self._done.put(None)  # if memory is lacking, the flag is seen a little later

    def wait(self, threads: list[JoinableThread]) -> None:
        """Wait until the call is done; if no thread is left to run it, run it."""
        while not self.is_done:
            left = [thread for thread in threads if not thread.has_ended]
            # Ask again: the last thread may have run it just before its own end.
            if not left and not self.is_done:
                self.run()
            with contextlib.suppress(Empty):
                self._done.get(timeout=POLL_SECONDS)

    def result(self) -> R:
        """Return what the call returned, or raise what it raised."""
        try:
            if self.error is not None:
                raise self.error
            return cast("R", self.value)
        finally:
            # Error, traceback and self would form a cycle. And the value must not be kept alive by
            # a thread that has yet to see that the call is done.
            self.error = self.value = None


def _run_unclaimed(calls: Iterable[_Call[Any, Any]]) -> None:
    """Run those of the calls that no other thread has claimed."""
    for call in calls:
        if call.claim():
            call.run()


class Workers:
    """Threads that live as long as a ``with`` block; the caller's thread is one of them.

    The caller waits on queues alone: unlike conditions and futures, they remain consistent when
    Ctrl-C comes at any moment. If it comes just before the end of the block, nobody tells the
    threads to stop; they do so by themselves once this object is gone.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._calls: SimpleQueue[_Call[Any, Any] | None] = SimpleQueue()
        self._started: list[JoinableThread] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_exception: object) -> None:
        for _ in self._started:
            self._calls.put(None)
        join_threads(self._started)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
        """Like Python's map: results in order. Only as many items are taken as keep threads busy.

        After an error, or once the generator is closed, no further call is begun. When the
        generator ends or is closed, no call is under way.
        """
        if self._threads == 1:
            yield from map_serially(function, items)
            return
        waiting: deque[_Call[T, R]] = deque()
        is_wanted = True

        def call_if_wanted(item: T) -> Any:
            return function(item) if is_wanted else None

        try:
            for item in items:
                # A single item needs no thread: the caller runs the first call.
                if waiting and len(self._started) < self._threads - 1:
                    calls = _queued(self._calls, weakref.ref(self))
                    start_threads(functools.partial(_run_unclaimed, calls), 1, self._started)
                call = _Call(call_if_wanted, item)
                self._calls.put(call)
                # After put: an interrupt in between must not leave a waiting call that nobody runs.
                waiting.append(call)
                if len(waiting) >= 2 * self._threads:
                    yield self._take(waiting)
            while waiting:
                yield self._take(waiting)
        finally:
            is_wanted = False
            for call in waiting:
                if not call.claim():
                    call.wait(self._started)
                call.error = None

    def _take(self, waiting: deque[_Call[T, R]]) -> R:
        """The result of the first call. Until it is there, the caller runs others."""
        while not waiting[0].is_done:
            for call in waiting:
                if call.claim():
                    call.run()
                    break
            else:
                waiting[0].wait(self._started)
        return waiting.popleft().result()


def _queued(
    calls: SimpleQueue[_Call[Any, Any] | None], owner: weakref.ref[Workers]
) -> Iterator[_Call[Any, Any]]:
    """The calls in the queue, up to None, or until the queue is empty and its owner gone."""
    while True:
        try:
            call = calls.get(timeout=POLL_SECONDS)
        except Empty:
            if owner() is None:
                return
            continue
        if call is None:
            return
        yield call


def call_interruptibly(function: Callable[[T], R], item: T) -> R:
    """Call a function that spends long in compiled code, where Ctrl-C would have to wait.

    The function runs on a thread of its own. After an interrupt it runs on to its end, and its
    result is discarded.
    """
    call = _Call(function, item)
    threads: list[JoinableThread] = []
    start_threads(functools.partial(_run_unclaimed, [call]), 1, threads)
    call.wait(threads)
    return call.result()


def map_serially(function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """`Workers.map` on the caller's thread alone."""
    yield from map(function, items)
