"""gzip/parts: any part of any gzip file, against the standard library's gzip."""

import gzip
import random
import threading
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import idxfast
from files.gzip_parts import (
    FAR,
    FILES,
    NOISE,
    TEXT,
    find,
    find_points,
    flushed,
    in_members,
    in_small_blocks,
    read,
    words,
)
from files.handmade import Deflate, member
from idxfast.gzip import parts, scanner
from idxfast.gzip.decoder import Decoder
from idxfast.gzip.points import Gatherer, Points
from idxfast.gzip.stream import GzipStream
from idxfast.storage.kept import Kept
from idxfast.storage.memory import MemorySource

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.mark.parametrize("limit", [0, 30_000, 1 << 20])
@pytest.mark.parametrize("name", FILES)
def test_any_part(name, limit):
    data, file = FILES[name]
    assert gzip.decompress(file) == data
    found = find(file, len(data), limit)
    dice = random.Random(2)
    for _ in range(30):
        start = dice.randrange(len(data))
        stop = min(start + dice.choice([1, 100, 9_000, 99_000]), len(data))
        assert read(found, start, stop) == data[start:stop]
    assert read(found, 0, len(data)) == data
    assert read(found, len(data), len(data)) == b""


@pytest.mark.parametrize("name", ["small blocks", "far", "members", "small members", "padding"])
def test_each_part_by_itself(name):
    data, file = FILES[name]
    points = find_points(file, len(data))
    assert len(points) >= 3
    for number in range(len(points)):
        point, end = points[number]
        start, stop = point.place.position, end.position
        assert start == points[number - 1][1].position if number else start == 0
        found = parts.Parts(MemorySource(file, "file"), points, Kept(0))
        assert read(found, start, stop) == data[start:stop]
        if start < stop:  # no data may follow the last point
            first, piece = found.piece_at(start)
            assert first == start and piece.tobytes() == data[start : start + len(piece)]


def find_points_at_blocks(file, total, spacing):
    """As `find_points`, but every block's end is looked at, also in small members."""
    decoder, gatherer = Decoder(MemorySource(file, "file")), Gatherer(spacing, 1 << 20)
    decoder.end_bit = 0
    decoder.write_to(np.empty(total, np.uint8))
    gatherer.visit(decoder)
    while decoder.advance(block_stop=0):
        gatherer.visit(decoder)
    return Points(gatherer.points, decoder.place)


@pytest.mark.parametrize("long_part", [10, 1 << 20])
def test_a_point_before_the_empty_last_block_of_a_small_member(monkeypatch, long_part):
    monkeypatch.setattr(parts, "LONG_PART", long_part)
    data = TEXT[:60_000]
    file = in_members(data, 6_000, lambda d: flushed(d, 6_000))
    points = find_points_at_blocks(file, len(data), 10_000)
    found = parts.Parts(MemorySource(file, "file"), points, Kept(0))
    point, _ = points[1]
    assert point.place.is_inside and point.place.position == 12_000
    assert read(found, 0, len(data)) == data
    for start in range(0, len(data), 999):
        assert read(found, start, start + 9) == data[start : start + 9]


def test_a_point_after_an_empty_stored_block(monkeypatch):
    """Decoding pauses after the header of that block, which is also the block's end."""
    monkeypatch.setattr(parts, "LONG_PART", 1 << 20)
    file = flushed(NOISE, 5_990, 0)
    points = find_points_at_blocks(file, len(NOISE), 60_007)
    found = parts.Parts(MemorySource(file, "file"), points, Kept(0))
    _, end = points[0]
    assert (end.position, end.bit) == (59_900, 8 * 60_010)
    assert read(found, 0, len(NOISE)) == NOISE
    for start in range(0, len(NOISE), 999):
        assert read(found, start, start + 9) == NOISE[start : start + 9]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_of_the_first_pass(monkeypatch, threads, no_thread_is_left):
    monkeypatch.setattr(scanner, "MIN_SIZE", 0)
    monkeypatch.setattr("idxfast.gzip.pool.MIN_STEP", 4_000)
    monkeypatch.setattr("idxfast.gzip.pool.MAX_STEP", 8_000)
    data = words(1_000_000)
    file = gzip.compress(data, 1)
    found = find(file, len(data), 0, threads)
    for start in range(0, len(data), 7_777):
        assert read(found, start, min(start + 100, len(data))) == data[start : start + 100]
    assert read(found, 0, len(data)) == data
    for size in (len(data) - 1, len(data) + 1):
        with pytest.raises((idxfast.TruncatedError, idxfast.TrailingDataError)):
            find(file, size, 0, threads)


