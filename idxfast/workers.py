"""Calls on other threads: an ordered map on several, or a single call aside."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from .helpers import Helper, join_helpers, start_helpers

# How often, in seconds, a thread without work looks whether anybody is left to give it some, and
# one that waits for another looks for Ctrl-C (on Windows nothing else ends a wait).
_PATIENCE = 0.05

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Threads that live as long as a ``with`` block. With one thread, the caller does the work.

    The caller waits for them in queues alone: unlike conditions and futures, those stay whole when
    Ctrl-C comes at any moment. When it comes just before the end of the block, nobody tells the
    threads to stop: they do so by themselves once this object is gone.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._helpers: list[Helper] = []

    def __enter__(self) -> Workers:
        try:
            if self._threads > 1:
                work = functools.partial(_work, self._tasks, weakref.ref(self))
                start_helpers(work, self._threads, self._helpers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        for _ in self._helpers:
            self._tasks.put(None)
        join_helpers(self._helpers)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
        """Like Python's map: results in order, and no more items taken than keep threads busy.

        If a call raises, or the results are no longer asked for, what has not been begun is not.
        When it ends or is closed, no call is under way.
        """
        if not self._helpers:
            yield from map_here(function, items)
            return
        waiting: deque[SimpleQueue[tuple[Any, BaseException | None]]] = deque()
        is_wanted = True

        def call(item: T, result: SimpleQueue[tuple[Any, BaseException | None]]) -> None:
            result.put(_outcome(function, item) if is_wanted else (None, None))

        try:
            for item in items:
                result: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
                self._tasks.put(functools.partial(call, item, result))
                # Only now: an interrupt between the two must not leave one that nobody answers.
                waiting.append(result)
                if len(waiting) > 2 * len(self._helpers):
                    yield _value(*self._take(waiting.popleft()))
            while waiting:
                yield _value(*self._take(waiting.popleft()))
        finally:
            is_wanted = False
            while waiting:
                self._take(waiting.popleft())

    def _take(self, result: SimpleQueue[R]) -> R:
        """Wait for a result; if no thread is left to give it, do what is to be done."""
        while True:
            try:
                return result.get(timeout=_PATIENCE)
            except Empty:
                if all(helper.has_ended for helper in self._helpers):
                    with contextlib.suppress(Empty):
                        while (task := self._tasks.get_nowait()) is not None:
                            task()


def call_aside(function: Callable[[T], R], item: T) -> R:
    """Call a function that spends long in compiled code, where Ctrl-C would wait for its end.

    It is called on a thread of its own. An interrupt leaves that to itself: it has to end by
    itself, and what it returns goes nowhere.
    """
    outcomes: list[tuple[Any, BaseException | None]] = []
    helpers: list[Helper] = []
    start_helpers(lambda: outcomes.append(_outcome(function, item)), 1, helpers)
    for helper in helpers:
        while not helper.wait(_PATIENCE):
            pass
    result: R = _value(*outcomes.pop()) if outcomes else function(item)
    return result


def _work(tasks: SimpleQueue[Callable[[], object] | None], owner: weakref.ref[Workers]) -> None:
    """Do one task after another until there is a None, or neither a task nor an owner."""
    while True:
        try:
            task = tasks.get(timeout=_PATIENCE)
        except Empty:
            if owner() is None:
                return
            continue
        if task is None:
            return
        task()


def map_here(function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """Python's map, with the type of `Workers.map`."""
    yield from map(function, items)


def _outcome(function: Callable[[T], R], item: T) -> tuple[R | None, BaseException | None]:
    try:
        return function(item), None
    except BaseException as error:
        return None, error


def _value(value: Any, error: BaseException | None) -> Any:
    """Return a value, or raise an error, without a reference to it that would be a cycle."""
    try:
        if error is not None:
            raise error
        return value
    finally:
        error = None
