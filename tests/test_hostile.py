"""Files made to be read wrongly, and moments chosen to fail, as the threaded reader meets them."""

import gc
import gzip
import struct
import sys
import time
import weakref
import zlib
from unittest import mock

import numpy as np
import pytest

import idxfast
from handmade import Deflate
from idxfast import arrays, packed, pread, source
from idxfast.gzip import ahead, copies, decoder, groups, reader, segments, team
from idxfast.native import codec


def block(data, size=None):
    """A BGZF block, which may state a size that is not its own."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    stream = packer.compress(data) + packer.flush()
    size = 18 + len(stream) + 8 if size is None else size
    header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H2sHH", 6, b"BC", 2, size - 1)
    return header + stream + struct.pack("<II", zlib.crc32(data), len(data))


def idx(data):
    return b"\0\0\x08\x01" + len(data).to_bytes(4) + data.tobytes()


@pytest.mark.parametrize("change", [-1, 1, "next"])
@pytest.mark.parametrize("at", [0, 40, 98])
def test_a_block_that_lies_about_its_size(at, change):
    data = np.random.default_rng(0).integers(0, 16, 3_000_000 - 8, np.uint8)
    content = idx(data)
    pieces = [content[start : start + 30_000] for start in range(0, len(content), 30_000)]
    blocks = [block(piece) for piece in pieces]
    size = len(blocks[at]) + (len(blocks[at + 1]) if change == "next" else change)
    blocks[at] = block(pieces[at], size)
    file = b"".join(blocks)
    assert gzip.decompress(file) == content
    for threads in (1, 2, 3, 8):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)


def test_blocks_that_lie_one_after_another(monkeypatch):
    """They are not looked through again and again, far ahead."""
    data = np.zeros(1_000 + 40 * 60_000, np.uint8)
    empty, zero = block(b""), block(b"\0")
    lying = block(b"\0", len(zero) + len(empty))
    noise = np.random.default_rng(0).integers(0, 256, (40, 60_000), np.uint8)
    data[1_000:] = noise.ravel()
    file = block(idx(data)[:8]) + (lying + empty) * 1_000
    file += b"".join(block(piece.tobytes()) for piece in noise)
    looked_at = []

    def spy(*arguments):
        looked_at.append(arguments[2] - arguments[1])
        return find_bgzf_blocks(*arguments)

    find_bgzf_blocks = groups.find_bgzf_blocks
    monkeypatch.setattr(groups, "find_bgzf_blocks", spy)
    assert np.array_equal(idxfast.loads(file), data)
    assert len(looked_at) > 1_000
    assert sorted(looked_at)[len(looked_at) // 2] <= 65_536


@pytest.mark.parametrize("phase", range(8))
def test_a_stored_block_that_goes_on_over_the_cut(phase):
    """Whatever its end: what closes the segment would be its data."""
    for more in range(1, 60):
        stream = bytearray(40) + b"\1" + struct.pack("<HH", 100 + more, 100 + more ^ 0xFFFF)
        stream += bytes(100) + bytes(range(200))
        stop = 8 * 145 - phase if phase else 8 * 145
        out = bytearray(1000)
        result = codec.decode_segment(stream, 8 * 40, stop, True, out, 0, 0)[0]
        assert result == codec.BAD_DATA
        assert stream[145:] == bytes(range(200))


def test_a_stream_hidden_in_a_stored_block():
    """A cut in the padding before the block's length would lead to it, and all checksums agree."""
    # The header of a final stored block, and in its padding that of an empty dynamic one, whose
    # precode is chosen such that its bits are a length and the length's complement.
    precode = [7, 1, 0, 0, 0, 0, 3, 4, 0, 2, *[0] * 6, 5, 6, 7]
    both = Deflate().raw("1", "00").dynamic([], False, [0] * 255 + [1, 1], [1], precode).stored(b"")
    both = both.pack()
    size, complement = struct.unpack_from("<HH", both, 1)
    assert size ^ complement == 0xFFFF

    def trailer(data):
        return struct.pack("<II", zlib.crc32(data), len(data))

    dice = np.random.default_rng(5)
    second = dice.bytes(60_000)
    first = dice.bytes(32_768 + 52)
    total = len(first) + size + len(second)
    first = b"\0\0\x08\x01" + struct.pack(">I", total) + first
    # What is hidden: the rest of the dynamic block, other data, their trailer, and a member whose
    # extra field goes on over what the real member ends with.
    hidden = bytes(size)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    inside = both[5:] + packer.compress(hidden) + packer.flush() + trailer(first + hidden)
    rest = size - len(inside) - 12
    inside += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H", rest + 18) + bytes(rest)
    member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    file = member + b"\0" + struct.pack("<HH", len(first), len(first) ^ 0xFFFF) + first + both[:5]
    file += inside + trailer(first + inside) + member
    file += Deflate().stored(second, True).pack() + trailer(second)
    content = gzip.decompress(file)
    assert content == first + inside + second
    for threads in (1, 2):
        assert idxfast.loads(file, threads=threads).tobytes() == content[8:]


