"""gzip/points: where decoding can begin, and what is kept for that, within a limit."""

import gzip
import pickle
import tracemalloc
import zlib

import numpy as np
import pytest

from files.gzip_parts import FILES, NOISE, find_points, in_members, in_small_blocks, read, words
from files.handmade import Deflate, member
from idxfast.gzip import scanner
from idxfast.gzip.decoder import NEVER, Decoder
from idxfast.gzip.parts import Parts
from idxfast.gzip.points import Gatherer, unpack_window
from idxfast.storage.kept import Kept
from idxfast.storage.memory import MemorySource

pytestmark = pytest.mark.usefixtures("small_parts")


NEAR = [200, (5, 990), 200, (258, 3), (258, 258), (4, 900 + 522), (10, 1)]


@pytest.mark.parametrize(
    ("between", "tokens"), [(b"", NEAR), (NOISE[:32_760], [(4, 32_768), 1, (258, 32_767)])]
)
def test_a_window_holds_what_is_used_and_zeros(between, tokens):
    start = bytes(range(1, 101)) * 10
    stream = Deflate().stored(start).stored(between).fixed(tokens, True).pack()
    data = zlib.decompress(stream, -15)
    decoder = Decoder(MemorySource(member(data, body=stream), "file"))
    decoder.write_to(np.empty(len(data), np.uint8))
    gatherer = Gatherer(1000, 1 << 20)
    while decoder.position < len(start):
        assert gatherer.visit(decoder) in (NEVER, 0)
        decoder.advance(block_stop=0)
    gatherer.visit(decoder)
    assert [point.place.position for point in gatherer.points] == [0, 1000]
    window = unpack_window(gatherer.points[1]).tobytes()
    used = bytearray(len(data))
    position = len(start + between)
    for token in tokens:
        length, distance = token if isinstance(token, tuple) else (1, 0)
        for at in range(position - distance, min(position - distance + length, len(start))):
            used[at] = data[at]
        position += length
    assert (bytes(len(start) - len(window)) + window) == used[: len(start)]


def test_a_member_needs_no_window_of_another():
    data = words(50_000)
    points = find_points(in_members(data, 6_500), len(data))
    assert len(points) >= 3
    assert all(not len(unpack_window(points[i][0])) for i in range(len(points)))


def test_the_points_are_limited(monkeypatch):
    monkeypatch.setattr(scanner, "MIN_LIMIT", 0)
    data = NOISE[:32768] * 40
    file = in_small_blocks(data)
    points = find_points(file, len(data))
    assert points.nbytes <= len(file) // scanner.PART or len(points) == 1
    found = Parts(MemorySource(file, "file"), points, Kept(0))
    assert read(found, 900_000, 900_100) == data[900_000:900_100]


@pytest.mark.parametrize("threads", [1, 2])
def test_neither_stream_nor_file_is_kept(monkeypatch, threads):
    monkeypatch.setattr(scanner, "SPACING", 1 << 20)
    data = NOISE * 300
    source = MemorySource(gzip.compress(data, 1), "file")
    tracemalloc.start()
    try:
        scanner.find_points(source, len(data), threads)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_points_are_pickled():
    data, file = FILES["small blocks"]
    points = find_points(file, len(data))
    again = pickle.loads(pickle.dumps(points))
    assert [again[i] for i in range(len(again))] == [points[i] for i in range(len(points))]
    assert again.nbytes == points.nbytes
    found = Parts(MemorySource(file, "file"), again, Kept(0))
    assert read(found, 77_777, 88_888) == data[77_777:88_888]
