"""gzip: what packers write, members and segments."""

import gzip
import struct
import time
import zlib

import numpy as np
import pytest

import idxfast
from idxfast import ChecksumError, GzipError, SizeError, TrailingDataError, TruncatedError
from idxfast.gzip import decoder, members, pool, segments, writer
from idxfast.gzip.input_buffer import InputBuffer
from idxfast.storage.memory import MemorySource


@pytest.fixture(scope="module")
def big():
    """Eight million elements of four random bits: several segments."""
    values = np.random.default_rng(1).integers(0, 16, 8_000_000, np.uint8)
    return values.tobytes()


def compress(data, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, window=31, memory=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, window, memory, strategy)
    return packer.compress(data) + packer.flush()


def flushed(data, mode):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    step = 300_001
    pieces = []
    for at in range(0, len(data), step):
        pieces += [packer.compress(data[at : at + step]), packer.flush(mode)]
    return b"".join([*pieces, packer.flush()])


PACKERS = {
    "level-0": lambda data: compress(data, 0),
    "level-1": lambda data: compress(data, 1),
    "level-6": lambda data: compress(data, 6),
    "level-9": lambda data: compress(data, 9),
    "fixed": lambda data: compress(data, 6, zlib.Z_FIXED),
    "huffman": lambda data: compress(data, 6, zlib.Z_HUFFMAN_ONLY),
    "rle": lambda data: compress(data, 6, zlib.Z_RLE),
    "window-9": lambda data: compress(data, 6, window=16 + 9),
    "memory-1": lambda data: compress(data, 1, memory=1),
    "sync-flush": lambda data: flushed(data, zlib.Z_SYNC_FLUSH),
    "full-flush": lambda data: flushed(data, zlib.Z_FULL_FLUSH),
    "members": lambda data: b"".join(
        compress(data[at : at + 900_001], 1) for at in range(0, len(data), 900_001)
    ),
}
# Their streams of `big` have dynamic blocks, one of them every few 10 KB.
SEGMENTED = ["level-1", "level-6", "level-9", "huffman", "rle", "sync-flush", "full-flush"]


@pytest.mark.parametrize("packer", PACKERS)
def test_packers(packer, big, oracle, tmp_path):
    content = oracle.pack(0x08, (8000, 1000), big)
    path = tmp_path / "file.gz"
    path.write_bytes(PACKERS[packer](content))
    oracle.check(idxfast.load(path), content)
    out = np.empty((8000, 1000), np.uint8)
    assert idxfast.load(path, out=out) is out
    oracle.check(out, content)