def test_a_long_segment_is_left_to_the_leader(monkeypatch):
    monkeypatch.setattr(scanner, "MIN_SIZE", 0)
    monkeypatch.setattr(scanner, "SHARED_MEMORY", scanner.MEMORY)
    monkeypatch.setattr("idxfast.gzip.pool.MIN_STEP", 4_000)
    data = words(50_000) + bytes(20_000_000) + words(50_000) + words(100_000) * 60
    found = find(gzip.compress(data, 1), len(data), 0, 2)
    assert read(found, len(data) - 70_000, len(data)) == data[-70_000:]


def test_what_has_been_unpacked_is_kept(monkeypatch):
    data, file = FILES["small blocks"]
    found = find(file, len(data))
    assert [read(found, at, at + 50) for at in range(0, 100_000, 50)]
    monkeypatch.setattr(parts.Decoder, "advance", None)
    assert read(found, 70_010, 70_020) == data[70_010:70_020]


def test_long_requests_make_points_where_they_begin_inside_a_part():
    """Unless they follow each other: then the part where one ends is kept for the next."""
    data, file = FILES["small blocks"]
    points = find_points(file, len(data))
    size = 3 * len(data) // len(points)
    for order, is_split in ((1, False), (-1, True)):
        kept = Kept(1 << 20)
        found = parts.Parts(MemorySource(file, "file"), points, kept)
        for start in range(0, len(data) - size, size)[::order]:
            assert read(found, start, start + size) == data[start : start + size]
        assert (kept.get("points") is not None) == is_split


def test_points_that_are_made_again_may_be_others(monkeypatch):
    data, file = FILES["small blocks"]
    kept = Kept(1 << 20)
    found = parts.Parts(MemorySource(file, "file"), find_points(file, len(data)), kept)
    for spacing in (500, 800, 300):
        monkeypatch.setattr(parts, "FINE_SPACING", spacing)
        kept.put("points", {}, 0)
        for start in range(0, len(data) - 100, 100):
            assert read(found, start, start + 100) == data[start : start + 100]


def test_many_empty_blocks_are_passed_together(monkeypatch):
    """A part of short blocks is not decoded block by block where no point is due."""
    data = TEXT[:30_000]
    stream = Deflate().stored(data[:10_000]).fixed([])
    stream.bits += Deflate().fixed([]).bits * 30_000
    found = find(member(data, body=stream.stored(data[10_000:], True).pack()), len(data))
    calls = []
    advance = parts.Decoder.advance
    monkeypatch.setattr(
        parts.Decoder, "advance", lambda *a, **k: (calls.append(a), advance(*a, **k))[1]
    )
    for start in range(0, len(data), 500):
        assert read(found, start, start + 500) == data[start : start + 500]
    assert len(calls) < 1_000


