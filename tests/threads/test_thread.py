"""A thread that can be joined whatever interrupts its start."""

import contextlib
import gc
import sys
import threading
import time
import weakref
from types import SimpleNamespace

import pytest

from idxfast.threads import thread


def test_a_thread_whose_start_is_interrupted_is_waited_for(monkeypatch):
    start, has_begun, ended = thread.start_new_thread, threading.Event(), []

    def interrupted(*arguments):
        start(*arguments)
        has_begun.wait(60)
        raise KeyboardInterrupt

    def target():
        has_begun.set()
        time.sleep(0.5)
        ended.append(True)

    monkeypatch.setattr(thread, "start_new_thread", interrupted)
    started = thread.JoinableThread(target)
    with pytest.raises(KeyboardInterrupt):
        started.start()
    started.join()
    assert ended
    thread.JoinableThread(ended.clear).join()  # it never was one
    assert ended


def test_a_thread_has_ended_though_its_token_is_still_known(monkeypatch):
    """In a free-threaded Python it is, until the thread that made it looks."""
    known = SimpleNamespace(ref=lambda token, _: lambda: token)
    monkeypatch.setattr(thread, "weakref", known)
    started = thread.JoinableThread(int)
    assert not started.has_ended
    started.start()
    assert started.wait(60)
    assert started.has_ended
    started.join()


def test_a_thread_that_never_came_to_run_anything_has_ended(monkeypatch):
    """As without memory for its first call. Nobody but the thread may keep its token."""
    start = thread.start_new_thread

    def start_without_memory(function, arguments):
        start(lambda *_: None, arguments)

    monkeypatch.setattr(thread, "start_new_thread", start_without_memory)
    started = thread.JoinableThread(int)
    started.start()
    # A free-threaded Python sees it when this thread runs again.
    assert any(started.wait(thread.POLL_SECONDS) for _ in range(1_000))


HOOKED = """
import gzip, sys, numpy, idxfast
from idxfast.gzip import pool, stream
pool.MIN_STEP = pool.MAX_STEP = stream.MIN_SIZE = 1 << 16
array = numpy.random.default_rng(1).integers(0, 16, 1_000_000, numpy.uint8)
file = gzip.compress(idxfast.dumps(array), 1)
is_interrupted = False

def hook(event, arguments):
    if is_interrupted and event == "_thread.start_new_thread":
        raise KeyboardInterrupt

sys.addaudithook(hook)
for is_interrupted in (True, False, True):
    for data in (file, idxfast.dumps(array)):
        try:
            print(bool((idxfast.loads(data, threads=3) == array).all()))
        except KeyboardInterrupt:
            print("interrupted")
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="starts of threads are not audited")
def test_an_interrupt_in_an_audit_hook(run_child):
    """The error holds what the thread that was not started was to be given."""
    lines = run_child(HOOKED)
    assert lines[0::2] == ["interrupted", "True", "interrupted"]
    assert lines[1::2] == ["True"] * 3  # too small for threads


def test_a_thread_whose_start_was_interrupted_does_nothing_after_its_join(monkeypatch):
    starts, called = [], []

    def start(*arguments):
        starts.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(thread, "start_new_thread", start)
    started = thread.JoinableThread(lambda: called.append(1))
    with pytest.raises(KeyboardInterrupt):
        started.start()
    started.join()
    function, arguments = starts[0]
    function(*arguments)
    assert not called


def test_a_thread_that_has_ended_keeps_nothing_alive():
    class Target:
        def __call__(self):
            pass

    target = Target()
    ref = weakref.ref(target)
    started = thread.JoinableThread(target)
    del target
    started.start()
    started.join()
    deadline = time.monotonic() + 60
    while ref() is not None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert ref() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_thread_whose_error_is_kept_has_ended(monkeypatch):
    errors = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: errors.append(args.exc_value))
    started = thread.JoinableThread(lambda: 1 // 0)
    started.start()
    assert started.wait(60)
    assert isinstance(errors[0], ZeroDivisionError)


def test_an_interrupt_of_a_join_comes_after_it():
    class Interrupt(KeyboardInterrupt):
        pass

    class Interrupted:
        joins = 0

        def join(self):
            self.joins += 1
            if self.joins < 3:
                error = Interrupt()
                raised.append(weakref.ref(error))
                try:
                    raise error
                finally:
                    del error

    raised, joined = [], [Interrupted(), Interrupted()]
    gc.disable()
    try:
        with contextlib.suppress(Interrupt):
            thread.join_threads(joined)
            raise AssertionError("there was no interrupt")
        # One that has ended may be joined again.
        assert [started.joins >= 3 for started in joined] == [True, True]
        assert len(raised) == 4
        assert not any(error() for error in raised)
    finally:
        gc.enable()
