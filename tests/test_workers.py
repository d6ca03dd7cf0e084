"""How many threads are chosen, and what is called on them."""

import os
import signal
import threading

import numpy as np
import pytest

import idxfast
from idxfast import threads, workers


def test_the_choice_of_threads(monkeypatch, tmp_path):
    choose = threads.choose_threads
    assert choose(3) == 3
    for wrong in (0, -1):
        for call in (idxfast.loads, idxfast.load):
            with pytest.raises(ValueError, match=str(wrong)):
                call(b"", threads=wrong)
        with pytest.raises(ValueError, match=str(wrong)):
            idxfast.save(tmp_path / "file", [1.5], threads=wrong)
    monkeypatch.setattr(threads, "_quota", lambda: 99)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3), raising=False)
    assert choose(None) == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    assert choose(None) == 8
    for quota, expected in [(0.5, 1), (1.0, 1), (2.9, 2)]:
        monkeypatch.setattr(threads, "_quota", lambda quota=quota: quota)
        assert choose(None) == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert choose(None) == 1
    for text, expected in [("max 100000\n", np.inf), ("250000 100000", 2.5), ("?", np.inf)]:
        (tmp_path / "cpu.max").write_text(text)
        assert threads._read_quota(tmp_path) == expected
    assert threads._read_quota(tmp_path / "none") == np.inf


def test_the_quota_is_the_least_of_all_control_groups(monkeypatch, tmp_path):
    membership = tmp_path / "cgroup"
    monkeypatch.setattr(threads, "Path", lambda _: membership)
    monkeypatch.setattr(threads, "_CGROUPS", tmp_path)
    quota = threads._quota.__wrapped__
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
    with workers.Workers(3) as pool:
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


def test_an_interrupt_while_threads_start_leaves_none(monkeypatch, no_thread_is_left):
    start = workers.start_helpers

    def interrupted(target, count, helpers):
        start(target, count - 1, helpers)
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "start_helpers", interrupted)
    pool = workers.Workers(3)
    with pytest.raises(KeyboardInterrupt), pool:
        pytest.fail("it was not entered")
    no_thread_is_left()


def test_what_threads_leave_that_end_early_the_caller_does(monkeypatch):
    start = workers.start_helpers
    monkeypatch.setattr(workers, "start_helpers", lambda target, *rest: start(lambda: None, *rest))
    here = threading.get_ident()
    with workers.Workers(2) as pool:
        results = pool.map(lambda i: (i, threading.get_ident()), range(12))
        assert list(results) == [(i, here) for i in range(12)]


def test_an_interrupt_does_not_wait_for_a_call_aside(no_thread_is_left):
    may_end = threading.Event()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            workers.call_aside(lambda seconds: may_end.wait(seconds), 60)
    finally:
        signal.signal(signal.SIGALRM, old)
        may_end.set()
    no_thread_is_left()


def test_a_call_aside_gives_what_the_call_gives(monkeypatch):
    assert workers.call_aside(lambda _: threading.get_ident(), 0) != threading.get_ident()
    with pytest.raises(KeyError):
        workers.call_aside({}.__getitem__, 1)
    monkeypatch.setattr(workers, "start_helpers", lambda *_: None)
    assert workers.call_aside(lambda _: threading.get_ident(), 0) == threading.get_ident()
