"""The pool that decodes segments: who leads, what is begun, and how it ends."""

import gc
import gzip
import itertools
import threading
import time
import weakref
from unittest import mock

import numpy as np
import pytest

import idxfast
from files.damage import DAMAGES, damaged, outcome
from files.handmade import member
from files.small_blocks import (
    CONTENTS,
    FILES,
    IMAGES,
    LETTERS,
    blocks,
    in_members,
    small_blocks,
)
from idxfast.gzip import decoder, pool, segments, small_members, stream
from idxfast.storage.memory import MemorySource

pytestmark = pytest.mark.usefixtures("small_pieces")


def a_reader(file, total):
    """A decoder at the start of a file, and the memory that it writes to."""
    reader = decoder.Decoder(MemorySource(file, "name"))
    reader.total = total
    out = np.empty(total, np.uint8)
    reader.write_to(out)
    return reader, out


def a_pool(reader, file, threads=2, step=4_000, progress=None):
    with mock.patch.multiple(pool, MIN_STEP=step, MAX_STEP=step):
        return pool.Pool(reader, MemorySource(file, "name"), threads, progress)


@pytest.fixture
def started(monkeypatch):
    """The threads that a pool has started."""
    threads, start = [], pool.start_threads

    def start_and_keep(work, count, started):
        start(work, count, started)
        threads.extend(started)

    monkeypatch.setattr(pool, "start_threads", start_and_keep)
    return threads


@pytest.fixture
def is_joined(monkeypatch):
    """Set once a pool has told its threads to end, and waits for that."""
    event, join = threading.Event(), pool.join_threads

    def join_and_tell(threads):
        event.set()
        join(threads)

    monkeypatch.setattr(pool, "join_threads", join_and_tell)
    return event


@pytest.fixture
def begun(monkeypatch):
    """The places of the segments that were begun, and how many others were not yet passed then."""
    places, passed = [], []
    begin, append = segments.Segment.begin, decoder.Decoder.append

    def spy(self, first, last):
        if last:  # it is not just being made
            places.append((first, last, len(places) - len(passed)))
        begin(self, first, last)

    def spy_on_append(self, segment):
        passed.append(segment)
        return append(self, segment)

    monkeypatch.setattr(segments.Segment, "begin", spy)
    monkeypatch.setattr(decoder.Decoder, "append", spy_on_append)
    return places


@pytest.fixture
def is_begun(monkeypatch):
    """Set once a segment is decoded; before that the leader stays where it is."""
    event = threading.Event()
    advance, decode = decoder.Decoder.advance, segments.Segment.decode

    def wait_and_advance(self, *arguments, **options):
        if not event.is_set():
            event.wait(60)
            return True  # so that the leader looks for segments again
        return advance(self, *arguments, **options)

    def tell_and_decode(self, is_wanted):
        event.set()
        decode(self, is_wanted)

    monkeypatch.setattr(decoder.Decoder, "advance", wait_and_advance)
    monkeypatch.setattr(segments.Segment, "decode", tell_and_decode)
    return event


