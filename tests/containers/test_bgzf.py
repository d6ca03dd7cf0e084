"""containers/bgzf: files with tables of their blocks, right ones and wrong ones."""

import gzip
import itertools
import random
import struct

import numpy as np
import pytest

import idxfast
from files import tables
from files.handmade import idx
from idxfast.gzip import block_tables
from idxfast.storage.source import FileSource

SHAPE = (10, 6, 50)
ARRAY = np.random.default_rng(3).integers(0, 256, SHAPE, np.uint8)
# As after appends, some blocks in between hold fewer items.
CUTS = [0, 3, 4, 7, 8, 10]
PIECES = [ARRAY[a:b].tobytes() for a, b in itertools.pairwise(CUTS)]
FILE = tables.seekable(8, SHAPE, PIECES)


@pytest.fixture
def reads(monkeypatch):
    """The reads of files: how many bytes, from where."""
    found = []
    for name in ("read", "read_into"):
        method = getattr(FileSource, name)

        def counted(self, count, offset, method=method):
            found.append((count if isinstance(count, int) else len(count), offset))
            return method(self, count, offset)

        monkeypatch.setattr(FileSource, name, counted)
    return found


@pytest.fixture
def store(tmp_path):
    def store(data):
        (tmp_path / "file.gz").write_bytes(data)
        return tmp_path / "file.gz"

    return store


def check(path, **options):
    """The file is read right, whole and in parts."""
    assert np.array_equal(idxfast.load(path), ARRAY)
    with idxfast.open(path, **options) as file:
        assert file.container == "seekable gzip"
        for row in (*range(10), 3, 0):
            assert np.array_equal(file[row], ARRAY[row])
        for start in range(10):
            for stop in range(start, 11):
                assert np.array_equal(file.read(start, stop), ARRAY[start:stop])
        rows = [7, 0, 9, 3, 3, 8]
        assert np.array_equal(file[rows], ARRAY[rows])
        assert np.array_equal(file[:, 2, ::7], ARRAY[:, 2, ::7])
        file.verify()


@pytest.mark.parametrize("cache_bytes", [0, 2_000, 1 << 20])
def test_parts(store, cache_bytes):
    assert gzip.decompress(FILE) == idx(8, *SHAPE) + ARRAY.tobytes()
    check(store(FILE), cache_bytes=cache_bytes)


def test_reads(tmp_path, reads):
    array = np.random.default_rng(1).integers(0, 256, (3_000, 28, 28), np.uint8)
    path = tmp_path / "file.gz"
    idxfast.save(path, array, seekable=True)
    with idxfast.open(path) as file:
        assert len(reads) == 2
        for count, row in enumerate([2_000, 83, 0, 2_999], 3):
            assert np.array_equal(file[row], array[row])
            assert len(reads) == count
        # Several blocks, the first and last of them in part, and the last one is kept.
        assert np.array_equal(file[2_800:], array[2_800:])
        assert len(reads) == 7
        assert np.array_equal(file[2_990], array[2_990])
        assert len(reads) == 7
    assert sum(count for count, _ in reads) < 450_000


def test_an_item_in_several_blocks_takes_one_read(tmp_path, reads):
    array = np.random.default_rng(1).integers(0, 9, (5, 200_000), np.uint8)
    path = tmp_path / "file.gz"
    idxfast.save(path, array, seekable=True)
    with idxfast.open(path, cache_bytes=0) as file:
        for count, row in enumerate([3, 0, 4, 3], 3):
            assert np.array_equal(file[row], array[row])
            assert len(reads) == count


