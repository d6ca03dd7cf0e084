"""Threads: how many to use, and an ordered map on them."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import weakref
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

# More threads than this gain little, and a service runs more than one reader.
MAX_THREADS = 8

_CGROUPS = Path("/sys/fs/cgroup")

# How often, in seconds, a thread without work looks whether anybody is left to give it some, and
# one that waits for another looks for Ctrl-C (on Windows nothing else ends a wait).
_PATIENCE = 0.05

# Called with the bytes that are done, and with all there are to do.
Progress = Callable[[int, int], object]

T = TypeVar("T")
R = TypeVar("R")


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads below 1."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}, not 1 or more")


def choose_threads(threads: int | None) -> int:
    """As many as asked for; if not asked, one for each core that may be used, 8 at the most.

    The cores are those of the process's affinity or, if less, of its control group's share of time
    (Linux), which is what a container is given.
    """
    if threads is not None:
        return threads
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return int(max(1, min(cores, MAX_THREADS, _quota())))


class _Life:
    """What only a thread holds: gone when the thread is, even if it never came to run anything."""


class Helper:
    """A thread that can be started and joined whatever Ctrl-C interrupts, and without memory.

    `threading.Thread` cannot: its start waits in a condition, and Ctrl-C at that moment can leave
    the thread waiting for ever; so does a thread that has no memory for its first call.
    """

    def __init__(self, target: Callable[[], object]) -> None:
        self._target = target
        self._claim = allocate_lock()  # of the thread when it begins, or of who joins it before
        self._ended: SimpleQueue[object] = SimpleQueue()
        self._life: weakref.ref[_Life] | None = None
        self._is_started = False

    @property
    def has_ended(self) -> bool:
        """Whether it has; so has one that was never started."""
        return self._life is None or self._life() is None

    def start(self) -> None:
        """Start it.

        Raises
        ------
        RuntimeError
            If the system has no more threads.
        """
        start_new_thread(self._run, (self._begin_life(),))
        self._is_started = True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end, so many seconds at the most; return whether it has ended."""
        if not self.has_ended:
            with contextlib.suppress(Empty):
                self._ended.get(timeout=timeout)
        return self.has_ended

    def join(self) -> None:
        """Wait for its end; if it has not begun, it ends without doing anything."""
        is_idle = self._claim.acquire(blocking=False)
        if self._is_started:
            self.wait()
        elif not is_idle:
            # Interrupted while it started: it has begun. Or there never was one, and this is the
            # second call, the first one having been interrupted, too.
            self.wait(1)

    def _begin_life(self) -> _Life:
        life = _Life()
        self._life = weakref.ref(life, self._ended.put)
        return life

    def _run(self, life: _Life) -> None:
        # Errors hold on to frames, and a MemoryError may be kept.
        del life
        if self._claim.acquire(blocking=False):
            self._target()


def start_helpers(target: Callable[[], object], count: int, helpers: list[Helper]) -> None:
    """Start so many threads, or as many as the system has left: none, perhaps."""
    for _ in range(count):
        helpers.append(Helper(target))
        try:
            helpers[-1].start()
        except RuntimeError:
            helpers.pop()
            return


def join_helpers(helpers: list[Helper]) -> None:
    """Wait for the end of all of them; Ctrl-C is raised after that."""
    interrupt = None
    for helper in helpers:
        is_joined = False
        while not is_joined:
            try:
                helper.join()
                is_joined = True
            except KeyboardInterrupt as error:
                interrupt = error
    if interrupt is not None:
        raise interrupt


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


@functools.cache
def _quota() -> float:
    """How many cores' time the control group of this process may use."""
    try:
        group = Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
    except OSError:
        return math.inf
    folder = _CGROUPS / group
    return min(_read_quota(place) for place in (folder, *folder.parents))


def _read_quota(folder: Path) -> float:
    """The quota of one control group: microseconds of time in a period, or "max"."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf
