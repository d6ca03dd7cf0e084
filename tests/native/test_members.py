"""gzip members and BGZF blocks that are decoded in one call."""

import gzip
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest

import idxfast
from idxfast.native import inflate


def test_a_whole_member():
    data = bytes(range(256)) * 9
    plain = gzip.compress(data, mtime=0)
    header = plain[:3] + b"\x1e" + plain[4:10] + b"\x03\0abcname\0comment\0"
    named = header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + plain[10:]
    for packed in (plain, named):
        assert inflate.decode_member(packed, len(data)) == data
        assert inflate.decode_member(packed, len(data) - 1) is None
        assert inflate.decode_member(packed + b"\0", len(data)) is None
        for size in range(len(packed)):
            assert inflate.decode_member(packed[:size], len(data)) is None
            assert inflate.decode_members(packed, 0, size, bytearray(len(data)), 0) == (0, 0, 0)
        for at in (0, 1, 2, 3, len(packed) - 8, len(packed) - 4, len(packed) - 20):
            damaged = bytearray(packed)
            damaged[at] ^= 0x80
            assert inflate.decode_member(damaged, 1 << 20) is None


def test_members_up_to_one_that_is_damaged():
    pieces = [bytes([i]) * 1000 for i in range(5)]
    packed = [gzip.compress(piece, mtime=0) for piece in pieces]
    out = bytearray(5007)
    size = sum(map(len, packed))
    assert inflate.decode_members(b"xx" + b"".join(packed), 2, 2 + size, out, 7) == (
        5,
        2 + size,
        5007,
    )
    assert out == bytes(7) + b"".join(pieces)
    assert inflate.decode_members(b"".join(packed), 0, size - 1, out, 7)[0] == 4
    assert inflate.decode_members(b"".join(packed), 0, size, out, 2008)[::2] == (2, 4008)
    packed[2] = packed[2][:-8] + bytes(8)
    assert inflate.decode_members(b"".join(packed), 0, size, bytearray(5000), 0)[::2] == (2, 2000)
    for start, stop, at in [(-1, 5, 0), (5, 4, 0), (0, size + 1, 0), (0, 5, -1), (0, 5, 5008)]:
        with pytest.raises(ValueError, match="outside"):
            inflate.decode_members(b"".join(packed), start, stop, out, at)
    with pytest.raises(BufferError):
        inflate.decode_members(b"".join(packed), 0, size, bytes(5000), 0)


def test_zeros_before_members_are_read_over(at_the_end):
    pieces = [bytes([i + 1]) * 1000 for i in range(4)]
    first, second, third, fourth = (gzip.compress(piece, mtime=0) for piece in pieces)
    block = bgzf_block(pieces[3])
    file = bytes(2) + first + bytes(1) + second + bytes(300) + third + block + bytes(9)
    end = len(file) - 9
    for size in (end, end + 1, end + 9):
        out = bytearray(4000)
        assert inflate.decode_members(at_the_end(file[:size]), 0, size, out, 0) == (4, end, 4000)
        assert out == b"".join(pieces)
    # What comes after the zeros after the third member is none.
    cut = first + bytes(5) + second + bytes(5) + third
    for bad in (b"", b"\1", fourth[:-1], b"\1" + fourth, bytes([fourth[0] + 1]) + fourth[1:]):
        data = at_the_end(cut + bytes(7) + bad)
        assert inflate.decode_members(data, 0, len(data), out, 0) == (3, len(cut), 3000)
    for count in (1, 100):
        assert inflate.decode_members(at_the_end(bytes(count)), 0, count, out, 5) == (0, 0, 5)


def test_blocks_write_into_their_own_space_alone():
    data = np.random.default_rng(7).integers(0, 9, 60_000, np.uint8)
    idxfast.save(io := BytesIO(), data, compresslevel=6, seekable=True)
    file = io.getvalue()
    (start, header), (stop, unpacked) = inflate.find_bgzf_blocks(file, 0, len(file), 1, 1)
    assert (header, unpacked) == (8, 60_000)
    out = bytearray(b"?" * (unpacked + 500))
    assert inflate.decode_members(file, start, stop, out, 0) == (1, stop, unpacked)
    assert out[:unpacked] == data.tobytes()
    assert out[unpacked:] == b"?" * 500


