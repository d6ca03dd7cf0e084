"""A seekable gzip file is extended only if it is whole, or if its mark says what may be cut off."""

import gzip
import io
import itertools
import struct
import zlib

import numpy as np
import pytest

import idxfast
from idxfast.gzip.block_tables import FULL, BlockSizes, pack_tables
from idxfast.writing.seekable_items import SeekableItems

OLD = np.random.default_rng(1).integers(0, 9, (300, 28, 28), np.uint8)
NEW = np.random.default_rng(2).integers(0, 9, (100, 28, 28), np.uint8)
END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def seekable(array, **options):
    file = io.BytesIO()
    idxfast.save(file, array, seekable=True, **options)
    return file.getvalue()


def marked(data):
    return data[:4] + b"a+\0\0" + data[8:]


FILE = seekable(OLD)
MARKED = marked(FILE)
LARGE = seekable(np.zeros((1, 256, 256), np.uint8))


def blocks(data):
    """Where each block of a file starts, and where the last one ends, as far as there are any."""
    at, starts = 0, []
    while data[at : at + 4] == b"\x1f\x8b\x08\x04":
        starts.append(at)
        at += struct.unpack_from("<H", data, at + 16)[0] + 1
    return [*starts, at]


# Where the blocks with data end, and what follows is tables and the end-of-file block.
DATA = blocks(FILE)[-3]


def check(path, expected):
    """The values, and that reading by the tables gives them, too."""
    data = gzip.decompress(path.read_bytes())
    assert data[:16] == b"\0\0\x08\x03" + struct.pack(">3I", *expected.shape)
    assert data[16:] == expected.tobytes()
    assert path.read_bytes().endswith(END)
    assert path.read_bytes().count(END) == 1
    assert np.array_equal(idxfast.load(path), expected)
    with idxfast.open(path) as file:
        assert file.container == "seekable gzip"
        file.verify()


