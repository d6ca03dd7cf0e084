"""Several threads give what one gives: the same array, or the same error."""

import _thread
import contextlib
import gzip
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import idxfast
from idxfast.gzip import decoder, feed, groups, pool, segments, stream, writer
from idxfast.native.memory import address
from idxfast.storage.source import MemorySource
from idxfast.threads import ordered_map, thread

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Let a file of some MB be cut as one of some GB would be."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "UNPACKED_STEP", 1)
    monkeypatch.setattr(pool, "MIN_STEP", 16 << 10)
    monkeypatch.setattr(pool, "APPENDING", 2)
    monkeypatch.setattr(feed, "CHUNK", 16 << 10)
    monkeypatch.setattr(feed, "RESERVE", 4 << 10)
    monkeypatch.setattr(segments, "CHUNK", 16 << 10)
    monkeypatch.setattr(decoder.Decoder.advance, "__defaults__", (64 << 10, ordered_map.map_here))
    monkeypatch.setattr(groups, "GROUP", 64 << 10)
    monkeypatch.setattr("idxfast.containers.raw.CHUNK", 100_000)
    monkeypatch.setattr("idxfast.containers.raw.SWAPPED", 8_000)
    monkeypatch.setattr("idxfast.containers.raw.MIN_SIZE", 1)


@pytest.fixture
def appended(monkeypatch):
    """How many bytes each segment gave; the leader is slow, so that there are some."""
    sizes = []
    append, advance = decoder.Decoder.append, decoder.Decoder.advance

    def counted(self, segment):
        before = self.position
        is_appended = append(self, segment)
        sizes.append(self.position - before)
        assert is_appended or not sizes[-1]
        return is_appended

    def slow(self, *args, **kwargs):
        time.sleep(0.002)
        return advance(self, *args, **kwargs)

    monkeypatch.setattr(decoder.Decoder, "append", counted)
    monkeypatch.setattr(decoder.Decoder, "advance", slow)
    return sizes


@pytest.fixture
def eager(monkeypatch):
    """Nobody leads as long as one more segment may be begun: not even small files are passed."""

    def can_lead_at_last(self):
        return self._find_place() is None and can_lead(self)

    can_lead = pool.Pool._can_lead
    monkeypatch.setattr(pool.Pool, "_can_lead", can_lead_at_last)


@pytest.fixture
def around_decoders(monkeypatch):
    """Have each call of a decoder's made inside of a context, which is given what it uses."""

    def wrap(context):
        class Inflater:
            def __init__(self):
                self._inflater = inflater()
                self.reset = self._inflater.reset

            def decode(self, data, bit, out, position, **options):
                with context(data, out[position:]):
                    return self._inflater.decode(data, bit, out, position, **options)

            def decode_symbols(self, data, bit, symbols, **options):
                with context(data, out[:0]):
                    return self._inflater.decode_symbols(data, bit, symbols.symbols, **options)

        class Symbols:
            def __init__(self, literals, matches):
                self.symbols = symbols(literals, matches)
                self.clear = self.symbols.clear

            def copy(self, out, position, **options):
                with context(out[:0], out[position : position + self.symbols.size]):
                    return self.symbols.copy(out, position, **options)

        out = np.empty(0, np.uint8)
        inflater, symbols = segments.Inflater, segments.Symbols
        for module in (decoder, segments):
            monkeypatch.setattr(module, "Inflater", Inflater)
        monkeypatch.setattr(segments, "Symbols", Symbols)

    return wrap


def images(count=3000):
    """Blots on zeros, much like handwriting."""
    random = np.random.default_rng(count)
    out = np.zeros((count, 28, 28), np.uint8)
    rows = random.integers(4, 16, (2, count))
    for image, top, left in zip(out, *rows, strict=True):
        image[top : top + 9, left : left + 7] = random.integers(0, 256, (9, 7))
    return out


def many_images():
    return images(20_000)


def unresolved():
    """Each part begins as the one before: those bytes of the first window are always in use."""
    random = np.random.default_rng(1)
    out = np.tile(random.integers(0, 256, 20_000, np.uint8), (150, 1))
    out[:, 15_000:] = random.integers(0, 256, (150, 5_000))
    return out


def noise():
    return np.random.default_rng(2).integers(0, 256, 1_500_000, np.uint8)


def letters():
    return np.random.default_rng(3).integers(0, 30, 2_500_000, np.uint8)


def zeros():
    out = np.zeros(40_000_000, np.uint8)
    out[::9973] = 7
    return out


