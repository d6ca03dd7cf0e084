"""Files made to mislead the threaded reader, and failures at the worst moment."""

import gc
import gzip
import struct
import sys
import time
import weakref
import zlib

import numpy as np
import pytest

import idxfast
from files.handmade import Deflate
from idxfast.containers import arrays
from idxfast.gzip import decoder, input_buffer, pool, segments, small_members, stream
from idxfast.storage import pread, source
from idxfast.storage.memory import MemorySource
from idxfast.threads import ordered_map


@pytest.fixture
def short_segments(monkeypatch):
    """Cut a file of a few KB into segments, as a file of a few GB would be."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "MIN_STEP", 4 << 10)
    monkeypatch.setattr(pool, "MAX_STEP", 4 << 10)
    monkeypatch.setattr(pool, "APPENDING", 1)  # without gaps
    monkeypatch.setattr(
        decoder.Decoder.advance, "__defaults__", (4 << 10, ordered_map.map_serially)
    )


@pytest.fixture
def slow_leader(monkeypatch):
    """Let the other threads come first, even on a busy machine."""
    advance = decoder.Decoder.advance

    def slow(self, *args, **kwargs):
        time.sleep(0.005)
        return advance(self, *args, **kwargs)

    monkeypatch.setattr(decoder.Decoder, "advance", slow)


def block(data, size=None):
    """A BGZF block, which may state a wrong size."""
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
    """They are not searched again and again, far ahead of the decoder."""
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

    find_bgzf_blocks = small_members.find_bgzf_blocks
    monkeypatch.setattr(small_members, "find_bgzf_blocks", spy)
    assert np.array_equal(idxfast.loads(file), data)
    assert len(looked_at) > 1_000
    assert sorted(looked_at)[len(looked_at) // 2] <= 65_536


@pytest.mark.parametrize("shift", range(-4, 5))
@pytest.mark.usefixtures("short_segments", "slow_leader")
def test_a_stream_hidden_in_a_stored_block(shift, monkeypatch):
    """Decoding from the padding before the block's length finds the hidden data, with right checksums."""
    monkeypatch.setattr(pool, "MIN_STEP", 16 << 10)
    # The header of a final stored block. Its padding holds the header of an empty dynamic block,
    # with a precode whose bits are a length and the length's complement.
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
    # The hidden part: the rest of the dynamic block, other data, their trailer, and a member whose
    # extra field covers the end of the real member.
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
    # The header in the padding starts here.
    false = 8 * (len(member) + 5 + len(first)) + 3 + shift
    found = []

    def find_block(data, start, stop):
        index = data.tobytes().find(both)
        if index < 0 or 8 * index + 3 + shift < start:
            return find(data, start, stop)
        found.append(index)
        return 8 * index + 3 + shift

    find = segments.find_block
    monkeypatch.setattr(segments, "find_block", find_block)
    begun, append = set(), decoder.Decoder.append

    def spy(self, segment):
        begun.add(segment.start)
        return append(self, segment)

    monkeypatch.setattr(decoder.Decoder, "append", spy)
    for threads in (1, 2, 3, 8):
        assert idxfast.loads(file, threads=threads).tobytes() == content[8:]
    assert found
    assert shift or false in begun


@pytest.mark.usefixtures("short_segments")
def test_a_member_that_seems_to_end_in_a_stored_block():
    """A segment that starts in a stored block ends there."""
    random = np.random.default_rng(5)
    first, last, window = (
        random.integers(0, 144, n, np.uint8) for n in (2_300_000, 2_400_000, 32768)
    )
    inside = Deflate().stored(last[:10_000].tobytes()).stored(window.tobytes(), True).pack()
    start = idx(np.zeros(len(first) + len(inside) + len(last), np.uint8))[:8]
    # A block of fixed codes, 8 bits each, the highest bit first; its end; a stored block with
    # nonzero padding. The search finds no start of a block here.
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


def test_chunks_that_end_in_the_last_bytes_of_a_stream(monkeypatch):
    monkeypatch.setattr(input_buffer, "RESERVE", 8)
    for size in range(700):
        data = np.random.default_rng(size).integers(0, 40, size, np.uint8)
        file = gzip.compress(idx(data)) + gzip.compress(b"")
        monkeypatch.setattr(input_buffer.InputBuffer.move_to, "__defaults__", (1 + size % 29,))
        assert np.array_equal(stream_of(file, len(data)), data)


def stream_of(file, size):
    """Read a file as `load` reads a large one, whatever its size."""
    memory = np.empty(size, np.uint8)
    reader = stream.GzipStream(MemorySource(file, "name"))
    assert len(reader.head(1028)) == min(size + 8, 1028)
    reader.read_into(memory, 8)
    return memory


