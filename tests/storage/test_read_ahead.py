"""storage/read_ahead: a remote file in order, each byte requested once."""

import random
import threading

import pytest

from idxfast.storage import read_ahead
from idxfast.storage.inputs import open_source

DATA = random.Random(1).randbytes(20_500)


@pytest.fixture
def source(monkeypatch, objects):
    monkeypatch.setattr("idxfast.storage.objects.START", 100)
    monkeypatch.setattr(read_ahead, "IN_ORDER", (1000, 4, 10))
    objects.files["file"] = DATA
    with open_source(f"{objects.url}file") as source:
        yield source.in_order()


@pytest.mark.parametrize("count", [1, 300, 999, 1000, 1001, 25_000])
def test_in_order(source, objects, count):
    assert (source.size, source.name) == (len(DATA), f"{objects.url}file")
    assert source.in_order() is source
    pieces = [source.read(count, at) for at in range(0, len(DATA), count)]
    assert b"".join(pieces) == DATA
    assert sorted(objects.ranges[1:]) == sorted(
        f"bytes={at}-{min(at + 1000, len(DATA)) - 1}" for at in range(0, len(DATA), 1000)
    )


def test_at_the_end_and_after_it(source):
    assert source.read(10, len(DATA) - 3) == DATA[-3:]
    assert source.read(10, len(DATA)) == source.read(10, len(DATA) + 5000) == b""
    buffer = bytearray(10)
    assert source.read_into(memoryview(buffer), len(DATA) - 3) == 3
    assert buffer[:3] == DATA[-3:]


def test_it_holds_few_pieces(source, objects):
    """Those that were used last; anything else can be read again."""
    random_ = random.Random(2)
    for _ in range(300):
        at = random_.randrange(len(DATA))
        assert source.read(50, at) == DATA[at : at + 50]
    assert len(objects.requests) > 50
    count = len(objects.requests)
    for at in range(0, 6000, 1000):
        source.read(10, at)
    held = len(objects.requests)
    assert held > count
    for at in range(0, 6000, 1000):
        source.read(10, at)
    assert len(objects.requests) == held


def test_several_threads_request_each_piece_once(monkeypatch, objects):
    monkeypatch.setattr("idxfast.storage.objects.START", 100)
    monkeypatch.setattr(read_ahead, "IN_ORDER", (1000, 4, 30))
    objects.files["file"] = DATA
    source = open_source(f"{objects.url}file").in_order()
    barrier, wrong = threading.Barrier(4), []

    def work(number):
        barrier.wait()
        for at in range(0, len(DATA), 500):
            if source.read(500, at) != DATA[at : at + 500]:
                wrong.append((number, at))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(objects.requests) == 1 + 21


def test_a_signal_handler_may_read_meanwhile():
    """It runs in the thread that requests a piece, and must not wait for that thread."""
    handlers, read = [lambda: read.append(ahead.read(900, 7_000))], []

    class Interrupted:
        name, size, argument = "file", len(DATA), None

        def read_ranges(self, ranges):
            if handlers:
                handlers.pop()()
            return [DATA[start:stop] for start, stop in ranges]

    ahead = read_ahead.ReadAhead(Interrupted(), 100, 2, 3)
    thread = threading.Thread(target=lambda: read.append(ahead.read(900, 300)), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert read == [DATA[7_000:7_900], DATA[300:1_200]]
