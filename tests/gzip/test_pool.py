"""Segments and the pool that decodes them: the bytes and the errors of one thread, whatever comes.

Most of these tests have no threads: whatever may be begun is begun, and its symbols are decoded,
each time that the leader has come to a segment. So each run is the same.
"""

import gc
import gzip
import itertools
import struct
import threading
import weakref
import zlib
from unittest import mock

import numpy as np
import pytest

import idxfast
from handmade import Deflate, deflate, member
from idxfast.gzip import decoder, feed, groups, pool, segments, stream
from idxfast.native.inflate import BLOCK, END, SPACE
from idxfast.storage.source import MemorySource

DICE = np.random.default_rng(6)


def images(count):
    """Blots on zeros, much like handwriting."""
    out = np.zeros((count, 28, 28), np.uint8)
    out[:, 8:17, 9:16] = DICE.integers(0, 256, (count, 9, 7))
    return out.tobytes()


def small_blocks(data, memory=4):
    """Dynamic blocks of some 1,000 symbols, with matches that lead to the blocks before."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, memory)
    return packer.compress(data) + packer.flush()


def in_members(data, *sizes):
    pieces, at = [], 0
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(member(data[at : at + size], body=small_blocks(data[at : at + size])))
        at += size
    return b"".join(pieces)


IMAGES = images(400)
LETTERS = DICE.integers(0, 30, 100_000, np.uint8).tobytes()
FILES = {
    "images": member(IMAGES, body=small_blocks(IMAGES, 6)),
    "small blocks": member(IMAGES, body=small_blocks(IMAGES)),
    "letters": member(LETTERS, body=small_blocks(LETTERS)),
    "stored": gzip.compress(LETTERS, 0),
    "one fixed block": member(LETTERS, body=Deflate().fixed([*LETTERS], True).pack()),
    "members": in_members(IMAGES, 30_000, 70_001, 1),
    "many members": in_members(LETTERS, 5_000, 10, 900),
    "zeros": gzip.compress(bytes(8_000_000), 9),
    "padding": in_members(LETTERS, 30_000) + bytes(5_000),
}
CONTENTS = {name: gzip.decompress(file) for name, file in FILES.items()}


class InTurns(pool.Pool):
    """Whoever comes to a segment begins others, and decodes them."""

    def begin_all(self):
        while (segment := self._begin_segment()) is not None:
            self._decode_symbols(segment)

    def _append(self, segment):
        before = self._decoder.position
        super()._append(segment)
        self.appended.append((segment.start, self._decoder.position - before))
        self.most = max(self.most, len(self._segments) + len(self._spare))
        self.begin_all()

    def decode(self):
        self.appended, self.most = [], 0
        self.begin_all()
        self._lead()
        assert self._is_done


def in_turns(file, total, step=4_000, threads=2, out=None):
    """Decode a file by segments of a size; return the memory and the pool."""
    out = np.full(total, 99, np.uint8) if out is None else out
    reader = decoder.Decoder(MemorySource(file, "name"))
    reader.total = total
    reader.write_to(out)
    with mock.patch.multiple(pool, MIN_STEP=step, MAX_STEP=step):
        made = InTurns(reader, MemorySource(file, "name"), threads, None)
    made.decode()
    if reader.position < total:
        raise reader.truncated()
    return out, made


def by_one(file, total):
    reader = decoder.Decoder(MemorySource(file, "name"))
    reader.total = total
    out = np.full(total, 99, np.uint8)
    reader.write_to(out)
    while reader.advance():
        pass
    if reader.position < total:
        raise reader.truncated()
    return out


def outcome(function, *arguments):
    try:
        result = function(*arguments)
    except idxfast.IdxError as error:
        return type(error), str(error), vars(error)
    return (result[0] if isinstance(result, tuple) else result).tobytes()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Chunks and rooms as small as the files."""
    monkeypatch.setattr(feed, "CHUNK", 4_000)
    monkeypatch.setattr(segments, "CHUNK", 4_000)
    monkeypatch.setattr(feed, "RESERVE", 500)
    # Members up to which size are followed by a group of as many as there are in how many bytes.
    monkeypatch.setattr(decoder, "BGZF_MAX_SIZE", 100)
    monkeypatch.setattr(groups, "GROUP", 1_000)
    monkeypatch.setattr(segments, "LITERALS", 100_000)
    monkeypatch.setattr(segments, "MATCHES", 20_000)


