"""A thread that can be started and joined whatever happens in between."""

from __future__ import annotations

import contextlib
import weakref
from _thread import start_new_thread
from collections.abc import Callable
from queue import Empty, SimpleQueue

# How often, in seconds, one that waits for a thread looks for Ctrl-C (on Windows nothing else ends
# a wait), and whether the thread had no memory to say that it has ended.
PATIENCE = 0.05


class _Life:
    """What only a thread holds: gone when the thread is, even if it never came to run anything."""


class Helper:
    """A thread that can be started and joined whatever Ctrl-C interrupts, and without memory.

    `threading.Thread` cannot: its start waits in a condition, and Ctrl-C at that moment can leave
    the thread waiting for ever; so does a thread that has no memory for its first call.
    """

    def __init__(self, target: Callable[[], object]) -> None:
        life = _Life()
        self._target = target
        self._has_returned = False
        # Until it is known that it was started. A list, which can be emptied whoever else holds it:
        # where Ctrl-C comes in an audit hook, the error holds what the hook was given.
        self._lives = [life]
        self._ended: SimpleQueue[object] = SimpleQueue()
        self._life = weakref.ref(life, self._ended.put)

    @property
    def has_ended(self) -> bool:
        """Whether the thread has ended."""
        return self._has_returned or self._life() is None

    def start(self) -> None:
        """Start it.

        Raises
        ------
        RuntimeError
            If the system has no more threads.
        """
        start_new_thread(self._run, (self._lives,))
        self._lives = []

    def wait(self, timeout: float) -> bool:
        """Wait for its end, so many seconds at the most; return whether it has ended."""
        if not self.has_ended:
            with contextlib.suppress(Empty):
                self._ended.get(timeout=timeout)
        return self.has_ended

    def join(self) -> None:
        """Wait for its end. A thread that was never started has none to wait for."""
        # The start may have been interrupted: if the thread has not begun, it does nothing.
        self._lives.clear()
        while not self.wait(PATIENCE):
            pass

    def _run(self, lives: list[_Life]) -> None:
        try:
            life = lives.pop()
        except IndexError:
            return
        target = self._target
        # Once it has ended, it keeps nothing alive that its target leads to.
        del self._target
        try:
            target()
        finally:
            del target, life
            # In a free-threaded Python the life goes only when the thread that made it runs again.
            self._has_returned = True
            self._ended.put(None)


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
    is_joined = False
    while not is_joined:
        try:
            for helper in helpers:
                helper.join()
            is_joined = True
        except KeyboardInterrupt as error:
            interrupt = error
    try:
        if interrupt is not None:
            raise interrupt
    finally:
        interrupt = None  # it leads here: such a cycle would keep all memory alive
