"""Threads: how many to use, and an ordered map on them."""

from __future__ import annotations

import functools
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

# More threads than this gain little, and a service runs more than one reader.
MAX_THREADS = 8

_CGROUPS = Path("/sys/fs/cgroup")

# Called with the bytes that are done, and with all there are to do.
Progress = Callable[[int, int], object]

T = TypeVar("T")
R = TypeVar("R")


def choose_threads(threads: int | None) -> int:
    """As many as asked for; if not asked, one for each core that may be used, 8 at the most.

    The cores are those of the process's affinity or, if less, of its control group's share of time
    (Linux), which is what a container is given.

    Raises
    ------
    ValueError
        If it is not 1 or more.
    """
    if threads is None:
        if hasattr(os, "sched_getaffinity"):
            cores = len(os.sched_getaffinity(0))
        else:
            cores = os.cpu_count() or 1
        return int(max(1, min(cores, MAX_THREADS, _quota())))
    if threads < 1:
        raise ValueError(f"threads is {threads}, not 1 or more")
    return threads


def start_threads(target: Callable[[], object], count: int) -> list[threading.Thread]:
    """Start so many threads, or as many as the system has left: none, perhaps."""
    started: list[threading.Thread] = []
    for _ in range(count):
        thread = threading.Thread(target=target, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            break
        started.append(thread)
    return started


class Workers:
    """Threads that live as long as a ``with`` block. With one thread, the caller does the work."""

    def __init__(self, threads: int) -> None:
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._started = start_threads(self._work, threads) if threads > 1 else []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_exception: object) -> None:
        for _ in self._started:
            self._tasks.put(None)
        for helper in self._started:
            helper.join()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Like Python's map: results in order, and no more items taken than keep threads busy.

        If a call raises, or the results are no longer asked for, what has not been begun is not.
        """
        if not self._started:
            yield from map(function, items)
            return
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                future: Future[R] = Future()
                waiting.append(future)
                self._tasks.put(functools.partial(_run, future, function, item))
                if len(waiting) > 2 * len(self._started):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def _run(future: Future[R], function: Callable[[T], R], item: T) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(item))
    except BaseException as error:
        future.set_exception(error)


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