@pytest.mark.parametrize("appending", [1, 2, 4, 9])
@pytest.mark.parametrize("name", FILES)
def test_the_bytes_are_those_of_one_thread(name, appending, monkeypatch):
    monkeypatch.setattr(pool, "APPENDING", appending)
    content = CONTENTS[name]
    for step in (600, 1_500, 4_000, 20_000, 1 << 20):
        for threads in (1, 2, 8):
            out, made = in_turns(FILES[name], len(content), step, threads)
            assert out.tobytes() == content
            assert made.most <= threads
            if name in ("small blocks", "letters", "members", "many members") and step == 1_500:
                assert sum(size > 0 for _, size in made.appended) >= 3


@pytest.mark.parametrize("room", ["LITERALS", "MATCHES"])
@pytest.mark.parametrize("size", [0, 1, 10, 300, 2_000])
@pytest.mark.parametrize("name", ["images", "letters", "stored", "one fixed block", "members"])
def test_segments_that_end_in_the_middle_of_a_block(name, size, room, monkeypatch):
    monkeypatch.setattr(segments, room, size)
    monkeypatch.setattr(pool, "APPENDING", 1)
    content = CONTENTS[name]
    stops, decode = set(), segments.Segment.decode

    def spy(self, is_wanted):
        decode(self, is_wanted)
        if self.start is not None:
            stops.add(self.stop)

    monkeypatch.setattr(segments.Segment, "decode", spy)
    for step in (1_500, 4_000):
        out, _ = in_turns(FILES[name], len(content), step)
        assert out.tobytes() == content
    assert SPACE in stops or size > 300 or name in ("stored", "one fixed block", "letters")


@pytest.mark.parametrize("name", ["small blocks", "letters", "stored", "many members"])
def test_any_bit_may_be_taken_for_a_start(name, monkeypatch):
    """Those of headers, of codewords, of trailers and of what stored blocks hold."""
    content, dice = CONTENTS[name], np.random.default_rng(8)

    def find_block(data, start, stop):
        return min(start + int(dice.integers(0, 12_000)), stop - 1)

    monkeypatch.setattr(segments, "find_block", find_block)
    begun = 0
    for step in (700, 1_501, 4_000):
        for _ in range(5):
            out, made = in_turns(FILES[name], len(content), step)
            assert out.tobytes() == content
            begun += sum(start is not None for start, _ in made.appended)
    assert begun


def test_starts_before_and_after_the_leader(monkeypatch):
    """A bit before, and after, each true start: nothing of that is ever appended."""
    content, find = CONTENTS["letters"], segments.find_block
    for shift in (-1, 1, 8):
        monkeypatch.setattr(segments, "find_block", lambda *a, by=shift: find(*a) + by)
        out, made = in_turns(FILES["letters"], len(content))
        assert out.tobytes() == content
        assert not any(size for _, size in made.appended)


@pytest.mark.parametrize("last", ["fixed", "stored", "final"])
def test_blocks_that_the_search_does_not_see(last):
    """They are a part of the segment before, or the leader's."""
    one = LETTERS[:3_000]
    for count in (1, 5, 40):
        made = Deflate()
        for i in range(count):
            if last == "stored" and i % 2:
                made.stored(one)
            elif i % 5 == 4 and last == "final":
                made.dynamic([*one])
            else:
                made.fixed([*one])
        body = made.dynamic([*one], True).pack()
        content = zlib.decompress(body, -15)
        out, _ = in_turns(member(content, body=body), len(content), 1_500)
        assert out.tobytes() == content


def segments_of(file, step):
    """Decoded segments of a file, one after another."""
    for first in range(step, len(file), step):
        segment = segments.Segment(MemorySource(file, "name"))
        segment.begin(first, first + step)
        segment.decode(lambda: True)
        segment.is_ready = True
        yield segment


def test_a_segment_is_appended_only_where_it_starts():
    """There a block of a member starts. Elsewhere the decoder stays as it is."""
    file, content = FILES["many members"], CONTENTS["many members"]
    tried = 0
    for segment in segments_of(file, 3_000):
        if segment.start is None:
            continue
        reader = decoder.Decoder(MemorySource(file, "name"))
        reader.total = len(content)
        out = np.full(len(content), 99, np.uint8)
        reader.write_to(out)
        while reader.feed.source_bit < segment.start:
            before = reader.feed.source_bit, reader.position
            assert not reader.append(segment)
            assert (reader.feed.source_bit, reader.position) == before
            assert reader.advance(1, block_stop=0)
        is_next = reader.feed.source_bit == segment.start
        assert reader.append(segment) == is_next
        tried += is_next
        assert not reader.append(segment)
        while reader.advance():
            pass
        assert out.tobytes() == content
    assert tried > 3