def test_rows_in_order_without_a_cache(monkeypatch):
    """What is decoded to answer one read is enough for the next reads from the same part."""
    data, file = FILES["small blocks"]
    points = find_points(file, len(data))
    found = parts.Parts(MemorySource(file, "file"), points, Kept(0))
    point, end = points[len(points) // 2]
    start, piece = found.piece_at((point.place.position + end.position) // 2)
    assert (start, start + len(piece)) == (point.place.position, end.position)
    assert piece.tobytes() == data[start : end.position]


def test_a_long_part_is_decoded_once_in_order(monkeypatch):
    data = words(400_000)
    monkeypatch.setattr(parts, "LONG_PART", 10)
    file = gzip.compress(data, 0)
    points = find_points(file, len(data))
    found = parts.Parts(MemorySource(file, "file"), points, Kept(1 << 20))
    begun = []
    begin = scanner.Scanner.begin
    monkeypatch.setattr(
        scanner.Scanner, "begin", lambda self, point: (begun.append(point), begin(self, point))
    )
    assert b"".join(read(found, at, at + 100) for at in range(0, 400_000, 100)) == data
    assert len(begun) <= len(points) * 2
    assert read(found, 0, 10) == data[:10]


@pytest.mark.parametrize("name", ["small blocks", "members", "small members", "zeros"])
@pytest.mark.parametrize("wrong", [-1, 1, -70_000, 70_000])
def test_another_size_than_announced(name, wrong):
    data, file = FILES[name]
    error = idxfast.TruncatedError if wrong > 0 else idxfast.TrailingDataError
    with pytest.raises(error) as caught:
        find(file, len(data) + wrong)
    assert caught.value.filename == "file"
    assert caught.value.position == min(len(data), len(data) + wrong)


@pytest.mark.parametrize("change", ["flip", "cut", "other"])
@pytest.mark.parametrize("name", ["small blocks", "members", "stored"])
def test_a_file_that_changes_later(name, change):
    data, file = FILES[name]
    changed = bytearray(file)
    found = find(changed, len(data), 0)
    assert read(found, 0, len(data)) == data
    middle = len(file) // 2
    if change == "flip":
        changed[middle] ^= 1
    else:
        changed[middle:] = (
            bytes(len(file) - middle) if change == "cut" else file[: len(file) - middle]
        )
    wrong = 0
    for start in range(0, len(data) - 10, 997):
        try:
            assert read(found, start, start + 10) == data[start : start + 10]
        except idxfast.GzipError as error:
            wrong += 1
            assert "when the file was first read" in str(error)
            assert error.filename == "file"
            assert error.offset is not None and error.position is not None
    assert wrong


def test_a_long_part_that_changes_later(monkeypatch):
    """Only a read up to the end of the part is sure to notice the change."""
    monkeypatch.setattr(parts, "LONG_PART", 10)
    data = TEXT[:30_000]
    file = member(data, body=Deflate().fixed(data, True).pack())
    changed = bytearray(file)
    found = find(changed, len(data))
    changed[len(file) // 2] ^= 8
    assert read(found, 10, 20) == data[10:20]
    with pytest.raises(idxfast.GzipError, match="when the file was first read"):
        read(found, 0, len(data))
    changed[100:] = bytes(len(file) - 100)
    with pytest.raises(idxfast.GzipError, match="when the file was first read"):
        read(found, 12_000, 12_010)


def test_a_file_that_is_truncated_later():
    data = words(20_000)
    file = in_small_blocks(data)
    points = find_points(file, len(data))
    assert len(points) > 2
    for size in range(0, len(file), 13):
        source = MemorySource(file[:size], "file")
        found = parts.Parts(source, points, Kept(0))
        for start in range(0, len(data), 3_000):
            try:
                assert read(found, start, start + 10) == data[start : start + 10]
            except idxfast.GzipError as error:
                assert error.offset <= len(file)
        with pytest.raises(idxfast.GzipError):
            read(found, 0, len(data))


def whole(file, total):
    """What a reader of the whole file says: its error, or None."""
    try:
        GzipStream(MemorySource(file, "file"), 1).read_into(np.empty(total, np.uint8), 0)
    except idxfast.IdxError as error:
        return error
    return None


def test_every_changed_byte():
    """Whatever byte is changed: the first pass finds what a reader of the whole file finds."""
    data = words(3_000)
    file = in_small_blocks(data[:2_000]) + bytes(3) + gzip.compress(data[2_000:])
    refused = 0
    for i in range(len(file)):
        changed = bytearray(file)
        changed[i] ^= 1 << i % 8
        expected = whole(changed, len(data))
        try:
            assert read(find(changed, len(data), 0), 0, len(data)) == data
            assert expected is None
        except idxfast.IdxError as error:
            assert (type(error), str(error)) == (type(expected), str(expected))
            refused += 1
    assert refused > len(file) * 0.9


def test_every_truncation():
    data = words(3_000)
    file = in_small_blocks(data[:2_000]) + gzip.compress(data[2_000:])
    for size in range(18, len(file)):
        with pytest.raises(idxfast.TruncatedError) as caught:
            find(file[:size], len(data), 0)
        assert str(caught.value) == str(whole(file[:size], len(data)))


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file(data):
    content, file = b"", b""
    for _ in range(data.draw(st.integers(1, 3))):
        seed, kind = data.draw(st.integers(0, 99)), data.draw(st.integers(0, 2))
        size = data.draw(st.integers(0, 60_000))
        piece = (words(size, seed), NOISE[:size], FAR[:size])[kind]
        level, memory = data.draw(st.integers(0, 9)), data.draw(st.integers(1, 9))
        packer = zlib.compressobj(level, zlib.DEFLATED, 31, memory)
        content += piece
        file += packer.compress(piece) + packer.flush()
    if not content:
        return
    found = find(file, len(content), data.draw(st.sampled_from([0, 20_000, 1 << 20])))
    for _ in range(10):
        start = data.draw(st.integers(0, len(content) - 1))
        stop = data.draw(st.integers(start, min(len(content), start + 9_000)))
        assert read(found, start, stop) == content[start:stop]


def test_several_threads_read_at_once(no_thread_is_left):
    data, file = FILES["small blocks"]
    found, wrong, barrier = find(file, len(data), 50_000), [], threading.Barrier(4)

    def work(seed):
        dice = random.Random(seed)
        barrier.wait()
        for _ in range(40):
            start = dice.randrange(len(data) - 3_000)
            stop = start + dice.randrange(3_000)
            wrong.extend([start] * (read(found, start, stop) != data[start:stop]))

    crew = [threading.Thread(target=work, args=[seed]) for seed in range(4)]
    for reader in crew:
        reader.start()
    for reader in crew:
        reader.join()
    assert not wrong