def test_chunks_that_end_in_the_last_bytes_of_a_file(monkeypatch):
    """A decoder that took missing bits for zeros would run out of space."""
    data = np.random.default_rng(1).integers(0, 16, 0x020304, np.uint8)
    # A single block, in which the codeword of zero is 0.
    lengths = [1] + [5] * 15 + [0] * 240 + [5]
    packed = Deflate().dynamic([*idx(data)], True, lengths, [1]).pack()
    file = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed
    file += struct.pack("<II", zlib.crc32(idx(data)), len(idx(data)))
    assert gzip.decompress(file) == idx(data)
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    for end in range(len(file) - 30, len(file), 2):
        # A chunk ends here, and the last bytes of the stream are in the next one.
        monkeypatch.setattr(input_buffer.InputBuffer.move_to, "__defaults__", (end,))
        for out in (None, np.empty_like(data)):
            for threads in (1, 2):
                options = {"out": out, "threads": threads}
                assert np.array_equal(idxfast.loads(file, **options), data)
                longer = file + gzip.compress(b"")
                assert np.array_equal(idxfast.loads(longer, **options), data)
                with pytest.raises(idxfast.TrailingDataError):
                    idxfast.loads(file + gzip.compress(b"1"), **options)


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("more", [1, 6_000, 14_000, 20_000])
@pytest.mark.usefixtures("short_segments")
def test_too_much_is_too_much_whatever_follows(more, missing):
    """The data continue past the announced size, and are then cut off or damaged."""
    data = np.random.default_rng(1).integers(0, 16, 3_000_000, np.uint8)
    content = idx(data) + data[:more].tobytes()
    whole = gzip.compress(content, 1)
    damaged = bytearray(whole)
    damaged[-9 if more == 1 else -12] ^= 0x55
    for file in (whole[: len(whole) - 8 * missing], bytes(damaged)):
        errors = set()
        for threads in (1, 2, 3):
            with pytest.raises(idxfast.TrailingDataError) as caught:
                idxfast.loads(file, threads=threads)
            assert caught.value.__context__ is None
            assert caught.value.position == 3_000_008
            errors.add((str(caught.value), caught.value.offset))
        assert len(errors) == 1


@pytest.mark.parametrize("values", [2, 16, 40])
def test_a_large_file_that_lacks_its_last_bytes_is_truncated(values):
    """If a decoder took missing bits for zeros, these might unpack to more bytes than are missing."""
    data = np.random.default_rng(values).integers(0, values, 700_000, np.uint8)
    for level in (1, 6):
        file = gzip.compress(idx(data), level)
        for missing in range(1, 30):
            for out in (None, np.empty_like(data)):
                with pytest.raises(idxfast.TruncatedError):
                    idxfast.loads(file[:-missing], out=out)


@pytest.mark.usefixtures("short_segments", "slow_leader")
def test_a_false_start_just_before_the_end_of_out(monkeypatch):
    """The symbols of a segment may decode to more bytes than there is space for."""
    data = np.random.default_rng(1).integers(0, 16, 120_000, np.uint8)
    file = gzip.compress(idx(data), 6) + bytes(600)
    find, false = segments.find_block, []
    for before in range(872, 1_264, 20):

        def find_block(chunk, start, stop, before=before):
            # The chunk ends where the file does.
            at = stop - 8 * 600 - before
            if not start <= at < start + 8 * pool.MAX_STEP:
                return find(chunk, start, stop)
            false.append(at)
            return at

        monkeypatch.setattr(segments, "find_block", find_block)
        out = np.empty_like(data)
        for threads in (2, 3, 8):
            assert np.array_equal(idxfast.loads(file, out=out, threads=threads), data)
            assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert false


@pytest.fixture
def large(tmp_path):
    """The path of a file, and its array."""
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
@pytest.mark.parametrize(("threads", "started"), [(1, 1), (2, 0), (2, 1), (2, 2), (3, 3)])
def test_an_error_lets_go_of_all_memory(large, threads, started, at, monkeypatch):
    start = pool.start_threads
    monkeypatch.setattr(pool, "start_threads", lambda work, _, made: start(work, started, made))
    file = bytearray(large[0].read_bytes())
    file[at] ^= 4
    out = np.empty_like(large[1])
    ways = 3 * ({"out": out}, {})
    before = sys.getrefcount(out)
    made, empty = [], arrays._empty

    def spy(*arguments):
        memory, start = empty(*arguments)
        made.append(weakref.ref(memory))
        return memory, start

    monkeypatch.setattr(arrays, "_empty", spy)
    gc.disable()
    try:
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
    """As on systems without preadv, where the threads share the position of the descriptor."""
    raw = tmp_path / "raw"
    raw.write_bytes(idx(large[1]))
    monkeypatch.setattr("idxfast.containers.raw.CHUNK", 50_000)
    monkeypatch.setattr("idxfast.containers.raw.MIN_SIZE", 1)
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