def test_what_a_segment_is():
    """From the first block that starts in a part, to the first one after it."""
    file, content = FILES["small blocks"], IMAGES
    reader = decoder.Decoder(MemorySource(file, "name"))
    reader.write_to(np.empty(len(content), np.uint8))
    starts = {80: 0}
    while reader.advance(block_stop=0):
        starts[reader.feed.source_bit] = reader.position
    seen = 0
    for segment in segments_of(file, 1_000):
        if segment.start is None or segment.stop != BLOCK:
            continue
        seen += 1
        assert 8 * segment.first <= segment.start < 8 * segment.last <= segment.feed.source_bit
        assert segment.start in starts
        assert segment.feed.source_bit == min(bit for bit in starts if bit >= 8 * segment.last)
        assert segment.symbols.size == starts[segment.feed.source_bit] - starts[segment.start]
    assert seen > 5


def test_what_is_no_block_is_not_decoded_for_ever(monkeypatch):
    """Whole bytes of ones before a stop are a long match, again and again."""
    lengths = [1] + [0] * 255 + [2, 2]
    body = Deflate().dynamic([0] * 400_000, True, lengths, [1]).pack()
    file = member(bytes(400_000), body=body)
    monkeypatch.setattr(segments, "find_block", lambda data, start, stop: 80)
    segment = segments.Segment(MemorySource(file, "name"))
    segment.begin(0, 1_000)
    monkeypatch.setattr(segments, "find_block", lambda data, start, stop: start + 80)
    segment.symbols = segments.Symbols(1 << 20, 0)
    segment.decode(lambda: True)
    assert segment.start == 80
    assert segment.stop not in (BLOCK, END)
    assert 16_000 <= segment.feed.source_bit < 16_000 + 8 * feed.CHUNK


def test_a_segment_that_is_not_wanted_any_more_is_none():
    segment = segments.Segment(MemorySource(FILES["small blocks"], "name"))
    segment.begin(1_000, 2_000)
    segment.decode(lambda: False)
    assert segment.start is None


DAMAGES = ["flipped", "cut", "zeros", "left out", "twice", "trailer"]


def damaged(file, kind, at):
    """One of several faults, at a byte."""
    if kind == "flipped":
        return file[:at] + bytes([file[at] ^ 1 << at % 8]) + file[at + 1 :]
    if kind == "cut":
        return file[:at]
    if kind == "zeros":
        return file[:at] + bytes(40) + file[at + 40 :]
    if kind == "left out":
        return file[:at] + file[at + 1 :]
    if kind == "twice":
        return file[:at] + file[at - 30 :]
    return file[: -1 - at % 8] + bytes([file[-1 - at % 8] ^ 64]) + file[len(file) - at % 8 :]


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("name", ["images", "small blocks", "letters", "stored", "many members"])
def test_the_error_is_that_of_one_thread(name, kind):
    file, total = FILES[name], len(CONTENTS[name])
    errors = 0
    for at in np.linspace(40, len(file) - 60, 30).astype(int):
        bad = damaged(file, kind, int(at))
        expected = outcome(by_one, bad, total)
        errors += isinstance(expected, tuple)
        for step, threads in ((700, 1), (1_500, 2), (4_000, 3), (9_000, 8)):
            assert outcome(in_turns, bad, total, step, threads) == expected
    assert errors > 3


@pytest.mark.parametrize("change", [-5_000, -258, -1, 1, 5_000])
@pytest.mark.parametrize("name", ["images", "letters", "stored", "many members", "zeros"])
def test_too_much_or_too_little_is_that_of_one_thread(name, change):
    total = len(CONTENTS[name]) + change
    expected = outcome(by_one, FILES[name], total)
    assert expected[0] is (idxfast.TrailingDataError if change < 0 else idxfast.TruncatedError)
    for step, threads in ((700, 1), (1_500, 2), (4_000, 8)):
        assert outcome(in_turns, FILES[name], total, step, threads) == expected