def images_after_noise():
    """Where a part of the packed file unpacks to cannot be guessed from the whole."""
    return np.concatenate([noise()[:700_000], images(4000).ravel()])


def images_before_noise():
    return np.concatenate([images(4000).ravel(), noise()[:700_000]])


CONTENTS = {
    f.__name__: f
    for f in (
        images,
        many_images,
        images_after_noise,
        images_before_noise,
        unresolved,
        noise,
        letters,
        zeros,
    )
}


def deflated(level, strategy=0, window=31):
    def pack(data):
        packer = zlib.compressobj(level, zlib.DEFLATED, window, 8, strategy)
        return packer.compress(data) + packer.flush()

    return pack


def members(data):
    sizes = [0, 1, 70_000, 65_536, 300_001, 5]
    pieces, at = [], 0
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(gzip.compress(data[at : at + size], 6, mtime=0))
        at += size
    return b"".join([*pieces, bytes(1000)])


def two_members(data):
    half = len(data) // 2
    return gzip.compress(data[:half], 6) + gzip.compress(data[half:], 1)


def seekable(data):
    from idxfast.gzip.writer import encode_blocks

    return b"".join(encode_blocks(np.frombuffer(data, np.uint8), 6, 1))


def sync_flushed(data):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    step = 100_001
    pieces = [packer.compress(data[at : at + step]) + packer.flush(zlib.Z_SYNC_FLUSH)
              for at in range(0, len(data), step)]  # fmt: skip
    return b"".join([*pieces, packer.flush()])


PACKERS = {
    **{f"zlib-{level}": deflated(level) for level in range(10)},
    "huffman": deflated(6, zlib.Z_HUFFMAN_ONLY),
    "rle": deflated(6, zlib.Z_RLE),
    "fixed": deflated(6, zlib.Z_FIXED),
    "filtered": deflated(6, zlib.Z_FILTERED),
    "window-9": deflated(6, window=25),
    "members": members,
    "two-members": two_members,
    "seekable": seekable,
    "sync-flushed": sync_flushed,
}


def packed(content, packer):
    data = CONTENTS[content]()
    header = bytes([0, 0, 8, data.ndim]) + b"".join(n.to_bytes(4) for n in data.shape)
    return PACKERS[packer](header + data.tobytes()), data


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("content", [name for name in CONTENTS if name != "many_images"])
def test_equal(content, packer):
    file, data = packed(content, packer)
    for threads in (2, 3, 8):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
    out = np.empty_like(data)
    assert idxfast.loads(file, out=out, threads=2) is out
    assert np.array_equal(out, data)


def test_segments_are_appended(appended):
    file, data = packed("many_images", "zlib-6")
    for threads in range(2, 9):
        appended.clear()
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
        assert sum(appended) > data.nbytes / 5


def test_windows_that_no_segment_knows(appended):
    """As good as every match of a segment leads to bytes before it, and so on to the first."""
    file, data = packed("unresolved", "zlib-6")
    assert np.array_equal(idxfast.loads(file, threads=4), data)
    assert sum(appended) > data.nbytes / 5


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("content", ["many_images", "images_after_noise", "images_before_noise"])
def test_no_memory_is_written_by_two(content, threads, monkeypatch, around_decoders):
    """What one thread reads or decodes to is nothing that another one uses meanwhile."""
    random = np.random.default_rng(threads)
    lock = threading.Lock()
    in_use: list[tuple[int, int, bool]] = []
    clashes = []

    @contextlib.contextmanager
    def using(read, written):
        uses = [(address(buffer), address(buffer) + len(buffer)) for buffer in (read, written)]
        uses = [(*uses[0], False), (*uses[1], True)]
        with lock:
            for start, stop, writes in uses:
                for other_start, other_stop, other_writes in in_use:
                    overlap = max(start, other_start) < min(stop, other_stop)
                    if overlap and (writes or other_writes):
                        clashes.append((uses, in_use[:]))
            in_use.extend(uses)
            pause = random.random() / 500
        time.sleep(pause)
        try:
            yield
        finally:
            with lock:
                for use in uses:
                    in_use.remove(use)

    def read_into(self, buffer, offset):
        with using(file, np.frombuffer(buffer, np.uint8)):
            return original(self, buffer, offset)

    file, data = packed(content, "zlib-6")
    file = np.frombuffer(file, np.uint8)
    original = MemorySource.read_into
    monkeypatch.setattr(MemorySource, "read_into", read_into)
    around_decoders(using)
    assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert not clashes
    assert not in_use


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("room", ["LITERALS", "MATCHES"])
@pytest.mark.parametrize("size", [0, 1, 100, 3_000, 20_000])
def test_segments_that_end_early(room, size, appended, monkeypatch):
    """In the middle of a block; the leader goes on from there."""
    monkeypatch.setattr(segments, room, size)
    for content, packer in (("images", "zlib-6"), ("images_after_noise", "zlib-1")):
        file, data = packed(content, packer)
        for threads in (2, 3):
            assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert any(appended) or size == 0


