"""A pool without threads gives the bytes and the errors of one decoder, whatever the segments are.

Whatever may be begun is begun, and its symbols are decoded, each time that the leader has come to
a segment. So each run is the same.
"""

import gzip
import zlib
from unittest import mock

import numpy as np
import pytest

import idxfast
from files.damage import DAMAGES, damaged, outcome
from files.handmade import Deflate, member
from files.small_blocks import CONTENTS, FILES, IMAGES, LETTERS
from idxfast.gzip import decoder, pool, segments
from idxfast.native.inflate import SPACE
from idxfast.storage.memory import MemorySource

pytestmark = pytest.mark.usefixtures("small_pieces")


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
    dice = np.random.default_rng(9)
    first = dice.bytes(40_000)
    for count in (0, 1, 700, 9_000):
        data = dice.integers(0, 20, count, np.uint8).tobytes()
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
    dice = np.random.default_rng(9)
    first = dice.bytes(40_000)
    data = dice.integers(0, 20, 9_000, np.uint8).tobytes()
    body = Deflate().dynamic([*data]).dynamic([(9, 9_000)]).dynamic([*data], True).pack()
    content = zlib.decompress(body, -15)
    file = gzip.compress(first) + member(content, body=body)
    for step in (500, 1_500, 4_000):
        out, _ = in_turns(file, 40_000 + len(content), step)
        assert out.tobytes() == first + content


def test_no_memory_for_a_segment(monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(segments, "Symbols", fail)
    out, made = in_turns(FILES["letters"], len(LETTERS))
    assert out.tobytes() == LETTERS
    assert not made.appended


def test_memory_of_a_segment_serves_again(monkeypatch):
    segment, count = pool.Segment, []
    monkeypatch.setattr(pool, "Segment", lambda source: count.append(source) or segment(source))
    _, made = in_turns(FILES["small blocks"], len(IMAGES), 1_000)
    assert len(made.appended) > 10
    assert len(count) <= 2