@pytest.mark.usefixtures("is_begun")
@pytest.mark.parametrize("threads", [2, 3, 1_000])
def test_segments_follow_each_other_and_none_starts_after_the_end(threads, begun):
    file = FILES["letters"]
    reader, out = a_reader(file, len(LETTERS))
    a_pool(reader, file, threads, 2_000).decode()
    assert out.tobytes() == LETTERS
    assert begun
    for (_, last, _), (first, *_) in itertools.pairwise(begun):
        assert last <= first
    for first, last, others in begun:
        assert first < len(file)
        assert last - first == 2_000
        # Those that are appended or discarded just then are counted as passed a little early.
        assert others < min(threads, 1 + len(file) // 2_000)


def test_one_step_over_the_whole_file_leaves_no_segment(begun):
    file = FILES["letters"]
    reader, out = a_reader(file, len(LETTERS))
    a_pool(reader, file, step=len(file)).decode()
    assert out.tobytes() == LETTERS
    assert not begun


def test_the_leader_waits_for_the_segment_that_comes_next(is_begun, monkeypatch):
    """The symbols of each are late; if the leader passed it, it would be lost."""
    file, decode, append = FILES["letters"], segments.Segment.decode, decoder.Decoder.append
    reader, out = a_reader(file, len(LETTERS))
    appended = []

    def decode_late(self, is_wanted):
        is_begun.set()
        while reader.input.offset < self.first and is_wanted():
            time.sleep(0.001)
        time.sleep(0.005)
        decode(self, is_wanted)

    def spy(self, segment):
        appended.append(append(self, segment))
        return appended[-1]

    monkeypatch.setattr(segments.Segment, "decode", decode_late)
    monkeypatch.setattr(decoder.Decoder, "append", spy)
    a_pool(reader, file).decode()
    assert out.tobytes() == LETTERS
    assert any(appended)


def test_the_first_error_is_the_one(started, monkeypatch):
    """That of a segment, and then that of the leader."""

    def fail_first(self, is_wanted):
        raise MemoryError("of the segment")

    def fail_second(self, *_, **__):
        while not any(thread.has_ended for thread in started):
            time.sleep(0.001)
        raise OSError(5, "of the leader")

    monkeypatch.setattr(segments.Segment, "decode", fail_first)
    monkeypatch.setattr(decoder.Decoder, "advance", fail_second)
    file = FILES["letters"]
    made = a_pool(a_reader(file, len(LETTERS))[0], file)
    with pytest.raises(MemoryError, match="of the segment"):
        made.decode()


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_of_a_job_is_raised_and_not_kept(count, monkeypatch):
    class Failure(OSError):
        pass

    def fail(self, *_, **__):
        raise Failure(5, "of the leader")

    start = pool.start_threads
    monkeypatch.setattr(pool, "start_threads", lambda w, _, made: start(w, count, made))
    monkeypatch.setattr(decoder.Decoder, "advance", fail)
    file = FILES["letters"]
    made = a_pool(a_reader(file, len(LETTERS))[0], file)
    gc.disable()
    try:
        with pytest.raises(Failure, match="of the leader") as caught:
            made.decode()
        error = weakref.ref(caught.value)
        del caught
        assert error() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("is_bad", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_a_pool_is_gone_when_it_is_done(count, is_bad, monkeypatch):
    """No cycle keeps it: neither after an error nor without."""
    start = pool.start_threads
    monkeypatch.setattr(pool, "start_threads", lambda w, _, made: start(w, count, made))
    file = FILES["letters"][:-8] + bytes(8 * is_bad) + FILES["letters"][-8:]
    gc.collect()
    gc.disable()
    try:
        reader, _ = a_reader(file, len(LETTERS))
        made = a_pool(reader, file)
        refs = [weakref.ref(made), weakref.ref(reader)]
        try:
            made.decode()
            assert not is_bad
        except idxfast.IdxError:
            assert is_bad
        del made, reader
        assert not any(ref() for ref in refs)
    finally:
        gc.enable()


def test_the_caller_reports_and_does_nothing_else(monkeypatch):
    """Ctrl-C comes to its thread, which holds no lock and decodes nothing."""
    monkeypatch.setattr(pool, "POLL_SECONDS", 0.001)
    threads, reports, has_reported = set(), [], threading.Event()
    advance = decoder.Decoder.advance

    def spy(self, *arguments, **options):
        threads.add(threading.get_ident())
        has_reported.wait(60)
        return advance(self, *arguments, **options)

    def report(*numbers):
        reports.append((*numbers, threading.get_ident()))
        has_reported.set()

    monkeypatch.setattr(decoder.Decoder, "advance", spy)
    file, here = FILES["small blocks"], threading.get_ident()
    reader, _ = a_reader(file, len(IMAGES))
    a_pool(reader, file, progress=report).decode()
    assert threads
    assert here not in threads
    assert {report[1:] for report in reports} == {(len(IMAGES), here)}


def test_small_members_do_not_keep_the_leader_from_its_end(monkeypatch, is_joined):
    """Hundreds of groups are read at once; after Ctrl-C no other one is begun."""
    monkeypatch.setattr(small_members, "GROUP", 64)
    monkeypatch.setattr(pool, "POLL_SECONDS", 0.001)
    file = FILES["letters"] + blocks(bytes(100_000), 500)
    decode, calls, is_at_fifth = small_members.decode_members, [], threading.Event()

    def decode_until_interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 5:
            is_at_fifth.set()
            is_joined.wait(60)
        return decode(*arguments)

    def interrupt(*_):
        if is_at_fifth.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr(small_members, "decode_members", decode_until_interrupted)
    reader, _ = a_reader(file, len(LETTERS) + 100_000)
    with pytest.raises(KeyboardInterrupt):
        a_pool(reader, file, progress=interrupt).decode()
    assert len(calls) == 5
    assert len(LETTERS) < reader.position < len(LETTERS) + 10_000


def idx(data):
    return b"\0\0\x08\x01" + len(data).to_bytes(4) + data


@pytest.fixture
def threaded(monkeypatch):
    """Let small files be decoded on several threads."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "MIN_STEP", 2_000)
    monkeypatch.setattr(pool, "MAX_STEP", 2_000)
    monkeypatch.setattr("idxfast.containers.gzip.SMALL", 0)


@pytest.mark.usefixtures("threaded")
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("name", ["images", "small blocks", "letters", "many members"])
def test_the_error_is_that_of_one_thread_on_several(name, kind):
    content = idx(CONTENTS[name])
    pack = {"images": gzip.compress, "many members": lambda data: in_members(data, 5_000, 900)}
    file = pack.get(name, lambda data: member(data, body=small_blocks(data)))(content)
    for at in np.linspace(2_000, len(file) - 60, 8).astype(int):
        bad = damaged(file, kind, int(at))
        expected = outcome(lambda threads, bad=bad: idxfast.loads(bad, threads=threads), 1)
        for threads in (2, 3, 8):
            found = outcome(lambda threads, bad=bad: idxfast.loads(bad, threads=threads), threads)
            assert found == expected


@pytest.mark.usefixtures("threaded")
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_nothing_is_written_after_an_error(threads):
    file = member(idx(IMAGES), body=small_blocks(idx(IMAGES)))
    out = np.empty(len(IMAGES), np.uint8)
    for at in np.linspace(2_000, len(file) - 60, 20).astype(int):
        with pytest.raises(idxfast.IdxError):
            idxfast.loads(damaged(file, "zeros", int(at)), out=out, threads=threads)
        out[:] = 77
        threading.Event().wait(0.001)
        assert (out == 77).all()


@pytest.mark.usefixtures("threaded")
def test_bytes_around_the_destination_stay_as_they_are():
    for name in ("images", "letters", "zeros"):
        content = CONTENTS[name]
        file = gzip.compress(idx(content), 9 if name == "zeros" else 1)
        for threads in (1, 2, 3):
            memory = np.full(len(content) + 1_000, 0xA5, np.uint8)
            out = memory[500:-500]
            idxfast.loads(file, out=out, threads=threads)
            assert out.tobytes() == content
            for bad in (file[:-20], damaged(file, "flipped", len(file) // 2)):
                with pytest.raises(idxfast.IdxError):
                    idxfast.loads(bad, out=out, threads=threads)
            with pytest.raises(idxfast.SizeError):
                idxfast.loads(file, out=memory, threads=threads)
            assert (memory[:500] == 0xA5).all()
            assert (memory[-500:] == 0xA5).all()


@pytest.mark.usefixtures("threaded")
def test_small_members_and_blocks_after_a_large_member():
    """The leader alone decodes those."""
    large = member(idx(LETTERS + LETTERS)[: 8 + len(LETTERS)], body=small_blocks(idx(LETTERS + LETTERS)[: 8 + len(LETTERS)]))  # fmt: skip
    for rest in (in_members(LETTERS, 900), blocks(LETTERS)):
        for threads in (1, 2, 3):
            found = idxfast.loads(large + rest, threads=threads)
            assert found.tobytes() == LETTERS + LETTERS


def test_no_more_threads_than_segments(monkeypatch):
    """And if none can be started, the caller's thread reads all, and reports."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "MAX_STEP", pool.MIN_STEP)
    data = np.random.default_rng(1).integers(0, 250, 1_000_000, np.uint8)
    file = gzip.compress(idxfast.dumps(data))
    counts, calls = [], []
    monkeypatch.setattr(pool, "start_threads", lambda work, count, started: counts.append(count))
    array = idxfast.loads(file, threads=3_000)
    assert np.array_equal(array, data)
    assert counts == [len(file) // pool.MIN_STEP + 1]
    source = MemorySource(file, "name")
    reader = stream.GzipStream(source, 2, lambda *call: calls.append(call))
    reader.head(8)
    reader.read_into(np.empty(len(data), np.uint8), 8)
    assert calls[-1] == (len(data) + 8, len(data) + 8)
    assert len(calls) > 3
