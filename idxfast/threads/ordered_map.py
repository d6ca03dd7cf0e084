"""Calls on other threads: an ordered map on several, or a single call aside."""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from .thread import PATIENCE, Helper, join_helpers, start_helpers

T = TypeVar("T")
R = TypeVar("R")


class _Call(Generic[T, R]):
    """A call to be made, and what comes of it.

    There is a place for all of that from the start: who makes the call may have no memory left.
    """

    def __init__(self, function: Callable[[T], R], item: T) -> None:
        self.function = function
        self.item = item
        self.value: R | None = None
        self.error: BaseException | None = None
        self.is_made = False
        self._maker: dict[str, int] = {}
        self._end: SimpleQueue[None] = SimpleQueue()

    def claim(self) -> bool:
        """Whether this thread is the one to make it: the first that asks, as often as it asks.

        A default is set in a single step, before or after which Ctrl-C comes: a thread that is
        interrupted can find out whether others wait for it.
        """
        thread = threading.get_ident()
        return not self.is_made and self._maker.setdefault("thread", thread) == thread

    def make(self) -> None:
        """Make it. It is answered also when there is no memory for anything."""
        try:
            self.value = self.function(self.item)
        except BaseException as error:
            self.error = error
        self.is_made = True
        self._end.put(None)  # without memory for this, it is seen a little later

    def wait(self, helpers: list[Helper]) -> None:
        """Wait until it is made; if no thread is left to make it, make it."""
        while not self.is_made:
            left = [helper for helper in helpers if not helper.has_ended]
            # Asked again: the last thread may have made it just before its own end.
            if not left and not self.is_made:
                self.make()
            with contextlib.suppress(Empty):
                self._end.get(timeout=PATIENCE)

    def result(self) -> R:
        """What it returned; what it raised is raised."""
        try:
            if self.error is not None:
                raise self.error
            return cast("R", self.value)
        finally:
            # The error leads here: such a cycle would keep all memory alive. And a thread that has
            # yet to see that the call is made need not keep what came of it.
            self.error = self.value = None


def _make(calls: Iterable[_Call[Any, Any]]) -> None:
    """Make those of the calls that no other thread makes."""
    for call in calls:
        if call.claim():
            call.make()


class Workers:
    """Threads that live as long as a ``with`` block. One of them is the caller, who works as well.

    When there is nothing left to do, the caller waits in queues alone: unlike conditions and
    futures, those stay whole when Ctrl-C comes at any moment. When it comes just before the end of
    the block, nobody tells the threads to stop: they do so by themselves once this object is gone.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._calls: SimpleQueue[_Call[Any, Any] | None] = SimpleQueue()
        self._helpers: list[Helper] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_exception: object) -> None:
        for _ in self._helpers:
            self._calls.put(None)
        join_helpers(self._helpers)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
        """Like Python's map: results in order, and no more items taken than keep threads busy.

        If a call raises, or the results are no longer asked for, what has not been begun is not.
        When it ends or is closed, no call is under way.
        """
        if self._threads == 1:
            yield from map_here(function, items)
            return
        waiting: deque[_Call[T, R]] = deque()
        is_wanted = True

        def call_if_wanted(item: T) -> Any:
            return function(item) if is_wanted else None

        try:
            for item in items:
                # The first call is the caller's.
                if waiting and len(self._helpers) < self._threads - 1:
                    calls = _coming(self._calls, weakref.ref(self))
                    start_helpers(functools.partial(_make, calls), 1, self._helpers)
                call = _Call(call_if_wanted, item)
                self._calls.put(call)
                # Only now: an interrupt between the two must not leave one that nobody makes.
                waiting.append(call)
                if len(waiting) >= 2 * self._threads:
                    yield self._take(waiting)
            while waiting:
                yield self._take(waiting)
        finally:
            is_wanted = False
            for call in waiting:
                if not call.claim():
                    call.wait(self._helpers)
                call.error = None

    def _take(self, waiting: deque[_Call[T, R]]) -> R:
        """What the first of the calls gives; until that is there, the caller makes others."""
        while not waiting[0].is_made:
            for call in waiting:
                if call.claim():
                    call.make()
                    break
            else:
                waiting[0].wait(self._helpers)
        return waiting.popleft().result()


def _coming(
    calls: SimpleQueue[_Call[Any, Any] | None], owner: weakref.ref[Workers]
) -> Iterator[_Call[Any, Any]]:
    """The calls that come, until there is a None, or neither a call nor an owner."""
    while True:
        try:
            call = calls.get(timeout=PATIENCE)
        except Empty:
            if owner() is None:
                return
            continue
        if call is None:
            return
        yield call


def call_aside(function: Callable[[T], R], item: T) -> R:
    """Call a function that spends long in compiled code, where Ctrl-C would wait for its end.

    It is called on a thread of its own. An interrupt leaves that to itself: it has to end by
    itself, and what it returns goes nowhere.
    """
    call = _Call(function, item)
    helpers: list[Helper] = []
    start_helpers(functools.partial(_make, [call]), 1, helpers)
    call.wait(helpers)
    return call.result()


def map_here(function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """Python's map, with the type of `Workers.map`."""
    yield from map(function, items)