@pytest.mark.parametrize("code", [0x0B, 0x0C, 0x0E])
@pytest.mark.parametrize("own", [True, False], ids=["out", "new"])
def test_wide_elements(code, own, big, oracle):
    itemsize = oracle.types[code][1]
    content = oracle.pack(code, (len(big) // itemsize,), big)
    array = idxfast.loads(compress(content, 1))
    oracle.check(array, content)
    out = np.empty_like(array) if own else None
    oracle.check(idxfast.loads(compress(content, 6), out=out), content)


@pytest.mark.parametrize("packer", ["level-1", "level-0", "members"])
def test_wrong_out(packer, big, oracle):
    data = PACKERS[packer](oracle.pack(0x08, (8_000_000,), big))
    out = np.zeros(8_000_000, np.uint8)
    for wrong in (out[1:], out.view(np.int8), out.reshape(2, -1), np.zeros(8_000_001, np.uint8)):
        with pytest.raises(SizeError):
            idxfast.loads(data, out=wrong)
        assert not wrong.any()
    out.flags.writeable = False
    with pytest.raises(ValueError, match="writable"):
        idxfast.loads(data, out=out)
    assert not out.any()


def test_members_padding_and_empty_members(oracle):
    data = oracle.pack(0x08, (100,))
    empty = gzip.compress(b"")
    pieces = [gzip.compress(data[i : i + 7]) for i in range(0, len(data), 7)]
    packed = empty + (empty * 3).join(pieces) + bytes(5) + empty * 2000 + bytes(100_000)
    oracle.check(idxfast.loads(packed), data)
    assert idxfast.read_header(packed).shape == (100,)


def test_a_flood_of_empty_members(oracle):
    data = oracle.pack(0x08, (3,))
    flood = gzip.compress(b"") * 200_000
    oracle.check(idxfast.loads(gzip.compress(data) + flood), data)


def bgzf_block(data):
    body = zlib.compress(data, 1, -15)
    trailer = writer.pack_trailer(zlib.crc32(data), len(data))
    return writer.pack_bgzf_header(1, len(body)) + body + trailer


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    ("pack", "size"),
    [(compress, 500), (compress, 60_000), (compress, 3_000_000), (bgzf_block, 60_000)],
)
def test_zeros_after_members(pack, size, threads, big, oracle):
    """After small ones, large ones and blocks; on several threads, too."""
    data = oracle.pack(0x08, (len(big),), big)
    pieces = (pack(data[start : start + size]) for start in range(0, len(data), size))
    file = b"".join(piece + bytes(i % 3) for i, piece in enumerate(pieces))
    oracle.check(idxfast.loads(file, threads=threads), data)


def test_zeros_unpack_a_thousandfold():
    data = struct.pack(">HBB1I", 0, 8, 1, 32 << 20) + bytes(32 << 20)
    packed = gzip.compress(data)
    assert len(data) > 1000 * len(packed)
    array = idxfast.loads(packed)
    assert array.shape == (32 << 20,)
    assert not array.any()
    out = np.ones(32 << 20, np.uint8)
    assert not idxfast.loads(packed, out=out).any()


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("packer", SEGMENTED)
def test_segments_are_used(packer, threads, big, oracle, monkeypatch):
    sizes, append = [], decoder.Decoder.append

    def counted(self, segment):
        before = self.position
        is_appended = append(self, segment)
        sizes.append(self.position - before)
        return is_appended

    def slow(self, *args, **kwargs):
        time.sleep(0.005)
        return advance(self, *args, **kwargs)

    monkeypatch.setattr(pool, "MAX_STEP", 256 << 10)
    # The leader is slow, so that the other threads keep up even on a busy machine.
    advance = decoder.Decoder.advance
    monkeypatch.setattr(decoder.Decoder, "advance", slow)
    monkeypatch.setattr(decoder.Decoder, "append", counted)
    content = oracle.pack(0x08, (8_000_000,), big)
    oracle.check(idxfast.loads(PACKERS[packer](content), threads=threads), content)
    assert sum(size > 0 for size in sizes) >= 3
    assert sum(sizes) > len(big) / 2


@pytest.mark.parametrize("shift", [1, 5, 8, 4000])
def test_false_starts_cost_time_alone(shift, big, oracle, monkeypatch):
    content = oracle.pack(0x0B, (4_000_000,), big)
    data = compress(content, 1)
    calls = []

    def find_block(buffer, start, stop):
        calls.append(start)
        return start + shift if start + shift + 64 < stop else -1

    monkeypatch.setattr(segments, "find_block", find_block)
    out = np.empty(4_000_000, np.int16)
    for threads in (2, 3):
        oracle.check(idxfast.loads(data, threads=threads), content)
        oracle.check(idxfast.loads(data, out=out, threads=threads), content)
    assert calls


@pytest.mark.parametrize("own", [True, False], ids=["out", "new"])
def test_damage_after_segments(own, big, oracle):
    data = bytearray(compress(oracle.pack(0x08, (8_000_000,), big), 1))
    out = np.empty(8_000_000, np.uint8) if own else None
    for at, error in (
        (len(data) // 2, (GzipError, TruncatedError)),
        (len(data) - 6, ChecksumError),
        (len(data) - 2, ChecksumError),
    ):
        damaged = data.copy()
        damaged[at] ^= 0x10
        with pytest.raises(error):
            idxfast.loads(damaged, out=out)
    for size in (1 << 20, len(data) // 2, len(data) - 1):
        with pytest.raises(TruncatedError):
            idxfast.loads(data[:size], out=out)
    with pytest.raises(TrailingDataError):
        idxfast.loads(data + b"x", out=out)


def test_what_a_bgzf_file_starts_with():
    block = bytes.fromhex("1f8b08040000000000ff0600424302001b00")
    assert members.is_bgzf(block)
    for at in (0, 1, 2, 3, *range(10, 16)):
        other = bytearray(block)
        other[at] ^= 8
        assert not members.is_bgzf(bytes(other))
    assert not any(members.is_bgzf(block[:size]) for size in range(16))


def test_the_length_is_compared_modulo_its_32_bits():
    def leave(size):
        input = InputBuffer(MemorySource(struct.pack("<II", 7, 5), "name"))
        members.verify_trailer(input, 1, size, 7, size)
        return input.offset

    assert leave(5) == leave((1 << 32) + 5) == 8
    for wrong in (6, (1 << 32) + 6):
        with pytest.raises(ChecksumError, match="length") as error:
            leave(wrong)
        assert (error.value.expected, error.value.found) == (5, 6)


def test_an_error_has_the_reason_and_both_places(oracle):
    bad = gzip.compress(oracle.pack(0x08, (3,)), mtime=0)[:10] + b"\x07" + bytes(20)
    with pytest.raises(GzipError, match="are damaged: invalid block type") as error:
        idxfast.loads(bad)
    assert (error.value.offset, error.value.position) == (10, 0)
    assert error.value.found == "invalid block type"


def test_an_end_before_the_size_is_known(oracle):
    packed = gzip.compress(oracle.pack(0x08, (9,), bytes(9)))
    with pytest.raises(TruncatedError) as error:
        idxfast.loads(packed[:11])
    assert error.value.expected == "a whole gzip member"
    assert (error.value.found, error.value.offset, error.value.position) == (0, 11, 0)
    assert error.value.reason.startswith("the unpacked data end at byte 0; ")


def test_a_wrong_checksum_after_a_piece_that_unpacks_to_much(oracle):
    packed = bytearray(gzip.compress(oracle.pack(0x08, (4_000_000,), bytes(4_000_000)), 9))
    packed[-8] ^= 1
    with pytest.raises(ChecksumError, match="CRC-32") as error:
        idxfast.loads(packed)
    assert error.value.offset == len(packed) - 8


def test_the_offset_after_a_piece_that_unpacks_to_much(oracle):
    """A chunk of 4 KB unpacks to 4 MB."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(oracle.pack(0x08, (9_000_000,), bytes(9_000_000)))
    packed = gzip.compress(b"")[:10] + packed + deflate.flush(zlib.Z_FULL_FLUSH)
    with pytest.raises(GzipError, match="invalid block type") as error:
        idxfast.loads(packed + b"\x07" + bytes(20))
    assert (error.value.offset, error.value.position) == (len(packed), 9_000_008)
    with pytest.raises(TruncatedError, match=r"byte 9,000,008 of 9,000,008") as error:
        idxfast.loads(packed)
    assert (error.value.offset, error.value.position) == (len(packed), 9_000_008)