TOOLS = {
    "pigz": ["pigz", "-c"],
    "pigz-11": ["pigz", "-11", "-c"],
    "bgzip": ["bgzip", "-c"],
    "gzip-1": ["gzip", "-1", "-c"],
    "gzip-9": ["gzip", "-9", "-c"],
    "7z": ["7z", "a", "-tgzip", "-si", "-so", "x"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_files_of_other_programs(tool):
    if shutil.which(TOOLS[tool][0]) is None:
        pytest.skip(f"{TOOLS[tool][0]} is not installed")
    data = images(1000)
    content = b"\0\0\x08\x03" + b"".join(n.to_bytes(4) for n in data.shape) + data.tobytes()
    file = subprocess.run(TOOLS[tool], input=content, capture_output=True, check=True).stdout
    for threads in (1, 2, 5):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)


@pytest.mark.parametrize(
    ("module", "levels"),
    [("deflate", range(1, 13)), ("isal.igzip", range(4)), ("zopfli.gzip", [0])],
)
def test_files_of_other_libraries(module, levels):
    library = pytest.importorskip(module)
    data = images(300 if module == "zopfli.gzip" else 1000)
    content = b"\0\0\x08\x03" + b"".join(n.to_bytes(4) for n in data.shape) + data.tobytes()
    for level in levels:
        if module == "deflate":
            file = library.gzip_compress(content, level)
        else:
            file = library.compress(content, *([level] if level else []))
        for threads in (1, 2, 5):
            assert np.array_equal(idxfast.loads(bytes(file), threads=threads), data)


@pytest.mark.parametrize("path", sorted(REAL.glob("*/*.gz")), ids=lambda path: path.name)
def test_real_files(path):
    expected = gzip.decompress(path.read_bytes())
    for threads in range(1, 9):
        array = idxfast.load(path, threads=threads)
        assert array.tobytes() == expected[4 + 4 * expected[3] :]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("content", ["images", "letters"])
def test_false_starts_cost_time_alone(content, monkeypatch):
    file, data = packed(content, "zlib-6")
    find = segments.find_block
    calls = []

    def find_block(buffer, start, stop):
        calls.append(start)
        found = find(buffer, start, stop)
        return found - 77 if found > start + 100 and len(calls) % 3 else found

    monkeypatch.setattr(segments, "find_block", find_block)
    for threads in (1, 2, 4):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert len(calls) > 5


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("packer", ["zlib-6", "zlib-0", "fixed", "two-members"])
def test_starts_at_any_bit(packer, monkeypatch):
    """Whatever is taken for the start of a block."""
    file, data = packed("images", packer)
    dice, lock = np.random.default_rng(7), threading.Lock()

    def find_block(buffer, start, stop):
        with lock:
            return start + int(dice.integers(0, 40_000)) if stop - start > 50_000 else -1

    monkeypatch.setattr(segments, "find_block", find_block)
    for threads in (2, 3, 8):
        for _ in range(4):
            assert np.array_equal(idxfast.loads(file, threads=threads), data)


def outcome(file, threads):
    try:
        return idxfast.loads(file, threads=threads).tobytes()
    except idxfast.IdxError as error:
        return type(error), str(error), vars(error)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "packer", ["zlib-6", "zlib-0", "zlib-1", "members", "two-members", "seekable", "sync-flushed"]
)
def test_the_same_error(packer):
    file, _ = packed("images", packer)
    damages = []
    for at in np.linspace(20, len(file) - 1, 12).astype(int):
        damaged = bytearray(file)
        damaged[at] ^= 0x21
        damages += [bytes(damaged), file[:at]]
    damages += [file + b"x", file + file, file[:-8] + bytes(8)]
    for damaged in damages:
        expected = outcome(damaged, 1)
        for threads in (2, 3, 8):
            assert outcome(damaged, threads) == expected