def test_a_member_that_seems_to_end_in_a_stored_block():
    """A run that starts in a stored block comes to an end there, with the window of all others."""
    random = np.random.default_rng(5)
    first, last, window = (
        random.integers(0, 144, n, np.uint8) for n in (2_300_000, 2_400_000, 32768)
    )
    inside = Deflate().stored(last[:10_000].tobytes()).stored(window.tobytes(), True).pack()
    start = idx(np.zeros(len(first) + len(inside) + len(last), np.uint8))[:8]
    # A block of fixed codes, 8 bits each, the highest first; its end; a stored block with padding
    # that is not zero. No cut is found there.
    codes = np.unpackbits(first + np.uint8(0x30))
    block = np.concatenate([[0, 1, 0], codes, 10 * [0], 3 * [1]]).astype(np.uint8)
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_HUFFMAN_ONLY)
    body = Deflate().stored(start).pack() + np.packbits(block, bitorder="little").tobytes()
    body += struct.pack("<HH", len(inside), len(inside) ^ 0xFFFF) + inside
    body += packer.compress(last.tobytes()) + packer.flush()
    content = start + first.tobytes() + inside + last.tobytes()
    file = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body
    file += struct.pack("<II", zlib.crc32(content), len(content))
    assert gzip.decompress(file) == content
    for threads in (1, 2, 3, 4):
        assert idxfast.loads(file, threads=threads).tobytes() == content[8:]


def test_a_chunk_that_ends_in_the_last_bytes_of_a_stream(monkeypatch):
    monkeypatch.setattr(segments, "SEARCH", 1)
    for size in range(700):
        data = np.random.default_rng(size).integers(0, 40, size, np.uint8).tobytes()
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        stream = packer.compress(data) + packer.flush()
        feed = segments.Feed(source.MemorySource(stream + b"next" * 9, "x"), chunk=1)
        out = bytearray(size)
        result = segments.decode_next(feed, memoryview(out), 0, 0, 1, fits=True)
        assert result == (codec.COMPLETE, size)
        assert out == data
        assert feed.offset == len(stream)


@pytest.mark.parametrize("seed", range(10))
def test_a_chunk_that_ends_in_the_last_bytes_after_a_false_cut(seed):
    """Where the false cut finds no space: what is decoded without it may have to read on, too."""
    size = 3_000
    data = np.random.default_rng(seed).integers(0, 40, size, np.uint8).tobytes()
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = packer.compress(data) + packer.flush()
    for cut in range(8 * len(stream) - 430, 8 * len(stream) - 370):
        feed = segments.Feed(source.MemorySource(stream + bytes(100), "x"), chunk=1)
        feed.fill((cut >> 3) + codec.CLOSING_SPACE + 2)
        feed._cut = cut
        out = np.empty(size, np.uint8)
        assert segments.decode_next(feed, out, 0, 0, 1, fits=True) == (codec.COMPLETE, size)
        assert out.tobytes() == data


