"""How many threads are chosen, and what is called on them."""

import contextlib
import gc
import itertools
import os
import signal
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import idxfast
from idxfast.threads import count, ordered_map, thread


def test_the_choice_of_threads(monkeypatch, tmp_path):
    choose = count.choose_threads
    assert choose(3) == 3
    for wrong in (0, -1):
        for call in (idxfast.loads, idxfast.load):
            with pytest.raises(ValueError, match=str(wrong)):
                call(b"", threads=wrong)
        with pytest.raises(ValueError, match=str(wrong)):
            idxfast.save(tmp_path / "file", [1.5], threads=wrong)
    monkeypatch.setattr(count, "_quota", lambda: 99)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3), raising=False)
    assert choose(None) == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    assert choose(None) == 8
    for quota, expected in [(0.5, 1), (1.0, 1), (2.9, 2)]:
        monkeypatch.setattr(count, "_quota", lambda quota=quota: quota)
        assert choose(None) == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert choose(None) == 1
    for text, expected in [("max 100000\n", np.inf), ("250000 100000", 2.5), ("?", np.inf)]:
        (tmp_path / "cpu.max").write_text(text)
        assert count._read_quota(tmp_path) == expected
    assert count._read_quota(tmp_path / "none") == np.inf


def test_the_quota_is_the_least_of_all_control_groups(monkeypatch, tmp_path):
    membership = tmp_path / "cgroup"
    monkeypatch.setattr(count, "Path", lambda _: membership)
    monkeypatch.setattr(count, "_CGROUPS", tmp_path)
    quota = count._quota.__wrapped__
    assert quota() == np.inf
    membership.write_text("1:cpu:/other\n0::/a/b\n")
    assert quota() == np.inf
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "a" / "b" / "cpu.max").write_text("max 100000\n")
    assert quota() == 1.5
    (tmp_path / "a" / "b" / "cpu.max").write_text("50000 100000\n")
    assert quota() == 0.5


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
        together.wait(10)
        return threading.get_ident()

    with ordered_map.Workers(2) as pool:
        idents = list(pool.map(meet, range(8)))
    assert sorted(map(idents.count, set(idents))) == [4, 4]
    assert threading.get_ident() in idents
    no_thread_is_left()


def test_a_call_is_made_once():
    made = []
    call = ordered_map._Call(made.append, 1)
    assert call.claim()
    assert call.claim()  # it is still this thread's
    other = threading.Thread(target=lambda: made.append(call.claim()))
    other.start()
    other.join()
    assert made == [False]
    call.make()
    assert made == [False, 1]
    assert not call.claim()


def test_a_call_that_the_last_thread_made_before_its_end_is_not_made_again():
    made = []
    call = ordered_map._Call(made.append, 1)

    class Ended:
        @property
        def has_ended(self):
            call.make()
            return True

    call.wait([Ended()])
    assert made == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, KeyError])
def test_any_error_of_a_call_is_its_result(error):
    def fail(_):
        raise error

    call = ordered_map._Call(fail, None)
    call.make()
    for expected in (error, None):
        if expected:
            with pytest.raises(expected):
                call.result()
        else:
            # It was handed over.
            assert call.result() is None


@pytest.mark.parametrize("patience", [0.001, None])
def test_who_waits_for_a_call_is_told(patience, monkeypatch):
    """By the thread that makes it, however patient the one that waits, and however long it takes."""
    monkeypatch.setattr(ordered_map, "PATIENCE", patience)
    call = ordered_map._Call(lambda _: time.sleep(0.1), None)
    waiting = threading.Thread(target=call.wait, args=[[thread.Helper(int)]], daemon=True)
    waiting.start()
    time.sleep(0.1)
    call.make()
    waiting.join(60)
    assert not waiting.is_alive()


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


