"""The byte order of buffers, copies of them, and lists of their bytes."""

import gc
import signal
import sys
import tracemalloc

import numpy as np
import pytest

from idxfast.native import buffers
from idxfast.native.buffers import rows


@pytest.mark.parametrize("itemsize", [2, 4, 8])
def test_swap(itemsize):
    for count in (0, 1, 3, 16, 1001):
        data = np.random.default_rng(count).bytes(count * itemsize)
        for shift in (0, 1, 5):
            buffer = bytearray(shift) + data
            buffers.swap(memoryview(buffer)[shift:], itemsize)
            assert buffer[shift:] == np.frombuffer(data, f"u{itemsize}").byteswap().tobytes()
    with pytest.raises(ValueError, match="inside"):
        buffers.swap(bytearray(itemsize + 1), itemsize)
    with pytest.raises(ValueError, match="3"):
        buffers.swap(bytearray(3), 3)
    with pytest.raises(BufferError):
        buffers.swap(bytes(4), 4)


def test_fill():
    data = bytes(range(100))
    out = np.zeros(30, np.uint8)
    buffers.fill(out, data, 70)
    assert out.tobytes() == data[70:]
    buffers.fill(out[:0], data, 100)
    for start in (-1, 71, 101):
        with pytest.raises(ValueError, match="too few bytes"):
            buffers.fill(out, data, start)
    with pytest.raises(BufferError):
        buffers.fill(bytes(3), data, 0)


@pytest.mark.parametrize("shape", [(5, 256), (256, 5), (1, 1), (3, 0), (0, 3), (0, 0)], ids=str)
def test_rows(shape):
    pixels = np.arange(shape[0] * shape[1], dtype=np.uint16).astype(np.uint8).reshape(shape)
    result = rows(pixels, len(pixels))
    assert result == pixels.tolist()
    assert all(type(row) is list for row in result)
    assert all(type(value) is int for row in result for value in row)


def test_rows_are_independent_lists():
    first, second = rows(bytes(4), 2)
    first.append(7)
    first[0] = 9
    assert first == [9, 0, 7]
    assert second == [0, 0]


def test_collecting_garbage_meanwhile():
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        assert rows(bytes(range(200)) * 10, 1000) == [
            [i % 200, i % 200 + 1] for i in range(0, 2000, 2)
        ]
    finally:
        gc.set_threshold(*threshold)


def test_the_collector_visits_no_rows():
    result = rows(bytes([7]) * 1234, 2)
    assert gc.is_tracked(result)
    assert not any(gc.is_tracked(row) for row in result)


@pytest.mark.parametrize("width", [1, 1234])
def test_the_collector_sees_full_lists_alone(width):
    seen = []

    def look(phase, info):
        seen.extend(item for item in gc.get_objects() if type(item) is list and len(item) == 1234)

    threshold = gc.get_threshold()
    gc.set_threshold(300)
    gc.callbacks.append(look)
    try:
        result = rows(bytes([7]) * 1234 * width, 1234)
        # From 3.12 on the collector waits for the end of a call, and so for a full list.
        assert not seen or sys.version_info >= (3, 12)
        seen.clear()
        gc.collect()
    finally:
        gc.callbacks.remove(look)
        gc.set_threshold(*threshold)
    assert all(item is result for item in seen) and len(seen) == 2
    assert result == [[7] * width] * 1234


def test_rows_are_ordinary_lists_otherwise():
    """They are freed, and can be changed, copied and collected with what holds them."""
    result = rows(bytes(range(20)), 4)
    copy = [row[:] for row in result]
    assert all(gc.is_tracked(row) for row in copy) and copy == result
    result[0].extend(range(1000))
    result[1].sort(reverse=True)
    result.append(result)
    before = len(result)
    del result
    assert gc.collect() > 0 and before == 5


@pytest.mark.parametrize(("size", "count"), [(5, 2), (5, 0), (4, -2), (0, -1)])
def test_what_does_not_divide_is_refused(size, count):
    with pytest.raises(ValueError, match=f"{size} bytes do not make {count} equal rows"):
        rows(bytes(size), count)


def test_other_buffers_are_refused():
    with pytest.raises((TypeError, BufferError, ValueError)):
        rows(np.zeros((4, 4), np.uint8)[:, ::2], 4)
    with pytest.raises(TypeError):
        rows("text", 2)


@pytest.mark.skipif(not hasattr(signal, "ITIMER_VIRTUAL"), reason="needs a timer of CPU time")
def test_a_signal_is_handled_meanwhile():
    """The handler finds a part of the rows alone, and can end the call."""
    data, found = bytes(range(256)) * (1 << 16), []

    def handle(*_):
        found.append(tracemalloc.get_traced_memory()[0])
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, handle)
    tracemalloc.start()
    gc.disable()  # a callback of the collector might handle the signal
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)  # all rows take longer on any machine
        with pytest.raises(TimeoutError):
            rows(data, 1 << 16)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        gc.enable()
        tracemalloc.stop()
        signal.signal(signal.SIGVTALRM, before)
    assert found[0] < 0.9 * 8 * len(data)  # each int takes eight bytes of a list
