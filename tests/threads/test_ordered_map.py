"""Calls on several threads: their order, errors and interrupts, and that no thread is left."""

import gc
import itertools
import os
import signal
import threading
import time
import weakref

import pytest

from idxfast.threads import ordered_map, thread


def test_workers_keep_the_order_and_stop_at_an_error(no_thread_is_left):
    with ordered_map.Workers(3) as pool:
        assert list(pool.map(lambda i: i * i, range(50))) == [i * i for i in range(50)]
        begun = []

        def fail(i):
            begun.append(i)
            if i == 3:
                raise KeyError(i)
            return i

        seen = []
        with pytest.raises(KeyError):
            for i in pool.map(fail, range(1000)):
                seen.append(i)
        assert seen == [0, 1, 2]
    assert len(begun) < 20
    no_thread_is_left()


def test_the_caller_is_one_of_the_threads(no_thread_is_left):
    together = threading.Barrier(2)

    def meet(i):
        together.wait(60)
        return threading.get_ident()

    with ordered_map.Workers(2) as pool:
        idents = list(pool.map(meet, range(8)))
    assert sorted(map(idents.count, set(idents))) == [4, 4]
    assert threading.get_ident() in idents
    no_thread_is_left()


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_a_call_is_made_once(threads):
    """By the caller or another thread: who is first."""
    made = []
    with ordered_map.Workers(threads) as pool:
        assert list(pool.map(made.append, range(2_000))) == [None] * 2_000
    assert sorted(made) == list(range(2_000))


def test_a_call_is_not_made_again_while_another_is_waited_for():
    made, has_begun, may_end = [], threading.Event(), threading.Event()

    def items():
        yield from (0, 1)
        assert has_begun.wait(60)  # the other thread makes the first call
        yield from (2, 3)

    def call(i):
        made.append(i)
        if i == 0:
            has_begun.set()
            may_end.wait(60)
        elif i == 3 or made.count(i) > 1:
            may_end.set()
        return i

    with ordered_map.Workers(2) as pool:
        assert list(pool.map(call, items())) == [0, 1, 2, 3]
    assert sorted(made) == [0, 1, 2, 3]


def test_a_call_that_the_last_thread_made_before_its_end_is_not_made_again(monkeypatch):
    made = []

    class Ending:
        """A thread that runs when it is asked whether it has ended."""

        def __init__(self, target):
            self.target = target

        @property
        def has_ended(self):
            self.target()
            return True

    monkeypatch.setattr(
        ordered_map, "start_threads", lambda target, _, started: started.append(Ending(target))
    )
    assert ordered_map.call_interruptibly(made.append, 1) is None
    assert made == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, KeyError])
def test_any_error_of_a_call_is_its_result(error):
    def fail(_):
        raise error

    with pytest.raises(error):
        ordered_map.call_interruptibly(fail, None)
    with ordered_map.Workers(2) as pool, pytest.raises(error):
        list(pool.map(fail, range(3)))


@pytest.mark.parametrize("patience", [0.001, None])
def test_who_waits_for_a_call_is_told(patience, monkeypatch):
    """By the thread that makes it, however patient the one that waits, and however long it takes."""
    monkeypatch.setattr(ordered_map, "POLL_SECONDS", patience)
    results = []

    def call():
        results.append(ordered_map.call_interruptibly(lambda _: time.sleep(0.1) or "told", None))

    waiting = threading.Thread(target=call, daemon=True)
    waiting.start()
    waiting.join(60)
    assert results == ["told"]


def test_no_more_is_taken_than_keeps_threads_busy():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    with ordered_map.Workers(3) as pool:
        for result in pool.map(int, items()):
            assert len(taken) <= result + 6
    assert len(taken) == 100


