"""The compiled rooms, against zlib and numpy."""

import copy
import gzip
import mmap
import os
import struct
import sysconfig
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import idxfast
from corpus_deflate import codes, dynamic_headers
from handmade import DISTANCES, LITERALS, Deflate, bits
from idxfast.native import (
    blocks,
    checksum,
    encoder,
    files,
    inflate,
    lists,
    members,
    memory,
    run_length,
)


@pytest.mark.parametrize("itemsize", [2, 4, 8])
def test_swap(itemsize):
    for count in (0, 1, 3, 16, 1001):
        data = np.random.default_rng(count).bytes(count * itemsize)
        for shift in (0, 1, 5):
            buffer = bytearray(shift) + data
            memory.swap(memoryview(buffer)[shift:], itemsize)
            assert buffer[shift:] == np.frombuffer(data, f"u{itemsize}").byteswap().tobytes()
    with pytest.raises(ValueError, match="inside"):
        memory.swap(bytearray(itemsize + 1), itemsize)
    with pytest.raises(ValueError, match="3"):
        memory.swap(bytearray(3), 3)
    with pytest.raises(BufferError):
        memory.swap(bytes(4), 4)


def test_crc32():
    for size in (0, 1, 100, 100_000):
        data = np.random.default_rng(size).bytes(size)
        first, second = data[: size // 3], data[size // 3 :]
        crcs = checksum.crc32(first), checksum.crc32(second)
        assert checksum.crc32(data) == zlib.crc32(data)
        assert checksum.crc32(second, crcs[0]) == zlib.crc32(data)
        assert checksum.combine_crc32(*crcs, len(second)) == zlib.crc32(data)
        assert checksum.combine_crc32(crcs[0], zlib.crc32(data), len(second)) == crcs[1]


def test_a_whole_member():
    data = bytes(range(256)) * 9
    plain = gzip.compress(data, mtime=0)
    header = plain[:3] + b"\x1e" + plain[4:10] + b"\x03\0abcname\0comment\0"
    named = header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + plain[10:]
    for packed in (plain, named):
        assert members.decode_member(packed, len(data)) == data
        assert members.decode_member(packed, len(data) - 1) is None
        assert members.decode_member(packed + b"\0", len(data)) is None
        for size in range(len(packed)):
            assert members.decode_member(packed[:size], len(data)) is None
            assert members.decode_members(packed, 0, size, bytearray(len(data)), 0) == (0, 0, 0)
        for at in (0, 1, 2, 3, len(packed) - 8, len(packed) - 4, len(packed) - 20):
            damaged = bytearray(packed)
            damaged[at] ^= 0x80
            assert members.decode_member(damaged, 1 << 20) is None


def test_members_up_to_one_that_is_damaged():
    pieces = [bytes([i]) * 1000 for i in range(5)]
    packed = [gzip.compress(piece, mtime=0) for piece in pieces]
    out = bytearray(5007)
    size = sum(map(len, packed))
    assert members.decode_members(b"xx" + b"".join(packed), 2, 2 + size, out, 7) == (
        5,
        2 + size,
        5007,
    )
    assert out == bytes(7) + b"".join(pieces)
    assert members.decode_members(b"".join(packed), 0, size - 1, out, 7)[0] == 4
    assert members.decode_members(b"".join(packed), 0, size, out, 2008)[::2] == (2, 4008)
    packed[2] = packed[2][:-8] + bytes(8)
    assert members.decode_members(b"".join(packed), 0, size, bytearray(5000), 0)[::2] == (2, 2000)
    for start, stop, at in [(-1, 5, 0), (5, 4, 0), (0, size + 1, 0), (0, 5, -1), (0, 5, 5008)]:
        with pytest.raises(ValueError, match="outside"):
            members.decode_members(b"".join(packed), start, stop, out, at)
    with pytest.raises(BufferError):
        members.decode_members(b"".join(packed), 0, size, bytes(5000), 0)


def test_zeros_before_members_are_read_over(at_the_end):
    pieces = [bytes([i + 1]) * 1000 for i in range(4)]
    first, second, third, fourth = (gzip.compress(piece, mtime=0) for piece in pieces)
    block = bgzf_block(pieces[3])
    file = bytes(2) + first + bytes(1) + second + bytes(300) + third + block + bytes(9)
    end = len(file) - 9
    for size in (end, end + 1, end + 9):
        out = bytearray(4000)
        assert members.decode_members(at_the_end(file[:size]), 0, size, out, 0) == (4, end, 4000)
        assert out == b"".join(pieces)
    # What comes after the zeros after the third member is none.
    cut = first + bytes(5) + second + bytes(5) + third
    for bad in (b"", b"\1", fourth[:-1], b"\1" + fourth, bytes([fourth[0] + 1]) + fourth[1:]):
        data = at_the_end(cut + bytes(7) + bad)
        assert members.decode_members(data, 0, len(data), out, 0) == (3, len(cut), 3000)
    for count in (1, 100):
        assert members.decode_members(at_the_end(bytes(count)), 0, count, out, 5) == (0, 0, 5)


def test_blocks_write_into_their_own_space_alone():
    data = np.random.default_rng(7).integers(0, 9, 60_000, np.uint8)
    idxfast.save(io := BytesIO(), data, compresslevel=6, seekable=True)
    file = io.getvalue()
    (stop, unpacked), *rest = members.find_bgzf_blocks(file, 0, len(file), 1, 1)
    assert unpacked == 60_008
    assert [size for _, size in rest] == [0]
    out = bytearray(b"?" * (unpacked + 500))
    assert members.decode_members(file, 0, stop, out, 0) == (1, stop, unpacked)
    assert out[8:unpacked] == data.tobytes()
    assert out[unpacked:] == b"?" * 500


def test_find_bgzf_blocks_groups_them():
    block = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    assert members.find_bgzf_blocks(block * 10, 0, 280, 80, 1) == [
        (84, 0),
        (168, 0),
        (252, 0),
        (280, 0),
    ]
    assert members.find_bgzf_blocks(block * 10, 28, 279, 1000, 1) == [(252, 0)]
    assert members.find_bgzf_blocks(block[:27], 0, 27, 1, 1) == []
    for start, stop in ((0, 29), (-1, 28), (5, 4)):
        with pytest.raises(ValueError, match="outside"):
            members.find_bgzf_blocks(block, start, stop, 1, 1)


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
        assert members.decode_member(bad, 1 << 20) is None
        assert members.decode_members(bad, 0, len(bad), bytearray(5000), 0) == (0, 0, 0)


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
    assert members.find_bgzf_blocks(block, 0, len(block), 1, 1) == [(len(block), len(data))]
    for bad in (
        bgzf_block(data, flags=6),
        bgzf_block(data, field=b"BD"),
        bgzf_block(b"", size=25),
        bgzf_block(data, size=len(block) + 1),
        bgzf_block(bytes(65_537)),
    ):
        assert members.find_bgzf_blocks(bad, 0, len(bad), 1, 1) == []
    block = bgzf_block(bytes(65_536))
    assert members.find_bgzf_blocks(block * 2, 0, 2 * len(block), 999, 65_537) == [
        (2 * len(block), 131_072)
    ]
    assert members.find_bgzf_blocks(block * 2, 0, 2 * len(block), 999, 65_536) == [
        (len(block), 65_536),
        (2 * len(block), 65_536),
    ]


def test_nothing_is_read_behind_a_member(at_the_end):
    data = bytes(range(256)) * 9
    plain = gzip.compress(data, mtime=0)
    header = plain[:3] + b"\x1e" + plain[4:10] + b"\x03\0abcname\0comment\0"
    named = header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + plain[10:]
    checked = plain[:3] + b"\2" + plain[4:10]
    checked += struct.pack("<H", zlib.crc32(checked) & 0xFFFF) + plain[10:]
    for packed in (plain, named, checked, bgzf_block(data)):
        for size in range(len(packed)):
            cut = at_the_end(packed[:size])
            assert members.decode_member(cut, 1 << 20) is None
            assert members.decode_members(cut, 0, size, bytearray(5000), 0) == (0, 0, 0)
            assert members.find_bgzf_blocks(cut, 0, size, 1, 1) == []
        assert members.decode_member(at_the_end(packed), 1 << 20) == data


def test_nothing_is_read_behind_where_blocks_are_looked_for(at_the_end):
    noise = np.random.default_rng(8).bytes(700)
    for size in (*range(20), 575, 576, 577, 700):
        for stop in (8 * size, 1 << 62):
            assert blocks.find_block(at_the_end(noise[:size]), 0, stop) == -1


def test_a_block_is_no_longer_than_it_says():
    data = bytes(range(100))
    # Where it says to end, it seems to unpack to what any block may.
    bad = bgzf_block(data, size=len(bgzf_block(data)) - 1)
    assert members.decode_members(bad, 0, len(bad), bytearray(5000), 0) == (0, 0, 0)


@pytest.mark.skipif(not files.AVAILABLE, reason="this system has no open() of its own")
def test_open_file(tmp_path):
    path = str(tmp_path / "a\udc80b")
    Path(path).write_bytes(b"12345")
    assert files.open_file(path, 5) == b"12345"
    with files.open_file(path, 4) as file:
        assert file.read() == b"12345"
        assert not os.get_inheritable(file.fileno())
    with pytest.raises(IsADirectoryError) as error:
        files.open_file(str(tmp_path), 5)
    assert error.value.filename == str(tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        files.open_file(path + "x", 5)
    assert error.value.filename == path + "x"
    with pytest.raises(ValueError, match="null"):
        files.open_file("a\0b", 5)


def test_a_file_that_is_shorter_than_its_size():
    path = "/sys/devices/system/cpu/online"
    if not files.AVAILABLE or not os.path.exists(path):
        pytest.skip("needs Linux's /sys")
    size = os.stat(path).st_size
    content = Path(path).read_bytes()
    assert 0 < len(content) < size
    assert files.open_file(path, size) == content


def test_a_file_that_can_be_opened_but_not_read():
    path = "/sys/class/net/lo/speed"
    if not files.AVAILABLE or not os.path.exists(path):
        pytest.skip("needs Linux's /sys")
    with open(path, "rb", buffering=0) as file, pytest.raises(OSError) as expected:
        file.read()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError) as error:
        files.open_file(path, os.stat(path).st_size)
    assert error.value.errno == expected.value.errno
    assert error.value.filename == path
    assert os.listdir("/proc/self/fd") == before


def test_stored_blocks_are_found():
    noise = np.random.default_rng(6).bytes(200_000)
    deflate = zlib.compressobj(0, zlib.DEFLATED, -15)
    packed = deflate.compress(noise) + deflate.flush()
    found, starts = 0, []
    while (found := blocks.find_block(packed, found + 1, 8 * len(packed))) >= 0:
        starts.append(found)
    sizes = [int.from_bytes(packed[at // 8 + 1 : at // 8 + 3], "little") for at in starts]
    assert len(starts) >= 2
    assert all(at % 8 == 0 for at in starts)
    ends = [at + 8 * (5 + size) for at, size in zip(starts, sizes, strict=True)]
    assert ends[:-1] == starts[1:]


def test_what_follows_a_stored_block_is_none():
    # From the second byte on: 0, and a length whose complement is wrong by one bit.
    data = bytes.fromhex("00 0000ffff 01") + bytes(600)
    assert blocks.find_block(data, 0, 8 * len(data)) == 0
    assert blocks.find_block(data, 1, 8 * len(data)) == -1


def test_a_stored_block_from_the_stop_on_is_none():
    data = b"\xff" + bytes.fromhex("00 1000efff") + bytes(600)
    assert blocks.find_block(data, 0, 9) == 8
    assert all(blocks.find_block(data, 0, stop) == -1 for stop in range(9))


def test_no_block_in_noise_or_at_the_end():
    noise = np.random.default_rng(5).bytes(200_000)
    assert blocks.find_block(noise, 0, 8 * len(noise)) == -1
    assert blocks.find_block(noise, 0, -1) == -1
    assert blocks.find_block(b"", 0, 0) == -1
    assert blocks.find_block(bytes(575), 0, 4600) == -1
    with pytest.raises(ValueError, match="negative"):
        blocks.find_block(noise, -1, 8)


def amid_ones(phase, block):
    """Bits behind some ones and before many, among which no block seems to start."""
    return bits("1" * phase + block + "1" * 8 * 600)


@pytest.mark.parametrize("phase", range(17))
@pytest.mark.parametrize("distances", [DISTANCES, [1], [0], [1, 1]], ids=len)
def test_a_block_is_found(phase, distances):
    block = Deflate().dynamic([], False, LITERALS, distances).bits
    data = amid_ones(phase, block)
    end = 8 * len(data)
    assert blocks.find_block(data, 0, end) == phase
    assert blocks.find_block(data, phase, end) == phase
    assert blocks.find_block(data, phase, phase + 1) == phase
    assert all(blocks.find_block(data, 0, stop) == -1 for stop in range(-1, phase + 1))
    short = bits("1" * phase + block)
    assert blocks.find_block(short, 0, 8 * len(short)) == -1
    assert blocks.find_block(data, phase + 1, end) == -1
    data = amid_ones(phase, Deflate().dynamic([], True, LITERALS, distances).bits)
    assert blocks.find_block(data, 0, end) == -1


@pytest.mark.parametrize("phase", [0, 3])
def test_a_damaged_header_is_no_block(phase):
    damaged = [Deflate().dynamic([], False, *lengths).bits for _, *lengths in codes()]
    damaged += ["001" + "".join(words) for _, words in dynamic_headers()]
    whole = Deflate().dynamic([], False, LITERALS, DISTANCES).bits
    damaged += ["0" + other + whole[3:] for other in ("00", "10", "11")]
    assert len(damaged) > 15
    for block in damaged:
        assert blocks.find_block(amid_ones(phase, block), 0, 8 * 1000) == -1


def test_fill():
    data = bytes(range(100))
    out = np.zeros(30, np.uint8)
    memory.fill(out, data, 70)
    assert out.tobytes() == data[70:]
    memory.fill(out[:0], data, 100)
    for start in (-1, 71, 101):
        with pytest.raises(ValueError, match="not as many"):
            memory.fill(out, data, start)
    with pytest.raises(BufferError):
        memory.fill(bytes(3), data, 0)


def decode(stream, out):
    return inflate.Inflater().decode(stream, 0, out, 0)[0]


def decode_and_copy(stream, out):
    symbols = inflate.Symbols(1 << 20, 1 << 17)
    inflate.Inflater().decode_symbols(stream, 0, symbols)
    return symbols.copy(out, 0)


def test_buffers_are_let_go():
    data = bytes(range(256))
    packed = bytearray(gzip.compress(data, mtime=0))
    out = bytearray(1000)
    stream, bad = packed[10:-8], bytearray(b"\7" + bytes(20))
    calls = (
        *((call, data, out) for call in (decode, decode_and_copy) for data in (stream, bad)),
        (members.decode_member, packed, 1000),
        (members.decode_member, packed, 1),
        (members.find_bgzf_blocks, packed, 0, 5, 1, 1),
        (members.decode_members, packed, 0, len(packed), out, 0),
        (blocks.find_block, packed, 0, 99),
        (checksum.crc32, packed),
        (memory.swap, out, 4),
        (memory.address, out),
        (memory.fill, out[:3], packed, 0),
    )
    for call, *arguments in calls:
        call(*arguments)
        for argument in arguments:
            if isinstance(argument, bytearray):
                argument += bytes(4)
                del argument[-4:]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
def test_no_memory_is_lost():
    """A decoder takes 11 KB, and what it decodes many symbols with is larger."""
    packed = gzip.compress(b"1")
    content = np.random.default_rng(3).integers(0, 16, 100_000, np.uint8).tobytes()
    stream = gzip.compress(content)[10:]
    calls = (
        (decode, stream, bytearray(content)),
        (decode_and_copy, stream, bytearray(content)),
        (members.decode_member, packed, 1),
        (members.decode_members, packed, 0, len(packed), bytearray(1), 0),
    )
    for call, *arguments in calls:
        call(*arguments)
        before = int(Path("/proc/self/statm").read_text().split()[1])
        for _ in range(2000):
            call(*arguments)
        after = int(Path("/proc/self/statm").read_text().split()[1])
        assert (after - before) * mmap.PAGESIZE < 4 << 20


def test_one_build_for_all_versions():
    """A CPython with a limited API has extensions that later ones can load, too."""
    if os.name != "posix" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("here the name of an extension does not tell")
    modules = (
        blocks, checksum, encoder, files, inflate, lists, members, memory, run_length,
    )  # fmt: skip
    for module in modules:
        assert Path(module.__file__).name == f"{module.__name__.rpartition('.')[2]}.abi3.so"


@pytest.mark.skipif(not files.AVAILABLE, reason="this system cannot hold folders")
def test_what_is_held(tmp_path):
    """It is closed once, copied never, and found from the folder that is held."""
    (tmp_path / "file").write_bytes(b"content")
    held = files.Held(str(tmp_path))
    assert os.path.samestat(os.fstat(held.fileno()), tmp_path.stat())
    for wrong, error in (
        (("missing", held), FileNotFoundError),
        (("file", held), NotADirectoryError),
    ):
        with pytest.raises(error):
            files.Held(*wrong)
    for wrong in ("a\0b", "\0"):
        with pytest.raises(ValueError, match="null byte"):
            files.Held(wrong)
    with pytest.raises(TypeError, match="copied or pickled"):
        copy.copy(held)
    if files.HOLDS_ENTRIES:
        entry = files.Held("file", held, is_entry=True)
        assert os.path.samestat(os.fstat(entry.fileno()), (tmp_path / "file").stat())
        with pytest.raises(ValueError):
            files.Held("file", is_entry=True)
    held.close()
    held.close()
    for use in (held.fileno, held.sync, lambda: files.Held("file", held)):
        with pytest.raises(ValueError, match="closed"):
            use()