@pytest.mark.parametrize("back", [1, 5, 20_000])
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_no_window_goes_over_the_start_of_a_member(back, threads, monkeypatch):
    """A segment may start with a match whose bytes are those of the member before."""
    first = DICE.bytes(40_000)
    for count in (0, 1, 700, 9_000):
        data = DICE.integers(0, 20, count, np.uint8).tobytes()
        body = Deflate().dynamic([*data]) if count else Deflate()
        body = body.dynamic([(9, count + back)]).dynamic([*LETTERS[:9_000]], True).pack()
        content = data + bytes(9) + LETTERS[:9_000]
        file = gzip.compress(first) + member(content, body=body)
        total = len(first) + len(content)
        expected = outcome(by_one, file, total)
        assert expected[0] is idxfast.GzipError
        assert "invalid distance too far back" in expected[1]
        assert expected[2]["position"] == len(first) + count
        # The segment starts at any block of the second member.
        for step in (500, 1_500, 4_000):
            assert outcome(in_turns, file, total, step, threads) == expected
        starts = 8 * (len(gzip.compress(first)) + 10)
        for start in (starts, starts + len(Deflate().dynamic([*data]).bits) * bool(count)):

            def find_block(chunk, bit, stop, start=start, file=file):
                where = 8 * file.find(chunk[:200].tobytes())
                return start - where if bit <= start - where < stop else -1

            monkeypatch.setattr(segments, "find_block", find_block)
            assert outcome(in_turns, file, total, 4_000, threads) == expected
        monkeypatch.undo()


def test_a_window_of_the_member_alone(monkeypatch):
    """As far back as the first byte of the member, and no farther, from a segment."""
    monkeypatch.setattr(pool, "APPENDING", 1)
    first = DICE.bytes(40_000)
    data = DICE.integers(0, 20, 9_000, np.uint8).tobytes()
    body = Deflate().dynamic([*data]).dynamic([(9, 9_000)]).dynamic([*data], True).pack()
    content = zlib.decompress(body, -15)
    file = gzip.compress(first) + member(content, body=body)
    for step in (500, 1_500, 4_000):
        out, _ = in_turns(file, 40_000 + len(content), step)
        assert out.tobytes() == first + content


def a_pool(file=FILES["letters"], threads=2, step=4_000):
    """One whose decoder stands at the start."""
    reader = decoder.Decoder(MemorySource(file, "name"))
    reader.total = len(LETTERS)
    reader.write_to(np.empty(len(LETTERS), np.uint8))
    with mock.patch.multiple(pool, MIN_STEP=step, MAX_STEP=step):
        return pool.Pool(reader, MemorySource(file, "name"), threads, None)


def test_what_there_is_to_do():
    """One leads; the others begin segments, as many as there may be; then nobody does anything."""
    made = a_pool(step=2_000)
    assert made._next_job() == made._lead
    jobs = [made._next_job() for _ in range(2)]
    begun = [job.args[0] for job in jobs]
    assert [*made._segments] == begun
    assert made._begin_segment() is None
    assert all(a.last <= b.first for a, b in itertools.pairwise(begun))
    assert all(segment.last - segment.first == 2_000 for segment in begun)
    made._is_done = True
    assert made._next_job() is None


def test_nobody_leads_where_the_next_segment_is_not_ready():
    made = a_pool()
    segment = made._begin_segment()
    assert made._can_lead()
    while made._decoder.feed.offset < segment.first:
        made._decoder.advance(block_stop=0)
    assert not made._can_lead()
    made._is_led = True
    made._lead()
    assert not made._is_led
    assert not made._is_done
    made._decode_symbols(segment)
    assert made._can_lead()


def test_no_segment_starts_after_the_end():
    made = a_pool(threads=1_000)
    size = len(FILES["letters"])
    while (segment := made._begin_segment()) is not None:
        assert segment.first < size
    assert len(made._segments) < 1 + size // made._step
    assert a_pool(step=size)._begin_segment() is None