NEW_BLOCKS = seekable(NEW)[blocks(seekable(NEW))[1] : blocks(seekable(NEW))[-3]]
LEFT = {
    "nothing": FILE[DATA:],
    "no tables": b"",
    "a part of the tables": FILE[DATA:-40],
    "a part of a block": NEW_BLOCKS[:100] + FILE[DATA + 100 :],
    "a block": NEW_BLOCKS[: blocks(NEW_BLOCKS)[1]] + FILE[DATA:],
    "all blocks": NEW_BLOCKS,
    "blocks and some other tables": NEW_BLOCKS + FILE[DATA:],
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_what_follows_the_data_of_a_marked_file_is_written_anew(left, tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(MARKED[:DATA] + left)
    idxfast.append(path, OLD[:0])
    assert path.read_bytes() == FILE
    path.write_bytes(MARKED[:DATA] + left)
    idxfast.append(path, NEW)
    check(path, np.concatenate([OLD, NEW]))


def test_the_mark_alone_changes_nothing_for_readers(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(MARKED)
    assert np.array_equal(idxfast.load(path), OLD)
    assert gzip.decompress(MARKED) == gzip.decompress(FILE)


def recounted(data, count):
    """The same file with another number of items in its header."""
    grown = seekable(np.zeros((count, 28, 28), np.uint8))
    return grown[:47] + data[47:]


def bgzip(content, size=0xFF00):
    """BGZF as other programs write it: the header and the first items are in one block."""
    packed = b""
    for start in range(0, len(content), size):
        member = gzip.compress(content[start : start + size], mtime=0)
        extra = struct.pack("<H2sHH", 6, b"BC", 2, len(member) + 7)
        packed += member[:3] + b"\4" + member[4:10] + extra + member[10:]
    return packed + END


def test_the_block_maker_of_these_tests():
    assert np.array_equal(idxfast.loads(bgzip(idxfast.dumps(OLD))), OLD)


def lying(content):
    """A file whose first block holds the payload's first items, too; all its tables agree."""
    data = content[:20]
    stored = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF) + data
    extra = struct.pack("<H2sHH", 6, b"BC", 2, 18 + len(stored) + 8 - 1)
    first = FILE[:10] + extra + stored + struct.pack("<II", zlib.crc32(data), len(data))
    rest = bgzip(content[20:])[: -len(END)]
    starts = blocks(first + rest)
    packed = np.diff(starts).astype(np.int64)
    unpacked = np.minimum(len(content) - 20 - 0xFF00 * np.arange(len(packed) - 1), 0xFF00)
    sizes = BlockSizes(packed, np.array([20, *unpacked], np.int64))
    return first + rest + pack_tables(sizes) + END


def going_on(content):
    """A marked file whose only block with items goes on after the end that it states."""
    data = content[16:50_016]
    data = data[:996] + struct.pack("<I", len(data)) + data[1000:]
    stored = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF) + data
    extra = struct.pack("<H2sHH", 6, b"BC", 2, 18 + 5 + 1000 - 1)
    member = FILE[:10] + extra + stored + struct.pack("<II", zlib.crc32(data), len(data))
    first = seekable(np.zeros(len(data), np.uint8))
    return marked(first[: blocks(first)[1]]) + member


READ_BUT_REFUSED = {
    "a first block with items": lying(idxfast.dumps(OLD)),
    "a block that goes on, and marked": going_on(idxfast.dumps(OLD)),
}


@pytest.mark.parametrize("data", READ_BUT_REFUSED.values(), ids=READ_BUT_REFUSED)
def test_data_that_other_readers_find_are_not_destroyed(data, tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(data)
    array = idxfast.load(path)
    for items in (array[:0], array[:1]):
        with pytest.raises(idxfast.IdxError):
            idxfast.append(path, items)
    assert path.read_bytes() == data
    assert gzip.decompress(data).endswith(array.tobytes())


REFUSED = {
    "one member": idxfast.dumps(OLD, compresslevel=6),
    "BGZF of another program": bgzip(idxfast.dumps(OLD)),
    "only the magic": b"\x1f\x8b",
    "only the header": FILE[:47],
    "a cut header": FILE[:46],
    "no end": FILE[:-28],
    "no tables": FILE[:DATA] + END,
    "one more byte": FILE + b"\0",
    "two files": FILE + FILE,
    "another end": FILE + END,
    "more items announced": recounted(FILE, 301),
    "fewer items announced": recounted(FILE, 299),
    "fewer items announced, and marked": marked(recounted(FILE, 299)),
    "more items announced, and marked": marked(recounted(FILE, 301)),
    "data cut off, and marked": MARKED[: DATA - 1],
    "an empty block, and marked": MARKED[:47] + END + MARKED[47:],
    "a block of 65,536 bytes, and marked": marked(LARGE[:47]) + bgzip(bytes(1 << 16), 1 << 16),
    "another time": FILE[:4] + b"a+\0\1" + FILE[8:],
    "a damaged table": FILE[: DATA + 23] + bytes([FILE[DATA + 23] ^ 1]) + FILE[DATA + 24 :],
    "a damaged header": FILE[:30] + bytes([FILE[30] ^ 1]) + FILE[31:],
}  # fmt: skip


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_refused_is_not_changed(data, tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(data)
    for array in (NEW, NEW[:0]):
        with pytest.raises(
            idxfast.IdxError, match=r"save\(path, load\(path\), seekable=True\)"
        ) as e:
            idxfast.append(path, array)
    assert (e.value.part, e.value.offset, e.value.filename) == ("container", 0, str(path))
    assert e.value.expected
    assert e.value.found
    assert path.read_bytes() == data


def test_a_file_that_is_empty_now(tmp_path):
    with (
        open(tmp_path / "file", "w+b", 0) as file,
        pytest.raises(idxfast.IdxError, match="seekable form"),
    ):
        SeekableItems(file, "file", 1).look()


def test_tables_that_lie_about_the_first_block(tmp_path):
    path, starts = tmp_path / "file.gz", np.array(blocks(FILE)[:-2])
    unpacked = [len(gzip.decompress(FILE[a:b])) for a, b in itertools.pairwise(starts)]
    for lie in (0, 1, -1):
        packed = np.diff(starts)
        packed[:2] += [lie, -lie]
        path.write_bytes(FILE[:DATA] + pack_tables(BlockSizes(packed, np.array(unpacked))) + END)
        if lie:
            with pytest.raises(idxfast.IdxError, match="seekable form"):
                idxfast.append(path, NEW)
        else:
            assert path.read_bytes() == FILE


def test_the_way_out_that_the_message_names(tmp_path):
    path = tmp_path / "file.gz"
    idxfast.save(path, OLD)
    idxfast.save(path, idxfast.load(path), seekable=True)
    idxfast.append(path, NEW)
    check(path, np.concatenate([OLD, NEW]))


@pytest.mark.parametrize("level", [0, 1, 9])
def test_a_file_of_any_level(level, tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(seekable(OLD, compresslevel=level))
    idxfast.append(path, NEW)
    check(path, np.concatenate([OLD, NEW]))


def test_more_blocks_than_one_table_lists(tmp_path):
    """A file that has grown by one item at a time."""
    path, count = tmp_path / "file.gz", FULL + 5
    one = seekable(np.ones((1, 3), np.uint8))
    _, second, third = blocks(one)[:3]
    start = seekable(np.zeros((count, 3), np.uint8))[:second]
    packed = np.array([second] + [third - second] * count)
    sizes = BlockSizes(packed, np.array([12] + [3] * count))
    path.write_bytes(start + one[second:third] * count + pack_tables(sizes) + END)
    idxfast.append(path, np.full((2, 3), 2, np.uint8))
    assert idxfast.load(path).tolist() == [[1] * 3] * count + [[2] * 3] * 2
    with idxfast.open(path) as file:
        file.verify()
        assert file[-3:, 0].tolist() == [1, 2, 2]


def test_a_file_that_was_changed_while_it_is_open(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(FILE)
    with idxfast.open(path, mode="a") as file:
        path.write_bytes(seekable(OLD[:200]))
        file.append(NEW)
        check(path, np.concatenate([OLD[:200], NEW]))
        path.write_bytes(idxfast.dumps(OLD, compresslevel=1))
        with pytest.raises(idxfast.IdxError, match="seekable form"):
            file.append(NEW)
