"""gzip/block_tables, against tables that the standard library makes after the specification."""

import itertools
import random

import numpy as np
import pytest

from files import tables
from idxfast.gzip import block_tables
from idxfast.gzip.block_tables import BlockSizes, find_tables, pack_tables, tables_size
from idxfast.storage.memory import MemorySource

FULL = tables.FULL


class CountingSource(MemorySource):
    """Counts reads and the bytes that they ask for."""

    def __init__(self, data):
        super().__init__(data, "file")
        self.reads = []

    def read(self, count, offset):
        self.reads.append((count, offset))
        return super().read(count, offset)


def draw(count, seed=1):
    """Sizes of blocks; the file holds only zeros where the blocks should be."""
    dice = random.Random(seed)
    return [(dice.randint(28, 100), dice.randint(1, 65_535)) for _ in range(count)]


def file_of(pairs, packed=None):
    return bytes(sum(size for size, _ in pairs)) + (packed or tables.tables(pairs)) + tables.END


def sizes_of(pairs):
    return BlockSizes(*np.array(pairs, np.int64).reshape(-1, 2).T)


def find(data, count=1):
    found = find_tables(MemorySource(data, "file"), count)
    return None if found is None else list(zip(*map(np.ndarray.tolist, found), strict=True))


@pytest.mark.parametrize("count", [1, 2, 100, FULL - 1, FULL, FULL + 1, 2 * FULL, 3 * FULL + 5])
def test_any_number_of_blocks(count):
    pairs = draw(count)
    packed = pack_tables(sizes_of(pairs))
    assert packed == tables.tables(pairs)
    assert len(packed) == tables_size(count)
    assert find(file_of(pairs), count) == pairs


def test_golden_bytes():
    packed = pack_tables(sizes_of([(47, 16), (300, 784), (65_536, 65_535)]))
    assert packed.hex(" ", -2) == (
        "1f8b 0804 0000 0000 00ff 2600 4243 0200 3b00 4958 1c00 2e00 1000 2b01 1003 ffff ffff"
        " 5b01 0100 0000 0000 0100 0000 71c5 d8dc 0300 0000 0000 0000 0000"
    )


def test_largest_and_smallest_sizes():
    pairs = [(28, 1), (65_536, 65_535), (65_536, 1), (28, 65_535)]
    assert find(file_of(pairs)) == pairs
    for wrong in [(27, 1), (65_537, 1), (28, 0), (28, 65_536)]:
        with pytest.raises(ValueError, match="tables list blocks"):
            pack_tables(sizes_of([*pairs, wrong]))


def test_reads():
    """One read, or two if there are many more blocks than expected."""
    pairs = draw(40_000)
    data = file_of(pairs)
    size = len(tables.tables(pairs))
    for expected, reads in [
        (40_000, 1),
        (39_000, 1),
        (38_900, 2),
        (1, 2),
        (80_000, 1),
        (1 << 40, 1),
    ]:
        source = CountingSource(data)
        assert find_tables(source, expected) is not None
        assert len(source.reads) == reads
        assert source.reads[1:] == [(size, len(data) - len(tables.END) - size)][: reads - 1]


@pytest.mark.parametrize("count", [3, FULL + 3])
@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"first": 1},
        {"first": (1 << 64) - 1},
        {"first": 1 << 63},
        {"count": 0},
        {"count": 3},
        {"count": 0xFFFFFFFF},
        {"crc": 1},
        {"xlen": 6},
        {"xlen": 0xFFFF},
        {"size": 27},
        {"size": 0xFFFF},
        {"length": 0},
        {"length": 20},
        {"bc": b"BC\0\2"},
        {"bc": b"BD\2\0"},
        {"name": b"XI"},
        {"start": b"\x1f\x8b\x08\0\0\0\0\0\0\xff"},
        {"start": b"\x1f\x8b\x08\4\1\0\0\0\0\xff"},
        {"body": b"\1\0" + bytes(8)},
        {"body": b"\3\0\0\0\0\0\1\0\0\0"},
    ],
    ids=str,
)
def test_each_field_wrong(wrong, count):
    pairs = draw(count)
    data = file_of(pairs, tables.tables(pairs, **wrong))
    assert find(data, count) is None
    assert find(file_of(pairs), count) == pairs


@pytest.mark.parametrize("first", [-4, -1, 1, 4, 65_536, -65_536])
def test_the_first_table_starts_elsewhere(first):
    pairs = draw(FULL * 2 + 10)
    right = sum(size for size, _ in pairs)
    assert find(file_of(pairs, tables.tables(pairs, first=right + first)), len(pairs)) is None


def with_pairs(pairs, listed):
    """A file of some blocks, whose tables list others and are otherwise right."""
    return bytes(sum(size for size, _ in pairs)) + tables.tables(listed) + tables.END