def test_6_gb(tmp_path, reads):
    """7,636,000 images in 100 MB: two reads to open it, and one for each image."""
    images = np.zeros((5, 83, 28, 28), np.uint8)
    images[:, :, 0, :13] = np.random.default_rng(1).integers(0, 256, (5, 83, 13))
    blocks = [tables.block(some.tobytes()) for some in images]
    kinds = random.Random(1).choices(range(5), k=92_000)
    shape = (83 * len(kinds), 28, 28)
    header = tables.block(idx(8, *shape), 0)
    pairs = [(len(header), 16), *((len(blocks[kind]), 83 * 784) for kind in kinds)]
    path = tmp_path / "file.gz"
    with path.open("wb") as file:
        file.write(header)
        file.writelines(blocks[kind] for kind in kinds)
        file.write(tables.tables(pairs) + tables.END)
    assert path.stat().st_size > 100_000_000
    with idxfast.open(path) as file:
        assert (file.shape, file.container) == (shape, "seekable gzip")
        assert len(reads) == 2
        rows = [shape[0] - 1, 0, *random.Random(2).sample(range(1_000, shape[0] - 1_000), 30)]
        for count, row in enumerate(rows, 3):
            assert np.array_equal(file[row], images[kinds[row // 83], row % 83])
            assert len(reads) == count
    assert sum(count for count, _ in reads) < 500_000


def test_many_more_blocks_than_expected(tmp_path, reads):
    """As after many appends: the tables take a second read."""
    array = np.random.default_rng(1).integers(0, 256, (2_000, 30), np.uint8)
    path = tmp_path / "file.gz"
    path.write_bytes(tables.seekable(8, array.shape, map(bytes, array), 1))
    with idxfast.open(path) as file:
        assert np.array_equal(file[1_234], array[1_234])
        assert len(reads) == 4


def other_tables(pairs):
    """Tables that are right, but for the sizes of two blocks."""
    (a, x), (b, y) = pairs[2:4]
    return tables.tables([*pairs[:2], (a + 1, x - 1), (b - 1, y + 1), *pairs[4:]])


UNBELIEVED = {
    "none": lambda pairs: b"",
    "empty block": lambda pairs: tables.END,
    "checksum": lambda pairs: tables.tables(pairs, crc=1),
    "another start": lambda pairs: tables.tables(pairs, first=5),
    "the header is missing": lambda pairs: tables.tables(pairs[1:]),
    "too few": lambda pairs: tables.tables(pairs[:-1]),
    "too many": lambda pairs: tables.tables([*pairs, (28, 1)]),
    "packed sizes": lambda pairs: tables.tables([(a + 1, b) for a, b in pairs]),
    "unpacked sizes": lambda pairs: tables.tables([(a, b + 1) for a, b in pairs]),
    "unpacked sizes wrap": lambda pairs: tables.tables([(a, (b - 900) % 65_536) for a, b in pairs]),
    "twice": lambda pairs: tables.tables(pairs) * 2,
    "and an empty block": lambda pairs: tables.tables(pairs) + tables.END,
}


@pytest.mark.parametrize("kind", UNBELIEVED)
def test_tables_that_are_not_believed(kind, store, reads):
    check(store(tables.seekable(8, SHAPE, PIECES, make=UNBELIEVED[kind])))


def test_tables_in_the_middle(store):
    """They are empty blocks there, like others."""
    whole = [tables.block(data) for data in [idx(8, *SHAPE), *PIECES]]
    pairs = [(len(packed), 1) for packed in whole[:3]]
    middle = tables.tables(pairs)
    check(store(b"".join([*whole[:3], middle, *whole[3:], tables.END])))
    check(store(b"".join([*whole[:3], middle, tables.END, middle, *whole[3:], middle])))
    check(store(middle.join([b"", *whole, tables.END])))


def test_an_empty_block_with_data_is_none(store):
    """It is an ordinary gzip file then, which is read all the same, or refused."""
    whole = [tables.block(data) for data in [idx(8, *SHAPE), *PIECES]]
    right = tables.tables([(40, 16)])
    for changed in (
        right[:10] + b"\5" + right[11:],
        right[:16] + bytes([right[16] + 1]) + right[17:],
        right[:-10] + b"\1" + right[-9:],
        right[:-1] + b"\1",
        right[:12] + b"BD" + right[14:],
    ):
        path = store(b"".join([*whole[:3], changed, *whole[3:], tables.END]))
        with idxfast.open(path) as file:
            assert file.container == "gzip"
            try:
                same = np.array_equal(file[...], idxfast.load(path))
                assert same and np.array_equal(file[...], ARRAY)
            except idxfast.IdxError:
                with pytest.raises(idxfast.IdxError):
                    idxfast.load(path)


def test_tables_that_list_other_blocks(store):
    """All sums are right. No block is read wrongly, and `verify` names the first that differs."""
    path = store(tables.seekable(8, SHAPE, PIECES, make=other_tables))
    assert np.array_equal(idxfast.load(path), ARRAY)
    with idxfast.open(path) as file:
        assert np.array_equal(file[0], ARRAY[0])
        assert np.array_equal(file[9], ARRAY[9])
        for row in (3, 5):
            with pytest.raises(idxfast.ChecksumError, match="BGZF block"):
                file[row]
        with pytest.raises(idxfast.ChecksumError, match="BGZF block"):
            file[...][:]
            file.read(0, 10)
        with pytest.raises(
            idxfast.ChecksumError, match="BGZF block 2 of the file is not the one"
        ) as caught:
            file.verify()
    error = caught.value
    assert (error.filename, error.part) == (str(path), "container")
    assert error.offset == sum(len(tables.block(data, level)) for data, level in
                               [(idx(8, *SHAPE), 0), (PIECES[0], 6)])  # fmt: skip


def test_two_blocks_listed_as_one(store):
    def make(pairs):
        (a, x), (b, y) = pairs[2:4]
        return tables.tables([*pairs[:2], (a + b, x + y), *pairs[4:]])

    with idxfast.open(store(tables.seekable(8, SHAPE, PIECES, make=make))) as file:
        for read in (lambda: file[4], lambda: file.read(0, 10), file.verify):
            with pytest.raises(idxfast.ChecksumError, match="block 2"):
                read()
        assert np.array_equal(file[9], ARRAY[9])


def test_a_block_hidden_in_another(store):
    """What a table can do on purpose, as its specification says: `verify` finds it."""
    hidden = tables.block(bytes(300))
    array = np.zeros((4, 300), np.uint8)
    array[1, : len(hidden)] = np.frombuffer(hidden, np.uint8)
    array[2:] = 7

    def make(pairs):
        header, (size, unpacked) = pairs
        before = data.index(hidden) - header[0]
        after = size - before - len(hidden)
        assert unpacked == 1_200
        return tables.tables([header, (before, 300), (len(hidden), 300), (after, 600)])

    data = b"".join(tables.block(part, 0) for part in (idx(8, 4, 300), array.tobytes()))
    path = store(tables.seekable(8, array.shape, [array.tobytes()], 0, make))
    assert np.array_equal(idxfast.load(path), array)
    with idxfast.open(path) as file:
        assert not file[1].any()
        for read in (lambda: file[0], lambda: file[2], lambda: file[3]):
            with pytest.raises(idxfast.ChecksumError):
                read()
        with pytest.raises(idxfast.ChecksumError, match="BGZF block 1 of the file is not the one"):
            file.verify()


def test_another_header(store):
    """The tables are right, but their sum is another than the header announces."""
    for shape, error in [
        ((9, 6, 50), idxfast.TrailingDataError),
        ((11, 6, 50), idxfast.TruncatedError),
    ]:
        path = store(tables.block(idx(8, *shape), 0) + FILE[47:])
        for read in (idxfast.load, lambda path: idxfast.open(path)[0]):
            with pytest.raises(error):
                read(path)


def test_a_block_that_states_a_byte_too_many(store):
    """The zero byte after the only member is padding, but counts as a part of the block."""
    array = np.arange(2_020).astype(np.uint8).reshape(2, 1_010)
    stream = idx(8, *array.shape) + array.tobytes()
    block = bytearray(tables.block(stream) + b"\0")
    block[16:18] = struct.pack("<H", len(block) - 1)
    assert struct.unpack("<I", block[-4:]) == (len(stream) >> 8,)
    path = store(block)
    assert np.array_equal(idxfast.load(path), array)
    with idxfast.open(path) as file:
        assert np.array_equal(file[1], array[1])
        file.verify()


def test_more_than_the_file_can_hold(store):
    pieces = [b"x"] * 100

    def make(pairs):
        return tables.tables([pairs[0], *((size, 65_535) for size, _ in pairs[1:])])

    path = store(tables.seekable(8, (100, 65_535), pieces, make=make))
    with pytest.raises(idxfast.TruncatedError, match="compressed bytes can hold"):
        idxfast.open(path)


def test_every_bit(tmp_path):
    """Whatever bit is changed: the array that it was, or an IdxError."""
    array = ARRAY[:, 0, :40]
    data = tables.seekable(8, array.shape, [array[:7].tobytes(), array[7:].tobytes()])
    path = tmp_path / "file"
    refused = 0
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit >> 3] ^= 1 << (bit & 7)
        path.write_bytes(changed)
        try:
            with idxfast.open(path) as file:
                assert np.array_equal(np.stack([file[row] for row in range(10)]), array)
        except idxfast.IdxError as error:
            assert error.filename == str(path)
            refused += 1
    assert refused > 4 * len(data)


def test_every_truncation(store):
    for size in range(len(FILE)):
        try:
            with idxfast.open(store(FILE[:size])) as file:
                assert np.array_equal(file[...], ARRAY)
            # The mark of the end of the file and the tables may be missing.
            assert size in (len(FILE) - 28, len(FILE) - 28 - block_tables.tables_size(6))
        except idxfast.IdxError:
            pass


def test_a_file_of_another_program(store, reads):
    """Where blocks are small, many are found with each read."""
    data = idx(8, 70_000, 30) + bytes(2_100_000)
    packed = b"".join(tables.block(data[at : at + 30]) for at in range(0, len(data), 30))
    assert len(packed) > 2 << 20
    with idxfast.open(store(packed + tables.END)) as file:
        assert len(reads) < len(packed) / 4_000
        assert file.shape == (70_000, 30)
        assert not file[69_999].any()