def test_chunks_that_end_in_the_last_bytes_of_a_file(monkeypatch):
    """Where a decoder that takes what is missing for zeros has no space for those."""
    data = np.random.default_rng(1).integers(0, 16, 0x020304, np.uint8)
    # One block, in which no cut is found; the codeword of zero is 0.
    lengths = [1] + [5] * 15 + [0] * 240 + [5]
    stream = Deflate().dynamic([*idx(data)], True, lengths, [1]).pack()
    file = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stream
    file += struct.pack("<II", zlib.crc32(idx(data)), len(idx(data)))
    assert gzip.decompress(file) == idx(data)
    monkeypatch.setattr(reader, "STEP", 1)
    monkeypatch.setattr(segments, "SEARCH", 1)
    monkeypatch.setattr(reader, "HEAD_SPACE", 64 << 10)
    check, checked = decoder.Decoder.check_fit, []
    monkeypatch.setattr(
        decoder.Decoder, "check_fit", lambda self: checked.append(self) or check(self)
    )
    for end in range(len(file) - 30, len(file), 2):
        # There the first chunk ends.
        monkeypatch.setitem(segments.Feed.__init__.__kwdefaults__, "chunk", end // 2)
        for out in (None, np.empty_like(data)):
            assert np.array_equal(idxfast.loads(file, out=out), data)
            assert np.array_equal(idxfast.loads(file + gzip.compress(b""), out=out), data)
            with pytest.raises(idxfast.TrailingDataError):
                idxfast.loads(file + gzip.compress(b"1"), out=out)
    assert checked


def test_what_is_adopted_is_copied_before_one_thread_goes_on(monkeypatch):
    """Where the leader seems to lack space for the last member, whose bytes it has not all read."""
    monkeypatch.setattr(team, "UNPACKED_STEP", 0)
    monkeypatch.setattr(ahead, "MIN_GAP", 64 << 10)
    dice = np.random.default_rng(5)
    # One block of literals, which ends 200 bytes behind what is read for it at first. The codeword
    # of zero is that of 258 bytes more, and what is missing is taken for zeros.
    lengths = [5] * 15 + [0] * 241 + [5] + [0] * 28 + [1]
    start = Deflate().dynamic([], True, lengths, [1]).bits[:-5]
    size = team.MIN_STEP + segments.SEARCH + segments.CHUNK + 200
    last = dice.integers(0, 15, (8 * size - len(start)) // 5, np.uint8).tobytes()
    stream = Deflate().dynamic([*last], True, lengths, [1]).pack()
    data = dice.integers(1, 256, 40_000_000, np.uint8)
    data[dice.random(len(data), np.float32) > 0.04] = 0
    data = np.concatenate([data, np.frombuffer(last, np.uint8)])
    first = idx(data)[: -len(last)]
    packer = zlib.compressobj(6, zlib.DEFLATED, 31, 8, zlib.Z_RLE)
    file = packer.compress(first) + packer.flush() + bytes(1 << 20)
    file += b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stream
    file += struct.pack("<II", zlib.crc32(last), len(last)) + bytes(1 << 20)
    assert gzip.decompress(file) == idx(data)

    copy_to, check, checked = copies.Part.copy_to, decoder.Decoder.check_fit, []

    def copy_late(part, out):
        time.sleep(0.02)
        copy_to(part, out)

    monkeypatch.setattr(copies.Part, "copy_to", copy_late)
    monkeypatch.setattr(
        decoder.Decoder, "check_fit", lambda self: checked.append(self) or check(self)
    )
    for threads in (2, 3):
        out = np.full_like(data, 77)
        assert np.array_equal(idxfast.loads(file, out=out, threads=threads), data)
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert checked


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("more", [1, 6_000, 14_000, 20_000])
def test_too_much_is_too_much_whatever_follows(more, missing, monkeypatch):
    """Data that go on behind what is announced, and then are cut off or damaged."""
    monkeypatch.setattr(reader, "MIN_SIZE", 1)
    monkeypatch.setattr(ahead, "MIN_GAP", 64 << 10)
    data = np.random.default_rng(1).integers(0, 16, 3_000_000, np.uint8)
    content = idx(data) + data[:more].tobytes()
    whole = gzip.compress(content, 1)
    damaged = bytearray(whole)
    damaged[-9 if more == 1 else -12] ^= 0x55
    for file in (whole[: len(whole) - 8 * missing], bytes(damaged)):
        for threads in (1, 2, 3):
            with pytest.raises(idxfast.TrailingDataError) as caught:
                idxfast.loads(file, threads=threads)
            assert caught.value.__context__ is None


@pytest.mark.parametrize("values", [2, 16, 40])
def test_a_large_file_that_lacks_its_last_bytes_is_truncated(values):
    """Zeros, for which the decoder takes what is missing, may unpack to more than it lacks."""
    data = np.random.default_rng(values).integers(0, values, 700_000, np.uint8)
    for level in (1, 6):
        file = gzip.compress(idx(data), level)
        for missing in range(1, 30):
            for out in (None, np.empty_like(data)):
                with pytest.raises(idxfast.TruncatedError):
                    idxfast.loads(file[:-missing], out=out)


def test_a_false_cut_just_before_the_end_of_out(monkeypatch):
    """What closes a segment there makes more bytes than there is space for."""
    data = np.random.default_rng(1).integers(0, 16, 1_200_000, np.uint8)
    file = gzip.compress(idx(data), 6) + bytes(100)
    segment, given = segments.Feed.segment, []
    monkeypatch.setattr(reader, "STEP", 40_000)
    for cut in range(8 * len(file) - 1_264, 8 * len(file) - 872, 20):
        given.clear()

        def false_segment(feed, step, target=None, cut=cut):
            if not given and feed.at_end and cut > feed.bit:
                given.append(feed)
                feed._cut = cut
            return segment(feed, step, target)

        monkeypatch.setattr(segments.Feed, "segment", false_segment)
        out = np.empty_like(data)
        assert np.array_equal(idxfast.loads(file, out=out, threads=1), data)
        assert given


def test_a_source_that_has_less_than_it_said():
    feed = segments.Feed(source.MemorySource(b"some", "x"))
    assert feed.at_end
    shorter = source.MemorySource(b"some", "x")
    shorter.size = 1 << 40
    feed = segments.Feed(shorter, chunk=64)
    assert feed.at_end
    assert bytes(feed.unread) == b"some"


def test_what_zlib_takes_and_libdeflate_does_not_is_refused(monkeypatch):
    monkeypatch.setattr(decoder, "find_damage", lambda *_: None)
    data = gzip.compress(idx(np.arange(100, dtype=np.uint8)))
    with pytest.raises(idxfast.GzipError, match="libdeflate refuses them"):
        idxfast.loads(data[:10] + b"\xff" + data[11:])


@pytest.fixture
def large(tmp_path):
    """Its path, and its array."""
    data = np.random.default_rng(1).integers(0, 16, 9_000_000, np.uint8)
    data[::3] = 0
    path = tmp_path / "large.gz"
    path.write_bytes(gzip.compress(idx(data), 1))
    return path, data


@pytest.mark.parametrize("threads", [1, 3])
def test_any_error_of_progress_passes(large, threads):
    def progress(done, total):
        raise idxfast.SizeError("enough")

    for _ in range(3):
        with pytest.raises(idxfast.SizeError, match="enough"):
            idxfast.load(large[0], threads=threads, progress=progress)


@pytest.mark.parametrize("at", [-9, -5, 1_000_000, 3_000_000])
@pytest.mark.parametrize(("threads", "started"), [(1, 1), (2, 1), (2, 2), (3, 3)])
def test_an_error_lets_go_of_all_memory(large, threads, started, at, monkeypatch):
    start = team.start_helpers
    monkeypatch.setattr(team, "start_helpers", lambda work, _, made: start(work, started, made))
    file = bytearray(large[0].read_bytes())
    file[at] ^= 4
    out = np.empty_like(large[1])
    ways = 3 * ({"out": out}, {})
    before = sys.getrefcount(out)
    made = []

    def allocate(*arguments, **options):
        memory = arrays.allocate(*arguments, **options)
        made.append(weakref.ref(memory.base))
        return memory

    gc.disable()
    try:
        with mock.patch.object(packed, "allocate", allocate):
            for options in ways:
                with pytest.raises(idxfast.IdxError):
                    idxfast.loads(file, **options, threads=threads)
                assert sys.getrefcount(out) == before
                assert not any(memory() is not None for memory in made)
    finally:
        gc.enable()
    assert len(made) == 3


def test_no_thread_writes_after_an_error(large):
    out = np.empty_like(large[1])

    def progress(done, total):
        raise KeyError("enough")

    for _ in range(10):
        with pytest.raises(KeyError):
            idxfast.load(large[0], out=out, threads=4, progress=progress)
        out[:] = 99
        assert (out == 99).all()


def test_without_reading_by_position(large, tmp_path, monkeypatch):
    """As on systems that have no preadv: threads share the descriptor's one position."""
    raw = tmp_path / "raw"
    raw.write_bytes(idx(large[1]))
    monkeypatch.setattr("idxfast.raw.CHUNK", 50_000)
    monkeypatch.setattr("idxfast.raw.MIN_SIZE", 1)
    monkeypatch.setattr(pread, "_read_into", pread._read_and_copy)
    for read in (pread._read, pread._seek_and_read):
        monkeypatch.setattr(pread, "_read", read)
        for _ in range(5):
            assert np.array_equal(idxfast.load(raw, threads=4), large[1])
            assert np.array_equal(idxfast.load(large[0], threads=4), large[1])


def test_an_error_of_reading_is_the_systems_own(large, monkeypatch):
    read_into = source.FileSource.read_into
    for limit in (3_000_000, 1_000_000):

        def failing(self, buffer, offset, limit=limit):
            if offset + len(buffer) > limit:
                raise OSError(5, "Input/output error")
            return read_into(self, buffer, offset)

        monkeypatch.setattr(source.FileSource, "read_into", failing)
        for threads in (1, 2, 4):
            with pytest.raises(OSError, match="Input/output") as error:
                idxfast.load(large[0], threads=threads)
            assert error.value.errno == 5