def test_what_is_under_way_has_ended_when_a_map_is_closed(no_thread_is_left):
    under_way, here = [], threading.get_ident()

    def work(i):
        if threading.get_ident() != here:
            under_way.append(i)
            time.sleep(0.2)
            under_way.remove(i)

    with ordered_map.Workers(2) as pool:
        results = pool.map(work, itertools.count())
        while not under_way:
            next(results)
        results.close()
        assert not under_way
    no_thread_is_left()


def test_after_an_error_nothing_more_is_begun(monkeypatch, no_thread_is_left):
    called, here = [], threading.get_ident()
    has_begun, is_under_way, is_waited_for = (threading.Event() for _ in range(3))
    start, has_ended = ordered_map.start_threads, thread.JoinableThread.has_ended.fget

    def start_second(target, *rest):
        """The caller has the first call, and the other thread the second."""
        start(lambda: has_begun.wait(60) and target(), *rest)

    def tell(self):
        is_waited_for.set()
        return has_ended(self)

    def work(i):
        called.append(i)
        if threading.get_ident() == here:
            has_begun.set()
            is_under_way.wait(60)
            # From now on the caller waits for the end of what is under way, and for nothing else.
            is_waited_for.clear()
            raise KeyError(i)
        is_under_way.set()
        is_waited_for.wait(60)

    monkeypatch.setattr(ordered_map, "start_threads", start_second)
    monkeypatch.setattr(thread.JoinableThread, "has_ended", property(tell))
    with ordered_map.Workers(2) as pool:
        with pytest.raises(KeyError, match="0"):
            list(pool.map(work, range(100)))
        assert called == [0, 1]
    assert called == [0, 1]
    no_thread_is_left()


def test_errors_keep_nothing_alive():
    """Of a call whose error is raised, and of those that come after it."""

    class Kept:
        pass

    def fail(i):
        kept = Kept()
        refs.append(weakref.ref(kept))
        raise KeyError(i)

    def give(i):
        value = Kept()
        refs.append(weakref.ref(value))
        return value

    gc.disable()
    try:
        for threads in (2, 3):
            refs = []
            with ordered_map.Workers(threads) as pool, pytest.raises(KeyError):
                list(pool.map(fail, range(20)))
            assert refs
            assert not any(ref() for ref in refs)
            refs = []
            assert ordered_map.call_interruptibly(give, 1) is refs[0]()
            assert refs[0]() is None
    finally:
        gc.enable()


def test_an_error_that_nobody_asked_for_keeps_nothing_alive():
    class Kept:
        pass

    refs, has_failed = [], threading.Event()

    def fail(i):
        kept = Kept()
        refs.append(weakref.ref(kept))
        # The first error comes after the second.
        if i == 1:
            has_failed.set()
        else:
            has_failed.wait(60)
        raise KeyError(i)

    gc.disable()
    try:
        with ordered_map.Workers(2) as pool, pytest.raises(KeyError, match="0"):
            list(pool.map(fail, range(2)))
        assert len(refs) == 2
        assert not any(ref() for ref in refs)
    finally:
        gc.enable()


def test_an_interrupt_just_before_the_caller_makes_a_call(monkeypatch, no_thread_is_left):
    make, here = ordered_map._Call.run, threading.get_ident()

    def interrupted(call):
        if threading.get_ident() == here:
            raise KeyboardInterrupt
        make(call)

    monkeypatch.setattr(ordered_map._Call, "run", interrupted)
    with pytest.raises(KeyboardInterrupt), ordered_map.Workers(3) as pool:
        list(pool.map(str, range(9)))
    no_thread_is_left()


def test_an_interrupt_while_threads_start_leaves_none(monkeypatch, no_thread_is_left):
    start = ordered_map.start_threads

    def interrupted(target, count, started):
        start(target, count, started)
        if len(started) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ordered_map, "start_threads", interrupted)
    with pytest.raises(KeyboardInterrupt), ordered_map.Workers(3) as pool:
        list(pool.map(str, range(9)))
    no_thread_is_left()