def test_after_an_error_nothing_more_is_begun(no_thread_is_left):
    called, here, is_under_way = [], threading.get_ident(), threading.Event()

    def work(i):
        called.append(i)
        if threading.get_ident() == here:
            is_under_way.wait(60)
            raise KeyError(i)
        is_under_way.set()
        time.sleep(0.2)

    with ordered_map.Workers(2) as pool:
        with pytest.raises(KeyError):
            list(pool.map(work, range(100)))
        assert len(called) == 2
        time.sleep(0.1)
    assert len(called) == 2
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
            with ordered_map.Workers(threads) as pool:
                call = ordered_map._Call(give, 1)
                call.make()
                assert call.result() is refs[0]()
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
    make, here = ordered_map._Call.make, threading.get_ident()

    def interrupted(call):
        if threading.get_ident() == here:
            raise KeyboardInterrupt
        make(call)

    monkeypatch.setattr(ordered_map._Call, "make", interrupted)
    with pytest.raises(KeyboardInterrupt), ordered_map.Workers(3) as pool:
        list(pool.map(str, range(9)))
    no_thread_is_left()


def test_an_interrupt_while_threads_start_leaves_none(monkeypatch, no_thread_is_left):
    start = ordered_map.start_helpers

    def interrupted(target, count, helpers):
        start(target, count, helpers)
        if len(helpers) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ordered_map, "start_helpers", interrupted)
    with pytest.raises(KeyboardInterrupt), ordered_map.Workers(3) as pool:
        list(pool.map(str, range(9)))
    no_thread_is_left()


def test_what_threads_leave_that_end_early_the_caller_does(monkeypatch):
    start = ordered_map.start_helpers
    monkeypatch.setattr(
        ordered_map, "start_helpers", lambda target, *rest: start(lambda: None, *rest)
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
            assert list(ordered_map.map(call, [k] * 6)) == [k] * 6
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
    helper = thread.Helper(target)
    with pytest.raises(KeyboardInterrupt):
        helper.start()
    helper.join()
    assert ended
    thread.Helper(ended.clear).join()  # it never was one
    assert ended


def test_a_thread_has_ended_though_its_life_is_still_known():
    """In a free-threaded Python it is, until the thread that made it looks."""
    helper = thread.Helper(int)
    life = helper._life()
    helper.start()
    helper.wait(60)
    assert helper.has_ended
    assert life is not None
    helper.join()


def test_a_thread_that_never_came_to_run_anything_has_ended(monkeypatch):
    """As without memory for its first call. Nobody but the thread may keep its life."""
    monkeypatch.setattr(thread.Helper, "_run", lambda self, *life: None)
    helper = thread.Helper(int)
    helper.start()
    # A free-threaded Python sees it when this thread runs again.
    assert any(helper.wait(thread.PATIENCE) for _ in range(1_000))


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
    started, called = [], []

    def start(*arguments):
        started.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(thread, "start_new_thread", start)
    helper = thread.Helper(lambda: called.append(1))
    with pytest.raises(KeyboardInterrupt):
        helper.start()
    helper.join()
    function, arguments = started[0]
    function(*arguments)
    assert not called


def test_a_thread_that_has_ended_keeps_nothing_alive():
    class Target:
        def __call__(self):
            pass

    target = Target()
    ref = weakref.ref(target)
    helper = thread.Helper(target)
    del target
    helper.start()
    helper.join()
    deadline = time.monotonic() + 60
    while ref() is not None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert ref() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_thread_whose_error_is_kept_has_ended(monkeypatch):
    errors = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: errors.append(args.exc_value))
    helper = thread.Helper(lambda: 1 // 0)
    helper.start()
    assert helper.wait(60)
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
            thread.join_helpers(joined)
            raise AssertionError("there was no interrupt")
        # One that has ended may be joined again.
        assert [helper.joins >= 3 for helper in joined] == [True, True]
        assert len(raised) == 4
        assert not any(error() for error in raised)
    finally:
        gc.enable()


def test_an_interrupt_does_not_wait_for_a_call_aside(no_thread_is_left):
    may_end = threading.Event()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            ordered_map.call_aside(lambda seconds: may_end.wait(seconds), 60)
    finally:
        signal.signal(signal.SIGALRM, old)
        may_end.set()
    no_thread_is_left()


def test_a_call_aside_gives_what_the_call_gives(monkeypatch):
    assert ordered_map.call_aside(lambda _: threading.get_ident(), 0) != threading.get_ident()
    with pytest.raises(KeyError):
        ordered_map.call_aside({}.__getitem__, 1)
    monkeypatch.setattr(ordered_map, "start_helpers", lambda *_: None)
    assert ordered_map.call_aside(lambda _: threading.get_ident(), 0) == threading.get_ident()