@pytest.mark.parametrize("count", [5, FULL + 5])
def test_sizes_that_do_not_add_up(count):
    pairs = draw(count)
    (a, x), (b, y), *others = pairs
    for listed in (
        pairs[1:],
        pairs[:-1],
        [*pairs, (28, 1)],
        [*pairs, *pairs],
        [(a + 1, x), (b, y), *others],
        [(a + 1, x), (b + 1, y), *others],
        [(a - 1, x), *pairs[1:]],
    ):
        assert find(with_pairs(pairs, listed), count) is None
    # This adds up, whatever blocks there are.
    listed = [(a + 1, y), (b - 1, x), *others]
    assert find(with_pairs(pairs, listed), count) == (listed if b > 28 else None)


def test_sizes_that_no_block_has():
    """In tables that are otherwise right."""
    for wrong in [(1, 1), (27, 5), (28, 0)]:
        pairs = [(40, 16), wrong, (30, 7)]
        assert find(file_of(pairs)) is None


def test_tables_elsewhere():
    pairs = draw(5)
    right = tables.tables(pairs)
    blocks = bytes(sum(size for size, _ in pairs))
    end = tables.END
    for data in (
        b"",
        end,
        right,
        right + end,
        blocks + right,
        blocks + end,
        blocks + right + end + end,
        blocks + right + b"\0" + end,
        blocks + right + right + end,
        blocks + b"\0" + right + end,
        blocks[1:] + right + end,
        blocks + end + right + end,
        blocks + right + blocks + end,
        blocks + right + end + blocks + right + end,
        blocks + right + blocks + right + end,
    ):
        assert find(data, 5) is None
    assert find(blocks + right + end, 5) == pairs


def test_a_full_table_in_the_wrong_place():
    """Tables of few blocks before the last, or not all blocks that a full one holds."""
    pairs = draw(20)
    first = sum(size for size, _ in pairs)
    for parts in ([pairs[:10], pairs[10:]], [pairs[:19], pairs[19:]]):
        packed = b"".join(tables.table(part, first, len(parts)) for part in parts)
        assert find(file_of(pairs, packed), 20) is None
    pairs = draw(FULL * 2 + 3)
    first = sum(size for size, _ in pairs)
    for parts in (
        [pairs[:FULL], pairs[FULL : 2 * FULL], pairs[2 * FULL :]],
        [pairs[FULL : 2 * FULL], pairs[:FULL], pairs[2 * FULL :]],
        [pairs[:FULL], pairs[FULL : 2 * FULL - 1], pairs[2 * FULL - 1 :]],
    ):
        packed = b"".join(tables.table(part, first, 3) for part in parts)
        found = find(file_of(pairs, packed), len(pairs))
        # Only the blocks could tell that full tables are in another order than they are.
        is_cut_right = [*map(len, parts)] == [FULL, FULL, 3]
        assert found == ([*itertools.chain(*parts)] if is_cut_right else None)


def test_every_truncation_and_every_bit():
    pairs = draw(4)
    data = file_of(pairs)
    start = len(data) - len(tables.tables(pairs) + tables.END)
    for size in range(len(data)):
        assert find(data[:size], 4) is None
    for bit in range(8 * start, 8 * len(data)):
        changed = bytearray(data)
        changed[bit >> 3] ^= 1 << (bit & 7)
        assert find(bytes(changed), 4) is None


def test_a_lie_is_not_read_as_a_whole():
    """A file that claims to consist of tables alone."""
    data = bytes(4 << 20) + tables.tables([(28, 1)], first=28, count=1) + tables.END
    source = CountingSource(data)
    assert find_tables(source, 1) is None
    assert sum(count for count, _ in source.reads) < 10_000


def test_a_file_that_becomes_shorter():
    """Each read gives less than was asked for."""
    pairs = draw(3_000)
    data = file_of(pairs)

    left = [0]

    class Cut(MemorySource):
        def read(self, count, offset):
            return super().read(min(count, left[0]), offset)

    for left[0] in (0, 1, 27, 28, 50, 3_000, 4_000, 11_000):
        assert find_tables(Cut(data, "file"), 1) is None


def test_sizes_of_blocks_in_memory():
    data = tables.block(b"abc") + tables.block(b"d" * 50_000)
    found = block_tables.sizes_of(data)
    assert found.unpacked.tolist() == [3, 50_000]
    assert found.packed.tolist() == [len(tables.block(b"abc")), len(tables.block(b"d" * 50_000))]
    assert [part.tolist() for part in block_tables.sizes_of(b"")] == [[], []]
    both = block_tables.join([found, block_tables.sizes_of(b""), found])
    assert both.unpacked.tolist() == [3, 50_000, 3, 50_000]