def test_what_threads_leave_that_end_early_the_caller_does(monkeypatch):
    start = ordered_map.start_threads
    monkeypatch.setattr(
        ordered_map, "start_threads", lambda target, *rest: start(lambda: None, *rest)
    )
    here = threading.get_ident()
    with ordered_map.Workers(2) as pool:
        results = pool.map(lambda i: (i, threading.get_ident()), range(12))
        assert list(results) == [(i, here) for i in range(12)]


@pytest.mark.parametrize(("threads", "items"), [(100, 3), (3, 100)])
def test_no_more_threads_than_there_is_to_do(threads, items, monkeypatch, no_thread_is_left):
    started, start = [], thread.start_new_thread

    def count(*arguments):
        started.append(1)
        return start(*arguments)

    monkeypatch.setattr(thread, "start_new_thread", count)
    with ordered_map.Workers(threads) as pool:
        assert list(pool.map(str, range(items))) == [str(i) for i in range(items)]
    assert len(started) == 2  # and the caller
    no_thread_is_left()


# Lets the k-th allocation after a call fail, for every k: those of its answer among them.
NO_MEMORY = """
import sys, threading, time
from _testcapi import remove_mem_hooks, set_nomemory
from idxfast.threads.ordered_map import Workers

sys.unraisablehook = bool  # needs no memory
caller, answers = threading.get_ident(), set()


def call(k):
    if threading.get_ident() == caller:
        time.sleep(0.002)  # so that the other one makes some
    else:
        set_nomemory(k, k + 1)
    return k


for k in range(1, 100):
    try:
        with Workers(2) as workers:
            assert list(workers.map(call, [k] * 6)) == [k] * 6
        answers.add("right")
    except MemoryError:
        answers.add("MemoryError")
    finally:
        remove_mem_hooks()
print(*sorted(answers))
"""


def test_a_thread_without_memory_for_its_answer(run_child):
    pytest.importorskip("_testcapi", reason="this Python has no set_nomemory")
    assert run_child(NO_MEMORY) == ["MemoryError", "right"]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs SIGALRM")
def test_an_interrupt_does_not_wait_for_an_interruptible_call(no_thread_is_left):
    may_end = threading.Event()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)

    def interrupt_and_go_on(seconds):
        os.kill(os.getpid(), signal.SIGALRM)
        may_end.wait(seconds)

    try:
        with pytest.raises(KeyboardInterrupt):
            ordered_map.call_interruptibly(interrupt_and_go_on, 60)
        assert not may_end.is_set()
    finally:
        signal.signal(signal.SIGALRM, old)
        may_end.set()
    no_thread_is_left()


def test_an_interruptible_call_gives_what_the_call_gives(monkeypatch):
    assert (
        ordered_map.call_interruptibly(lambda _: threading.get_ident(), 0) != threading.get_ident()
    )
    with pytest.raises(KeyError):
        ordered_map.call_interruptibly({}.__getitem__, 1)
    monkeypatch.setattr(ordered_map, "start_threads", lambda *_: None)
    assert (
        ordered_map.call_interruptibly(lambda _: threading.get_ident(), 0) == threading.get_ident()
    )


def test_threads_end_once_their_owner_is_gone(monkeypatch, no_thread_is_left):
    """If Ctrl-C comes just before the end of the block, nobody tells them to."""
    monkeypatch.setattr(ordered_map, "POLL_SECONDS", 0.001)
    workers = ordered_map.Workers(3)
    assert list(workers.map(int, range(10))) == list(range(10))
    del workers
    no_thread_is_left()


def test_threads_wait_for_calls_while_they_have_an_owner(monkeypatch, no_thread_is_left):
    monkeypatch.setattr(ordered_map, "POLL_SECONDS", 0.001)
    together = threading.Barrier(2)
    with ordered_map.Workers(2) as workers:
        for _ in range(2):
            # Two calls meet, so the other thread is there.
            list(workers.map(lambda _: together.wait(60), range(2)))
            time.sleep(0.1)  # it looks for calls in vain, many times
    no_thread_is_left()
