"""gzip/blocks: any part of a BGZF file, against the standard library's gzip."""

import gzip
import random
import struct
import tracemalloc

import numpy as np
import pytest

from files import tables
from idxfast import ChecksumError
from idxfast.gzip import blocks, writer
from idxfast.storage.kept import Kept
from idxfast.storage.memory import MemorySource


def block(data, level=6):
    packed = gzip.compress(data, level, mtime=0)[10:]
    header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
    return header + struct.pack("<H", len(header) + 2 + len(packed) - 1) + packed


def find(file, limit=0):
    return blocks.find_blocks(MemorySource(file, "file"), Kept(limit))


def read(found, start, stop):
    memory = np.full(stop - start + 16, 0xA5, np.uint8)
    found.read_into(memory[8:-8], start)
    assert (memory[:8] == 0xA5).all() and (memory[-8:] == 0xA5).all()
    return memory[8:-8].tobytes()


DATA = random.Random(1).randbytes(3000) * 3


@pytest.mark.parametrize("limit", [0, 500, 1 << 20])
@pytest.mark.parametrize("sizes", [[9000], [1] * 20 + [8980], [0, 4000, 0, 0, 5000, 0], [1000] * 9])
def test_any_part(sizes, limit):
    parts, at = [], 0
    for size in sizes:
        parts.append(DATA[at : at + size])
        at += size
    file = b"".join(map(block, parts))
    assert gzip.decompress(file) == DATA
    found = find(file, limit)
    assert found.size == len(DATA)
    dice = random.Random(2)
    for _ in range(60):
        start, stop = sorted(dice.randrange(len(DATA) + 1) for _ in range(2))
        assert read(found, start, stop) == DATA[start:stop]
    assert read(found, 0, 9000) == DATA
    assert read(found, 9000, 9000) == b""


def test_as_the_writer_makes_them(monkeypatch):
    monkeypatch.setattr(blocks, "STEP", 5_000)
    data = np.frombuffer(random.Random(3).randbytes(300_000), np.uint8)
    file = b"".join(map(bytes, writer.encode_blocks(data, 1, 1))) + writer.BGZF_END
    found = find(file)
    assert found.size == len(data)
    assert read(found, 0, 300_000) == data.tobytes()
    assert read(found, 65_000, 200_000) == data[65_000:200_000].tobytes()


@pytest.mark.parametrize(
    "file",
    [
        gzip.compress(DATA),
        block(DATA) + gzip.compress(b""),
        block(DATA)[:-1],
        block(DATA) + b"\0",
        block(DATA) + block(b"")[:20],
        block(DATA)[:16] + b"\0\0" + block(DATA)[18:],
        block(DATA)[:-4] + struct.pack("<I", 65537),
        # It says that it is empty, but its data end a byte earlier, and are not.
        block(b"x")[:16] + struct.pack("<H", len(block(b"x"))) + block(b"x")[18:] + bytes(4),
        block(b"") + block(b"x")[:-4] + bytes(4),
    ],
)
def test_what_is_not_blocks_alone(file):
    assert find(file) is None


LISTED = [(len(block(DATA)), len(DATA))]
LONG = LISTED * 2_000


@pytest.mark.parametrize("pairs", [LISTED, LONG], ids=["read at once", "hopped over"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"xlen": 6},
        {"xlen": 4},
        {"xlen": 0xFFFF},
        {"bc": b"BD\2\0"},
        {"start": b"\x1f\x8b\x08\0\0\0\0\0\0\xff"},
        {"body": b"\3\0" + bytes(7) + b"\1"},
        {"body": b"\1\0\0\xff\xff" + bytes(5)},
    ],
    ids=str,
)
def test_a_table_that_is_no_empty_block(wrong, pairs):
    assert find(block(DATA) + tables.table(pairs, len(block(DATA)), 1)).size == len(DATA)
    assert find(block(DATA) + tables.table(pairs, len(block(DATA)), 1, **wrong)) is None


def test_kept_blocks_are_not_decoded_again(monkeypatch):
    found = find(block(DATA[:4000]) + block(DATA[4000:]), 1 << 20)
    calls = []
    decode = blocks.decode_members
    monkeypatch.setattr(blocks, "decode_members", lambda *args: calls.append(1) or decode(*args))
    for _ in range(3):
        assert read(found, 10, 20) == DATA[10:20]
        assert read(found, 3990, 4010) == DATA[3990:4010]
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("start", "stop", "kept_blocks"),
    [
        (0, 8000, []),
        (2000, 6000, []),
        (1, 8000, [0]),
        (0, 7999, [3]),
        (1999, 6001, [0, 3]),
        (2000, 2001, [1]),
        (2500, 2600, [1]),
    ],
)
def test_blocks_that_are_needed_in_part_are_kept(start, stop, kept_blocks):
    file = b"".join(block(DATA[at : at + 2000]) for at in range(0, 8000, 2000))
    kept = Kept(1 << 20)
    found = blocks.find_blocks(MemorySource(file, "file"), kept)
    assert read(found, start, stop) == DATA[start:stop]
    assert [number for number in range(4) if kept.get(number) is not None] == kept_blocks


def test_a_wrong_size(tmp_path):
    """A block that states another size than it has is refused, wherever the part lies in it."""
    for wrong in (3999, 4001):
        first = block(DATA[:4000])
        file = first[:-4] + struct.pack("<I", wrong) + block(DATA[4000:])
        found = find(file)
        with pytest.raises(ChecksumError) as caught:
            read(found, 0, 10)
        assert (caught.value.filename, caught.value.part) == ("file", "container")
        with pytest.raises(ChecksumError):
            read(found, 0, found.size)


def test_what_it_takes_to_keep_tiny_blocks_counts():
    data = bytes(range(200))
    file = b"".join(block(data[i : i + 2]) for i in range(0, 200, 2))
    kept = Kept(10 * (2 + blocks.OVERHEAD))
    found = blocks.find_blocks(MemorySource(file, "file"), kept)
    for start in range(0, 200, 2):
        assert read(found, start, start + 1) == data[start : start + 1]
    assert [i for i in range(100) if kept.get(i) is not None] == list(range(90, 100))


@pytest.mark.parametrize("listed", [1, 7])
def test_sizes_that_are_listed_a_few_at_a_time(monkeypatch, listed):
    monkeypatch.setattr(blocks, "LISTED", listed)
    file = b"".join(block(DATA[at : at + 100]) for at in range(0, len(DATA), 100)) + block(b"")
    sizes, end = blocks.walk(MemorySource(file, "file"))
    assert end == len(file) == sizes.packed.sum()
    assert sizes.unpacked.tolist() == [100] * 90 + [0]
    assert read(find(file), 50, 8950) == DATA[50:8950]


def test_the_memory_for_many_small_blocks():
    """Little more than the file has bytes; lists of numbers would take four times as much."""
    file = block(b"1") * 300_000
    tracemalloc.start()
    try:
        found = find(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.size == 300_000
    assert peak < 2 * len(file)
