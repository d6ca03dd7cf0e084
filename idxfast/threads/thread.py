"""A thread that can be started and joined whatever happens in between."""

from __future__ import annotations

import contextlib
import weakref
from _thread import start_new_thread
from collections.abc import Callable
from queue import Empty, SimpleQueue

# Waiting for a thread is interrupted after this many seconds, again and again: on Windows, Ctrl-C
# does not end a wait, and a thread may lack the memory to announce its own end.
POLL_SECONDS = 0.05


class _Token:
    """Held by a thread alone, so it disappears with the thread, even if that never ran any code."""


class JoinableThread:
    """A thread that can be started and joined despite Ctrl-C at any moment or a lack of memory.

    `threading.Thread` cannot: its start waits on a condition, and Ctrl-C at that moment can leave
    the new thread waiting for ever. So can a thread that lacks the memory for its first call.
    """

    def __init__(self, target: Callable[[], object]) -> None:
        token = _Token()
        self._target = target
        self._has_returned = False
        # Kept here until the thread is known to have started. A list can be emptied whoever else
        # holds it: if Ctrl-C comes in an audit hook, the error holds the hook's arguments.
        self._tokens = [token]
        self._ended: SimpleQueue[object] = SimpleQueue()
        self._token = weakref.ref(token, self._ended.put)

    @property
    def has_ended(self) -> bool:
        """Whether the thread has ended."""
        return self._has_returned or self._token() is None

    def start(self) -> None:
        """Start the thread.

        Raises
        ------
        RuntimeError
            If the system has no more threads.
        """
        start_new_thread(self._run, (self._tokens,))
        self._tokens = []

    def wait(self, timeout: float) -> bool:
        """Wait for the thread's end, at most `timeout` seconds; return whether it has ended."""
        if not self.has_ended:
            with contextlib.suppress(Empty):
                self._ended.get(timeout=timeout)
        return self.has_ended

    def join(self) -> None:
        """Wait for the thread's end. Return at once if the thread was never started."""
        # The start may have been interrupted. A thread that finds no token does nothing.
        self._tokens.clear()
        while not self.wait(POLL_SECONDS):
            pass

    def _run(self, tokens: list[_Token]) -> None:
        try:
            token = tokens.pop()
        except IndexError:
            return
        target = self._target
        # After its end, the thread keeps nothing alive that its target refers to.
        del self._target
        try:
            target()
        finally:
            del target, token
            # Needed in a free-threaded Python, where the token goes only when the thread that made
            # it runs again.
            self._has_returned = True
            self._ended.put(None)


def start_threads(target: Callable[[], object], count: int, threads: list[JoinableThread]) -> None:
    """Start up to `count` threads, as many as the system allows, and append them to `threads`."""
    for _ in range(count):
        threads.append(JoinableThread(target))
        try:
            threads[-1].start()
        except RuntimeError:
            threads.pop()
            return


def join_threads(threads: list[JoinableThread]) -> None:
    """Wait for all threads to end; Ctrl-C is raised after that."""
    interrupt = None
    is_joined = False
    while not is_joined:
        try:
            for thread in threads:
                thread.join()
            is_joined = True
        except KeyboardInterrupt as error:
            interrupt = error
    try:
        if interrupt is not None:
            raise interrupt
    finally:
        interrupt = None  # Drop our reference: error, traceback and frame would form a cycle.