def test_raw_files(tmp_path, oracle):
    for code, shape in [(8, (1_000_003,)), (0x0C, (250_001, 3)), (0x0E, (7, 13_003))]:
        content = oracle.pack(code, shape)
        path = tmp_path / "raw"
        path.write_bytes(content)
        for threads in (1, 2, 8):
            oracle.check(idxfast.load(path, threads=threads), content)
            calls = []
            progress = lambda *call, calls=calls: calls.append(call)  # noqa: E731
            idxfast.load(path, threads=threads, progress=progress)
            assert calls == sorted(calls)
            assert calls[-1] == (len(content), len(content))


def test_a_raw_file_that_shrinks(tmp_path, monkeypatch):
    path = tmp_path / "raw"
    path.write_bytes(b"\0\0\x08\x01" + (1_000_000).to_bytes(4) + bytes(1_000_000))
    read = idxfast.storage.source.FileSource.read_into

    def read_into(self, buffer, offset):
        os.truncate(path, 500_000)
        return read(self, buffer, offset)

    monkeypatch.setattr(idxfast.storage.source.FileSource, "read_into", read_into)
    for threads in (1, 3):
        with open(path, "r+b") as file:
            file.truncate(1_000_008)
        with pytest.raises(idxfast.TruncatedError) as error:
            idxfast.load(path, threads=threads)
        assert error.value.found == 500_000


def test_saving(tmp_path):
    data = images(2000)
    files = []
    for threads in (1, 2, 3, 8):
        path = tmp_path / f"{threads}.gz"
        idxfast.save(path, data, seekable=True, threads=threads)
        files.append(path.read_bytes())
        assert gzip.decompress(files[-1])[16:] == data.tobytes()
    assert len(set(files)) == 1
    for tool in (["gzip", "-t"], ["bgzip", "-t"]):
        if shutil.which(tool[0]):
            subprocess.run([*tool, path], check=True)
    with pytest.raises(ValueError, match="compresslevel"):
        idxfast.save(path, data, seekable=True, compresslevel=13, threads=4)
    assert path.read_bytes() == files[-1]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("packer", ["zlib-6", "seekable", "fixed"])
def test_progress(packer):
    file, data = packed("images", packer)
    for threads in (1, 2, 4):
        calls = []

        def progress(done, total, calls=calls):
            calls.append((done, total, threading.get_ident()))

        idxfast.load(file, threads=threads, progress=progress)
        done = [call[0] for call in calls]
        assert done == sorted(done)
        assert done[-1] == data.nbytes + 16
        assert {call[1:] for call in calls} == {(data.nbytes + 16, threading.get_ident())}