def test_no_memory_for_a_segment(monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(segments, "Symbols", fail)
    out, made = in_turns(FILES["letters"], len(LETTERS))
    assert out.tobytes() == LETTERS
    assert not made.appended


def test_memory_of_a_segment_serves_again():
    _, made = in_turns(FILES["small blocks"], len(IMAGES), 1_000)
    assert len(made.appended) > 10
    assert len({id(segment) for segment in made._spare}) <= 2


def test_the_first_error_is_the_one():
    made, errors = a_pool(), [MemoryError(), OSError()]
    for error in errors:

        def fail(error=error):
            raise error

        made._next_job = fail
        made._work()
    assert made._error is errors[0]
    assert made._is_done


def test_an_error_of_a_job_is_raised_and_not_kept(monkeypatch):
    start = pool.start_helpers
    for count in (1, 2):
        monkeypatch.setattr(pool, "start_helpers", lambda w, _, made, n=count: start(w, n, made))
        made = a_pool()

        def fail():
            raise OSError(5, "of the leader")

        made._lead = fail
        with pytest.raises(OSError, match="of the leader"):
            made.decode()
        assert made._error is None


@pytest.mark.parametrize("is_bad", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_a_pool_is_gone_when_it_is_done(count, is_bad, monkeypatch):
    """No cycle keeps it: neither after an error nor without."""
    start = pool.start_helpers
    monkeypatch.setattr(pool, "start_helpers", lambda w, _, made: start(w, count, made))
    file = FILES["letters"][:-8] + bytes(8 * is_bad) + FILES["letters"][-8:]
    gc.collect()
    gc.disable()
    try:
        made = a_pool(file)
        refs = [weakref.ref(made), weakref.ref(made._decoder)]
        try:
            made.decode()
            assert not is_bad
        except idxfast.IdxError:
            assert is_bad
        del made
        assert not any(ref() for ref in refs)
    finally:
        gc.enable()


def test_the_caller_reports_and_does_nothing_else(monkeypatch):
    """Ctrl-C comes to its thread, which holds no lock and decodes nothing."""
    monkeypatch.setattr(pool, "PATIENCE", 0.001)
    threads, reports = set(), []
    advance = decoder.Decoder.advance

    def spy(self, *arguments, **options):
        threads.add(threading.get_ident())
        threading.Event().wait(0.002)
        return advance(self, *arguments, **options)

    monkeypatch.setattr(decoder.Decoder, "advance", spy)
    made = a_pool(FILES["small blocks"], 2)
    made._decoder.total = len(IMAGES)
    made._decoder.write_to(np.empty(len(IMAGES), np.uint8))
    made._progress = lambda *numbers: reports.append((*numbers, threading.get_ident()))
    made.decode()
    here = threading.get_ident()
    assert here not in threads
    assert reports
    assert {report[1:] for report in reports} == {(len(IMAGES), here)}


def test_small_members_do_not_keep_the_leader_from_its_end(monkeypatch):
    """Hundreds of groups are read at once; after Ctrl-C no other one is begun."""
    monkeypatch.setattr(groups, "GROUP", 64)
    rest = blocks(bytes(100_000), 500)
    content = LETTERS + bytes(100_000)
    made = a_pool(FILES["letters"] + rest)
    made._decoder.total = len(content)
    made._decoder.write_to(np.empty(len(content), np.uint8))
    decode, calls = groups.decode_members, []

    def interrupted(*arguments):
        calls.append(arguments)
        made._is_done = len(calls) == 5
        return decode(*arguments)

    monkeypatch.setattr(groups, "decode_members", interrupted)
    made._lead()
    assert len(calls) == 5
    assert len(LETTERS) < made._decoder.position < len(LETTERS) + 10_000


def idx(data):
    return b"\0\0\x08\x01" + len(data).to_bytes(4) + data


@pytest.fixture
def threaded(monkeypatch):
    """Let small files be decoded on several threads."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "MIN_STEP", 2_000)
    monkeypatch.setattr(pool, "MAX_STEP", 2_000)
    monkeypatch.setattr("idxfast.reading.loading.SMALL", 0)


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


def blocks(data, size=9_000):
    """BGZF's."""
    pieces = []
    for at in range(0, len(data), size):
        part = data[at : at + size]
        body = deflate(part)
        extra = b"BC\2\0" + struct.pack("<H", 12 + 6 + len(body) + 8 - 1)
        pieces.append(member(part, extra=extra, body=body))
    return b"".join(pieces)


def test_no_more_threads_than_segments(monkeypatch):
    """And if none can be started, the caller's thread reads all, and reports."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "MAX_STEP", pool.MIN_STEP)
    data = np.random.default_rng(1).integers(0, 250, 1_000_000, np.uint8)
    file = gzip.compress(idxfast.dumps(data))
    counts, calls = [], []
    monkeypatch.setattr(pool, "start_helpers", lambda work, count, helpers: counts.append(count))
    array = idxfast.loads(file, threads=3_000)
    assert np.array_equal(array, data)
    assert counts == [len(file) // pool.MIN_STEP + 1]
    source = MemorySource(file, "name")
    reader = stream.GzipStream(source, 2, lambda *call: calls.append(call))
    reader.head(8)
    reader.read_into(np.empty(len(data), np.uint8), 8)
    assert calls[-1] == (len(data) + 8, len(data) + 8)
    assert len(calls) > 3
