"""Segments on several threads: which are appended, and which cannot be."""

import contextlib
import threading
import time

import numpy as np
import pytest

import idxfast
from files.contents import (
    packed,
)
from idxfast.gzip import input_buffer, pool, segments
from idxfast.native.buffers import address
from idxfast.storage.memory import MemorySource

pytestmark = pytest.mark.usefixtures("small_steps")


def test_segments_are_appended(appended):
    file, data = packed("many_images", "zlib-6")
    for threads in range(2, 9):
        appended.clear()
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
        assert sum(appended) > data.nbytes / 5


def test_windows_that_no_segment_knows(appended):
    """Nearly every match of a segment leads to bytes before it, and so on back to the first."""
    file, data = packed("unresolved", "zlib-6")
    assert np.array_equal(idxfast.loads(file, threads=4), data)
    assert sum(appended) > data.nbytes / 5


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("content", ["many_images", "images_after_noise", "images_before_noise"])
def test_no_memory_is_written_by_two(content, threads, monkeypatch, around_decoders):
    """No thread uses memory that another one reads into or decodes to at the same time."""
    random = np.random.default_rng(threads)
    lock = threading.Lock()
    in_use: list[tuple[int, int, bool]] = []
    clashes = []

    @contextlib.contextmanager
    def using(read, written):
        uses = [(address(buffer), address(buffer) + len(buffer)) for buffer in (read, written)]
        uses = [(*uses[0], False), (*uses[1], True)]
        with lock:
            for start, stop, writes in uses:
                for other_start, other_stop, other_writes in in_use:
                    overlap = max(start, other_start) < min(stop, other_stop)
                    if overlap and (writes or other_writes):
                        clashes.append((uses, in_use[:]))
            in_use.extend(uses)
            pause = random.random() / 500
        time.sleep(pause)
        try:
            yield
        finally:
            with lock:
                for use in uses:
                    in_use.remove(use)

    def read_into(self, buffer, offset):
        with using(file, np.frombuffer(buffer, np.uint8)):
            return original(self, buffer, offset)

    file, data = packed(content, "zlib-6")
    file = np.frombuffer(file, np.uint8)
    original = MemorySource.read_into
    monkeypatch.setattr(MemorySource, "read_into", read_into)
    around_decoders(using)
    assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert not clashes
    assert not in_use


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("room", ["LITERALS", "MATCHES"])
@pytest.mark.parametrize("size", [0, 1, 100, 3_000, 20_000])
def test_segments_that_end_early(room, size, appended, monkeypatch):
    """In the middle of a block; the leader goes on from there."""
    monkeypatch.setattr(segments, room, size)
    for content, packer in (("images", "zlib-6"), ("images_after_noise", "zlib-1")):
        file, data = packed(content, packer)
        for threads in (2, 3):
            assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert any(appended) or size == 0


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("content", ["images", "letters"])
def test_false_starts_cost_time_alone(content, monkeypatch):
    file, data = packed(content, "zlib-6")
    find = segments.find_block
    calls = []

    def find_block(buffer, start, stop):
        calls.append(start)
        found = find(buffer, start, stop)
        return found - 77 if found > start + 100 and len(calls) % 3 else found

    monkeypatch.setattr(segments, "find_block", find_block)
    for threads in (1, 2, 4):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert len(calls) > 5


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("packer", ["zlib-6", "zlib-0", "fixed", "two-members"])
def test_starts_at_any_bit(packer, monkeypatch):
    """Whatever is taken for the start of a block."""
    file, data = packed("images", packer)
    dice, lock = np.random.default_rng(7), threading.Lock()

    def find_block(buffer, start, stop):
        with lock:
            return start + int(dice.integers(0, 40_000)) if stop - start > 50_000 else -1

    monkeypatch.setattr(segments, "find_block", find_block)
    for threads in (2, 3, 8):
        for _ in range(4):
            assert np.array_equal(idxfast.loads(file, threads=threads), data)


@pytest.mark.parametrize("error", [OSError, MemoryError])
@pytest.mark.parametrize("after", [0, 1])
def test_a_segment_that_cannot_be_read_is_left_to_the_leader(error, after, monkeypatch, appended):
    has_failed, here = threading.Event(), threading.local()
    decode, fill = segments.Segment.decode, input_buffer.InputBuffer.fill

    def decode_and_fail(self, is_wanted):
        here.left = after
        try:
            decode(self, is_wanted)
        finally:
            del here.left

    def failing(self, wanted):
        if hasattr(here, "left"):
            here.left -= 1
            if here.left < 0:
                has_failed.set()
                raise error(5, "Input/output error")
        fill(self, wanted)

    monkeypatch.setattr(segments.Segment, "decode", decode_and_fail)
    monkeypatch.setattr(input_buffer.InputBuffer, "fill", failing)
    file, data = packed("many_images", "zlib-6")
    assert np.array_equal(idxfast.loads(file, threads=3), data)
    assert has_failed.is_set()
    assert after or not any(appended)


def test_another_error_in_a_segment_passes(monkeypatch, no_thread_is_left):
    """Whoever waits for the segment does not wait for ever."""

    def fail(*_):
        time.sleep(0.1)
        raise RuntimeError("a mistake")

    monkeypatch.setattr(segments, "find_block", fail)
    file, _ = packed("many_images", "zlib-6")
    for threads in (2, 3):
        # A load that is over before a segment is begun raises nothing.
        for _ in range(100):
            try:
                idxfast.loads(file, threads=threads)
            except RuntimeError as error:
                assert str(error) == "a mistake"
                break
            finally:
                no_thread_is_left()
        else:
            pytest.fail("no load has raised the error")


@pytest.mark.parametrize("allowed", range(4))
def test_no_memory_for_symbols(allowed, monkeypatch):
    """The segments that there is memory for are decoded ahead; the leader needs none."""
    file, data = packed("images", "zlib-6")
    symbols, made = segments.Symbols, []

    def limited(*arguments):
        made.append(arguments)
        if len(made) > allowed:
            raise MemoryError
        return symbols(*arguments)

    monkeypatch.setattr(segments, "Symbols", limited)
    for threads in (2, 3, 8):
        made.clear()
        assert np.array_equal(idxfast.loads(file, threads=threads), data)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_symbols_are_used_again(threads, monkeypatch, appended):
    """However long a file, there are as many as segments may be begun, and no more."""
    symbols, made = segments.Symbols, []

    def spy(*arguments):
        made.append(arguments)
        return symbols(*arguments)

    monkeypatch.setattr(segments, "Symbols", spy)
    file, data = packed("many_images", "zlib-6")
    assert len(file) > 50 * pool.MIN_STEP
    assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert len(appended) > len(made)
    assert set(made) == {(segments.LITERALS, segments.MATCHES)}
    assert len(made) <= threads