@pytest.mark.parametrize("packer", ["zlib-6", "seekable"])
def test_an_error_of_progress_ends_all_threads(packer, no_thread_is_left):
    file, _ = packed("images", packer)

    def progress(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        idxfast.load(file, threads=4, progress=progress)
    no_thread_is_left()


@pytest.mark.parametrize("error", [OSError, MemoryError])
@pytest.mark.parametrize("after", [0, 1])
def test_a_segment_that_cannot_be_read_is_left_to_the_leader(error, after, monkeypatch, appended):
    has_failed, here = threading.Event(), threading.local()
    decode, fill = segments.Segment.decode, feed.Feed.fill

    def decode_and_fail(self, is_wanted):
        here.left = after
        try:
            decode(self, is_wanted)
        finally:
            del here.left

    def failing(self, wanted):
        if hasattr(here, "left"):
            here.left -= 1
            if here.left < 0:
                has_failed.set()
                raise error(5, "Input/output error")
        fill(self, wanted)

    monkeypatch.setattr(segments.Segment, "decode", decode_and_fail)
    monkeypatch.setattr(feed.Feed, "fill", failing)
    file, data = packed("many_images", "zlib-6")
    assert np.array_equal(idxfast.loads(file, threads=3), data)
    assert has_failed.is_set()
    assert after or not any(appended)


def test_another_error_in_a_segment_passes(monkeypatch, no_thread_is_left):
    """Whoever waits for the segment does not wait for ever."""

    def fail(*_):
        time.sleep(0.1)
        raise RuntimeError("a mistake")

    monkeypatch.setattr(segments, "find_block", fail)
    file, _ = packed("many_images", "zlib-6")
    for threads in (2, 3):
        with pytest.raises(RuntimeError, match="a mistake"):
            idxfast.loads(file, threads=threads)
        no_thread_is_left()


@pytest.mark.parametrize("threads", [2, 4])
def test_an_error_of_progress_ends_the_decoding(threads, monkeypatch, around_decoders):
    """Each thread ends the piece that it is at, or the next, and then the error is passed on."""
    ended, at_error = [], []

    @contextlib.contextmanager
    def slow(*arguments):
        time.sleep(0.01)
        ended.append(arguments)
        yield

    def progress(done, total):
        at_error.append(len(ended))
        raise RuntimeError("enough")

    around_decoders(slow)
    monkeypatch.setattr(pool, "PATIENCE", 0.01)
    file, _ = packed("many_images", "zlib-6")
    with pytest.raises(RuntimeError, match="enough"):
        idxfast.load(file, threads=threads, progress=progress)
    after = len(ended)
    assert after <= at_error[0] + 3 * threads
    time.sleep(0.05)
    assert len(ended) == after


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_an_interrupt_ends_all_threads(threads, no_thread_is_left):
    file, _ = packed("letters", "zlib-6")
    interrupted = 0
    for delay in np.linspace(0.0005, 0.02, 30):
        old = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            idxfast.loads(file, threads=threads)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            signal.signal(signal.SIGALRM, old)
        no_thread_is_left()
    assert interrupted


def test_no_more_threads_to_be_had(monkeypatch):
    file, data = packed("images", "zlib-6")
    blocks, _ = packed("images", "seekable")
    start = _thread.start_new_thread
    for allowed in (0, 1):
        left = [allowed]

        def limited(*args, left=left):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
            return start(*args)

        for content in (file, blocks):
            left[0] = allowed
            with monkeypatch.context() as patch:
                patch.setattr(thread, "start_new_thread", limited)
                assert np.array_equal(idxfast.loads(content, threads=4), data)


@pytest.mark.parametrize("allowed", range(4))
def test_no_memory_for_symbols(allowed, monkeypatch):
    """The segments that there is memory for are decoded ahead; the leader needs none."""
    file, data = packed("images", "zlib-6")
    symbols, made = segments.Symbols, []

    def limited(*arguments):
        made.append(arguments)
        if len(made) > allowed:
            raise MemoryError
        return symbols(*arguments)

    monkeypatch.setattr(segments, "Symbols", limited)
    for threads in (2, 3, 8):
        made.clear()
        assert np.array_equal(idxfast.loads(file, threads=threads), data)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_symbols_are_used_again(threads, monkeypatch, appended):
    """However long a file, there are as many as segments may be begun, and no more."""
    symbols, made = segments.Symbols, []

    def spy(*arguments):
        made.append(arguments)
        return symbols(*arguments)

    monkeypatch.setattr(segments, "Symbols", spy)
    file, data = packed("many_images", "zlib-6")
    assert len(file) > 50 * pool.MIN_STEP
    assert np.array_equal(idxfast.loads(file, threads=threads), data)
    assert len(appended) > len(made)
    assert set(made) == {(segments.LITERALS, segments.MATCHES)}
    assert len(made) <= threads


def test_many_callers_at_once():
    file, data = packed("images", "zlib-6")
    barrier = threading.Barrier(8)

    def load(index):
        barrier.wait()
        return np.array_equal(idxfast.loads(file, threads=1 + index % 4), data)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert all(pool.map(load, range(8)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_after_a_fork(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(packed("images", "zlib-6")[0])
    code = (
        "import os, sys, idxfast\n"
        "from idxfast.gzip import pool, stream\n"
        "stream.MIN_SIZE = 1; pool.MAX_STEP = 65536\n"
        "first = idxfast.load(sys.argv[1], threads=3)\n"
        "for _ in range(20):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        os._exit(int((idxfast.load(sys.argv[1], threads=3) != first).any()))\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code, path], check=True, timeout=60)


def test_a_large_member_is_encoded_aside(monkeypatch, tmp_path):
    calls = []
    encode = writer.encode

    def spy(data, level):
        calls.append((len(data), threading.get_ident()))
        return encode(data, level)

    monkeypatch.setattr(writer, "encode", spy)
    for size, is_here in ((1000, True), (writer.PIECE_SIZE, False)):
        array = np.arange(size, dtype=np.uint8)
        idxfast.save(tmp_path / "file.gz", array, compresslevel=1)
        assert np.array_equal(idxfast.load(tmp_path / "file.gz"), array)
        length, ident = calls[-1]
        assert length == size + 8
        assert (ident == threading.get_ident()) == is_here
