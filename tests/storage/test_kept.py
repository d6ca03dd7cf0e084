"""storage/kept: one budget for the process; what was used least recently goes first."""

import gc
import os
import threading
import weakref

import pytest

from idxfast.storage import kept as module
from idxfast.storage.kept import Kept


class Piece:
    """Something that can be watched."""


def test_what_is_put_in_is_there():
    kept, other = Kept(100), Kept(100)
    kept.put("a", 1, 10)
    other.put("a", 2, 10)
    assert (kept.get("a"), other.get("a"), kept.get("b")) == (1, 2, None)
    kept.put("a", 3, 10)
    assert kept.get("a") == 3
    kept.clear()
    assert (kept.get("a"), other.get("a")) == (None, 2)


def test_the_least_recently_used_goes_first_whoever_put_it_in():
    kept, other = Kept(30), Kept(30)
    kept.put(1, "one", 10)
    other.put(2, "two", 10)
    kept.put(3, "three", 10)
    assert kept.get(1) == "one"
    kept.put(4, "four", 10)
    assert (kept.get(1), other.get(2), kept.get(3), kept.get(4)) == ("one", None, "three", "four")
    kept.put(5, "five", 30)
    assert (kept.get(1), kept.get(3), kept.get(4), kept.get(5)) == (None, None, None, "five")
    kept.put(6, "six", 31)
    assert (kept.get(5), kept.get(6)) == ("five", None)


def test_nothing_is_kept_for_what_is_gone():
    kept, piece = Kept(100), Piece()
    kept.put(1, piece, 10)
    watched = weakref.ref(piece)
    del piece
    assert watched() is not None
    del kept
    gc.collect()
    assert watched() is None


def test_memory_is_freed_when_it_goes():
    kept, piece = Kept(10), Piece()
    watched = weakref.ref(piece)
    kept.put(1, piece, 10)
    del piece
    kept.put(2, None, 10)
    assert watched() is None


def test_threads():
    kept, wrong = Kept(1000), []

    def work(number):
        own = Kept(1000)
        for i in range(2000):
            own.put(i % 50, (number, i), 10)
            found = own.get(i % 50)
            wrong.extend([found] * (found not in (None, (number, i))))
            kept.put((number, i % 7), i, 100)

    crew = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    assert not wrong
    # What the threads owned is forgotten with the next piece.
    kept.put("last", None, 10)
    assert module._total == sum(size for _, size in module._pieces.values())


def test_what_is_kept_is_counted_right():
    kept, other = Kept(100), Kept(100)
    kept.clear()
    before = module._total
    for size in (10, 30, 20):
        kept.put("a", None, size)
        other.put("b", None, size)
        assert module._total == before + 2 * size
    kept.clear()
    assert module._total == before + 20
    other.clear()
    assert module._total == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_does_not_wait_for_threads_of_its_parent():
    kept = Kept(1000)
    kept.put(1, "one", 10)
    stop = threading.Event()

    def work():
        own = Kept(1000)
        while not stop.is_set():
            own.put(2, "two", 10)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(20):
            child = os.fork()
            if not child:
                os._exit(kept.get(1) != "one")
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        worker.join()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["get", "move_to_end", "__contains__", "__setitem__", "pop"])
def test_a_signal_handler_may_use_what_is_kept(monkeypatch, step, moment):
    """It runs in a thread that may have the lock, and must not wait for that thread."""
    kept, other, found, handlers = Kept(100), Kept(100), [], []

    class Pieces(type(module._pieces)):
        """What is interrupted at a step."""

    def interrupted(self, *options):
        run = [handlers.pop()] if handlers else []
        if run and moment == "before":
            run.pop()()
        result = getattr(super(Pieces, self), step)(*options)
        if run:
            run.pop()()
        return result

    def handler():
        other.get("a")
        other.put("b", "of a handler", 95)
        other.clear()
        found.append("interrupted")

    def work():
        kept.put("a", "old", 10)
        handlers.append(handler)
        found.append(kept.get("a"))
        kept.put("a", "new", 95)
        found.append(kept.get("a"))

    setattr(Pieces, step, interrupted)
    monkeypatch.setattr(module, "_pieces", Pieces())
    # Without a lock that a thread can take twice, this would be for ever.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert "interrupted" in found
    found.remove("interrupted")
    assert found in (["old", "new"], [None, "new"])
    kept.put("c", None, 1)
    assert module._total == sum(size for _, size in module._pieces.values()) <= 100