def test_find_bgzf_blocks_groups_them():
    block = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    assert inflate.find_bgzf_blocks(block * 10, 0, 280, 80, 1) == [
        (84, 0),
        (168, 0),
        (252, 0),
        (280, 0),
    ]
    assert inflate.find_bgzf_blocks(block * 10, 28, 279, 1000, 1) == [(252, 0)]
    assert inflate.find_bgzf_blocks(block[:27], 0, 27, 1, 1) == []
    for start, stop in ((0, 29), (-1, 28), (5, 4)):
        with pytest.raises(ValueError, match="outside"):
            inflate.find_bgzf_blocks(block, start, stop, 1, 1)


def test_what_is_no_member():
    data = bytes(range(256)) * 9
    plain = gzip.compress(data, mtime=0)
    for bad in (
        plain[10:],
        # Its trailer would be that of nothing at all.
        plain[:10] + bytes(8),
        plain[:-4] + struct.pack("<I", len(data) + 1),
        plain[:-4] + struct.pack("<I", len(data) - 1),
    ):
        assert inflate.decode_member(bad, 1 << 20) is None
        assert inflate.decode_members(bad, 0, len(bad), bytearray(5000), 0) == (0, 0, 0)


def bgzf_block(data, size=None, flags=4, field=b"BC"):
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = deflate.compress(data) + deflate.flush()
    size = 26 + len(packed) if size is None else size
    header = b"\x1f\x8b\x08" + bytes([flags, 0, 0, 0, 0, 0, 255]) + b"\6\0" + field + b"\2\0"
    trailer = struct.pack("<II", zlib.crc32(data), len(data))
    return header + struct.pack("<H", size - 1) + packed + trailer


def test_what_is_no_bgzf_block():
    data = bytes(range(256)) * 9
    block = bgzf_block(data)
    assert inflate.find_bgzf_blocks(block, 0, len(block), 1, 1) == [(len(block), len(data))]
    for bad in (
        bgzf_block(data, flags=6),
        bgzf_block(data, field=b"BD"),
        bgzf_block(b"", size=25),
        bgzf_block(data, size=len(block) + 1),
        bgzf_block(bytes(65_537)),
    ):
        assert inflate.find_bgzf_blocks(bad, 0, len(bad), 1, 1) == []
    block = bgzf_block(bytes(65_536))
    assert inflate.find_bgzf_blocks(block * 2, 0, 2 * len(block), 999, 65_537) == [
        (2 * len(block), 131_072)
    ]
    assert inflate.find_bgzf_blocks(block * 2, 0, 2 * len(block), 999, 65_536) == [
        (len(block), 65_536),
        (2 * len(block), 65_536),
    ]


def test_nothing_is_read_after_a_member(at_the_end):
    data = bytes(range(256)) * 9
    plain = gzip.compress(data, mtime=0)
    header = plain[:3] + b"\x1e" + plain[4:10] + b"\x03\0abcname\0comment\0"
    named = header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + plain[10:]
    checked = plain[:3] + b"\2" + plain[4:10]
    checked += struct.pack("<H", zlib.crc32(checked) & 0xFFFF) + plain[10:]
    for packed in (plain, named, checked, bgzf_block(data)):
        for size in range(len(packed)):
            cut = at_the_end(packed[:size])
            assert inflate.decode_member(cut, 1 << 20) is None
            assert inflate.decode_members(cut, 0, size, bytearray(5000), 0) == (0, 0, 0)
            assert inflate.find_bgzf_blocks(cut, 0, size, 1, 1) == []
        assert inflate.decode_member(at_the_end(packed), 1 << 20) == data


def test_nothing_is_read_after_the_stop_of_a_search_for_blocks(at_the_end):
    noise = np.random.default_rng(8).bytes(700)
    for size in (*range(20), 575, 576, 577, 700):
        for stop in (8 * size, 1 << 62):
            assert inflate.find_block(at_the_end(noise[:size]), 0, stop) == -1


def test_a_block_is_no_longer_than_it_says():
    data = bytes(range(100))
    # Where it says to end, it seems to unpack to what any block may.
    bad = bgzf_block(data, size=len(bgzf_block(data)) - 1)
    assert inflate.decode_members(bad, 0, len(bad), bytearray(5000), 0) == (0, 0, 0)
