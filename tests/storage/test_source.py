"""Every kind of thing a file can be passed as, good and bad."""

import gzip
import io
import mmap
import os
import random
import runpy
import sys
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from idxfast.storage import pread
from idxfast.storage.opening import open_source


@pytest.fixture(scope="module")
def content(oracle):
    return oracle.pack(0x0B, (30, 20))


class Reads:
    """An object with read alone, which returns as many bytes as it likes."""

    def __init__(self, data, sizes):
        self.file = io.BytesIO(data)
        self.sizes = sizes

    def read(self, size):
        return self.file.read(min(size, self.sizes()))


class ReadsInto(Reads):
    def readinto(self, buffer):
        return self.file.readinto(memoryview(buffer)[: self.sizes()])


def from_middle(data, start):
    file = io.BytesIO(data)
    file.seek(start)
    return file


def strided(data):
    return memoryview(b"".join(bytes([byte, 0]) for byte in data))[::2]


def mapped(path):
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


SOURCES = {
    "str": lambda data, path: str(path),
    "path": lambda data, path: path,
    "bytes": lambda data, path: data,
    "bytearray": lambda data, path: bytearray(data),
    "memoryview": lambda data, path: memoryview(data),
    "strided": lambda data, path: strided(data),
    "array": lambda data, path: np.frombuffer(data, np.uint8),
    "mmap": lambda data, path: mapped(path),
    "BytesIO": lambda data, path: io.BytesIO(data),
    "BytesIO-middle": lambda data, path: from_middle(b"abcde" + data, 5),
    "1-byte-reads": lambda data, path: Reads(data, lambda: 1),
    "random-reads": lambda data, path: Reads(data, partial(random.Random(2).randint, 1, 50)),
    "1-byte-readinto": lambda data, path: ReadsInto(data, lambda: 1),
    "GzipFile": lambda data, path: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data))),
    "BufferedReader-of-other": lambda data, path: io.BufferedReader(io.BytesIO(data)),
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources(source, content, packed, oracle, tmp_path):
    data = packed(content)
    path = tmp_path / "file ünï ☃"
    path.write_bytes(data)
    made = SOURCES[source]
    oracle.check(idxfast.load(made(data, path)), data)
    out = np.zeros((30, 20), np.int16)
    assert idxfast.load(made(data, path), out=out) is out
    oracle.check(out, data)
    assert idxfast.read_header(made(data, path)) == (np.dtype(">i2"), (30, 20))


@pytest.mark.parametrize("name", [b"file", b"white space", b"caf\xe9", "\U0001f600".encode()])
def test_names(name, content, packed, oracle, tmp_path):
    class Path:
        def __fspath__(self):
            return os.path.join(os.fsencode(tmp_path), name)

    try:
        with open(Path(), "wb") as file:
            file.write(packed(content))
    except OSError:
        pytest.skip("the file system here does not take this name")
    oracle.check(idxfast.load(Path()), content)
    oracle.check(idxfast.load(os.fsdecode(Path())), content)
    with open(Path(), "rb") as file:
        oracle.check(idxfast.load(file), content)


@pytest.mark.parametrize("buffering", [0, -1])
def test_open_file_from_middle(buffering, content, packed, oracle, tmp_path):
    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(b"before" + data)
    with path.open("rb", buffering=buffering) as file:
        assert file.read(6) == b"before"
        assert idxfast.read_header(file).shape == (30, 20)
        assert file.tell() == 6
        oracle.check(idxfast.load(file), data)
        assert not file.closed
        assert file.read() == b""


def test_what_was_written_to_an_open_file_is_read(content, oracle, tmp_path):
    """Also what is still in its buffer: one that was read from keeps what is written into it."""
    path = tmp_path / "file"
    path.write_bytes(content)
    changed = content[:20] + bytes(byte ^ 0xFF for byte in content[20:30]) + content[30:]
    with path.open("r+b") as file:
        file.read(1)
        file.seek(20)
        file.write(changed[20:30])
        file.seek(0)
        oracle.check(idxfast.load(file), changed)


@pytest.mark.parametrize("base", [io.FileIO, io.BufferedReader])
def test_a_file_with_a_read_of_its_own_is_read_by_it(base, content, packed, oracle, tmp_path):
    class Inverted(base):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            buffer[:count] = bytes(byte ^ 0xFF for byte in buffer[:count])
            return count

    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(bytes(byte ^ 0xFF for byte in data))
    with Inverted(path if base is io.FileIO else io.FileIO(path)) as file:
        oracle.check(idxfast.load(file), data)


def test_an_open_file_that_stands_behind_its_end(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        file.seek(len(content) + 1)
        with open_source(file) as source:
            assert source.size == 0
        with pytest.raises(idxfast.TruncatedError, match="empty"):
            idxfast.load(file)


def test_a_file_that_load_opened_is_not_moved(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    with open_source(path) as source:
        source.consume()
        assert source._file.tell() == 0
    with path.open("rb", buffering=0) as file, open_source(file) as source:
        source.consume()
        assert file.tell() == 100


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_a_source_is_read_by_position(kind, tmp_path):
    """A file that grows meanwhile ends where it ended."""
    content = bytes(range(9))
    path = tmp_path / "file"
    path.write_bytes(content)
    with open_source(path if kind == "file" else content) as source:
        with path.open("ab") as file:
            file.write(b"more")
        for offset in range(9):
            for count in (1, 9, 100):
                assert source.read(offset, count) == content[offset : offset + count]
        buffer = bytearray(4)
        assert source.read_into(memoryview(buffer), 2) == 4
        assert buffer == content[2:6]
        if kind == "file":
            mapping, start = source.map(mmap.ACCESS_READ)
            with mapping:
                assert (start, mapping[:]) == (0, content)


def test_a_file_is_read_in_pieces_that_a_system_can(monkeypatch, tmp_path):
    read, read_into, sizes = pread._read, pread._read_into, []

    def spy_read(descriptor, count, position):
        sizes.append(count)
        return read(descriptor, count, position)

    def spy_read_into(descriptor, buffer, position):
        sizes.append(len(buffer))
        return read_into(descriptor, buffer, position)

    monkeypatch.setattr(pread, "MAX_READ", 3)
    monkeypatch.setattr(pread, "_read", spy_read)
    monkeypatch.setattr(pread, "_read_into", spy_read_into)
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with open_source(path) as source:
        assert source.read(1, 8) == b"12345678"
        buffer = bytearray(8)
        assert source.read_into(memoryview(buffer), 1) == 8
        assert buffer == b"12345678"
    assert sizes == [3, 3, 2] * 2


def test_a_system_that_cannot_read_by_position(monkeypatch, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "preadv")
    room = runpy.run_path(pread.__file__)
    with path.open("rb", buffering=0) as file:
        assert room["read_at"](file.fileno(), 20, 1) == b"123456789"
        buffer = bytearray(8)
        assert room["read_at_into"](file.fileno(), memoryview(buffer), 3) == 7
        assert buffer == b"3456789\0"


def test_an_error_does_not_hold_the_bytesio():
    file = io.BytesIO(b"not IDX")
    with pytest.raises(idxfast.FormatError):
        idxfast.load(file)
    file.write(b"more than there was")


def test_no_more_is_read_at_once_than_a_system_can(content, packed, oracle, monkeypatch):
    """What the object does with it, and whether at 2 GB it fails, is not known."""
    monkeypatch.setattr("idxfast.storage.source.MAX_READ", 100)
    sizes = []

    class Asked(ReadsInto):
        def readinto(self, buffer):
            sizes.append(len(buffer))
            return self.file.readinto(buffer)

    oracle.check(idxfast.load(Asked(packed(content), None)), content)
    assert max(sizes) == 100


def test_bytesio_is_consumed(content, packed):
    file = from_middle(b"xy" + packed(content), 2)
    idxfast.load(file)
    assert file.read() == b""
    file.write(b"still writable")


def test_unflushed_file(content, oracle, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(len(content)))
    with path.open("r+b") as file:
        # With a buffer that was read, going back inside it does not flush.
        file.read(1)
        file.seek(0)
        file.write(content)
        file.seek(0)
        oracle.check(idxfast.load(file), content)


def test_a_file_that_reads_in_its_own_way(content, packed, oracle, tmp_path):
    class Inverted(io.FileIO):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            buffer[:] = bytes(byte ^ 0xFF for byte in buffer)
            return count

    path = tmp_path / "file"
    path.write_bytes(bytes(byte ^ 0xFF for byte in packed(content)))
    with Inverted(path) as file:
        oracle.check(idxfast.load(file), content)


def test_an_object_with_readinto_alone(content, packed, oracle):
    class File:
        readinto = io.BytesIO(packed(content)).readinto

    oracle.check(idxfast.load(File()), content)


def test_the_header_leaves_a_bytesio_where_it_stands(content, packed):
    file = from_middle(b"xy" + packed(content), 2)
    assert idxfast.read_header(file).shape == (30, 20)
    assert file.tell() == 2


@pytest.mark.parametrize("call", [idxfast.load, idxfast.read_header])
def test_no_more_is_read_of_what_is_not_idx(call):
    """Of a pipe no more may come."""
    stream = Reads(b"<htm" + bytes(1000), lambda: 99)
    with pytest.raises(idxfast.FormatError, match="HTML"):
        call(stream)
    assert stream.file.tell() == 4


@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (2,), ()])
@pytest.mark.parametrize("compressed", [False, True])
def test_an_array_from_a_stream_is_aligned(shape, compressed, oracle):
    content = oracle.pack(0x0E, shape)
    data = gzip.compress(content) if compressed else content
    kept = []
    for _ in range(8):
        kept.append(idxfast.load(Reads(data, lambda: 99)))
        oracle.check(kept[-1], content)
        assert kept[-1].ctypes.data % 64 == 0


def test_a_stream_may_keep_what_it_wrote_into(content, oracle):
    class Keeps(ReadsInto):
        kept = ()

        def readinto(self, buffer):
            self.kept += (memoryview(buffer),)
            return super().readinto(buffer)

    oracle.check(idxfast.load(Keeps(content, lambda: 99)), content)


def test_nothing_is_read_behind_the_end(content, oracle):
    """A terminal would wait for another end."""
    pieces = [gzip.compress(content), b"", b"more"]

    class Terminal:
        def read(self, size):
            piece, pieces[0] = pieces[0][:size], pieces[0][size:]
            if not pieces[0]:
                del pieces[0]
            return piece

    oracle.check(idxfast.load(Terminal()), content)


def test_a_wrong_out_for_a_stream(content):
    read_only = np.zeros((30, 20), np.int16)
    read_only.flags.writeable = False
    for out, error in (
        (np.zeros((20, 30), np.int16), idxfast.SizeError),
        (np.zeros((30, 20), np.uint16), idxfast.SizeError),
        (read_only, ValueError),
        (bytearray(1200), TypeError),
    ):
        with pytest.raises(error, match="out="):
            idxfast.load(Reads(content, lambda: 50), out=out)
        assert not np.any(out)


def test_names_of_files_in_messages():
    for name, shown in (("x", "x"), (b"x", "x"), ("", "<File>"), (7, "<File>"), (None, "<File>")):

        class File:
            read = io.BytesIO(b"no").read

        File.name = name
        with pytest.raises(idxfast.FormatError) as caught:
            idxfast.load(File())
        assert caught.value.filename == shown


def test_a_path_is_closed_whatever_happens(monkeypatch, tmp_path):
    opened = []

    def interrupted(file, *_, **__):
        opened.append(file)
        raise KeyboardInterrupt

    monkeypatch.setattr("idxfast.storage.opening._of_file", interrupted)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KeyboardInterrupt):
        open_source(tmp_path / "file")
    assert opened[0].closed


def test_where_the_system_has_no_calls_of_its_own(content, packed, oracle, tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.storage.opening.files", SimpleNamespace(AVAILABLE=False))
    path = tmp_path / "file"
    path.write_bytes(packed(content))
    oracle.check(idxfast.load(path), content)


def test_descriptor(content, packed, oracle, tmp_path):
    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(b"before" + data)
    with path.open("rb", buffering=0) as file:
        file.seek(6)
        oracle.check(idxfast.load(file.fileno()), data)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 6 + len(data)


@pytest.mark.parametrize("size", [600, 1_500_000])
@pytest.mark.parametrize("how", ["descriptor", "file"])
def test_pipe(size, how, packed, oracle):
    data = packed(oracle.pack(0x0B, (size,)))
    reading, writing = os.pipe()

    def write():
        with open(writing, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb") as file:
        array = idxfast.load(file.fileno() if how == "descriptor" else file)
    thread.join()
    oracle.check(array, data)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_named_pipe(content, packed, oracle, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = packed(content)
    thread = threading.Thread(target=path.write_bytes, args=(data,))
    thread.start()
    array = idxfast.load(path)
    thread.join()
    oracle.check(array, data)


def test_fsspec(content, packed, oracle):
    fsspec = pytest.importorskip("fsspec")
    data = packed(content)
    with fsspec.open("memory://idxfast/file", "wb") as file:
        file.write(data)
    oracle.check(idxfast.load("memory://idxfast/file"), data)


def test_a_path_that_looks_like_a_url(content, oracle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:").mkdir()
    (tmp_path / "1:").mkdir()
    for path in (f"{tmp_path}/a://file", "1://file", "./a://file"):
        with open(path, "wb") as file:
            file.write(content)
        oracle.check(idxfast.load(path), content)


def test_the_file_of_a_url_is_closed(content, packed, oracle, monkeypatch):
    file = io.BytesIO(packed(content))
    opened = SimpleNamespace(open=lambda url, mode: SimpleNamespace(open=lambda: file))
    monkeypatch.setitem(sys.modules, "fsspec", opened)
    oracle.check(idxfast.load("memory://file"), content)
    assert file.closed


def test_a_url_without_fsspec(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ImportError, match=r"^memory://file: .* pip install fsspec$"):
        idxfast.load("memory://file")


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (None, BlockingIOError, "no data to read yet"),
        ("text", TypeError, "binary mode"),
        (b"x" * 2_000_000, OSError, "asked for"),
    ],
    ids=["none", "str", "too-many"],
)
@pytest.mark.parametrize("after", [0, 4, 40])
def test_wrong_read(result, error, words, after, content, packed):
    class Wrong(Reads):
        def read(self, size):
            at = self.file.tell()
            return self.file.read(min(size, after - at)) if at < after else result

    with pytest.raises(error, match=words):
        idxfast.load(Wrong(packed(content), None))


@pytest.mark.parametrize("count", [-1, 10**6, 1 << 70], ids=["negative", "too-many", "huge"])
@pytest.mark.parametrize("after", [0, 4, 40])
def test_wrong_readinto(count, after, content, packed):
    class Wrong(Reads):
        def readinto(self, buffer):
            left = after - self.file.tell()
            return self.file.readinto(memoryview(buffer)[:left]) if left > 0 else count

    with pytest.raises(OSError, match="asked for"):
        idxfast.load(Wrong(packed(content), None), out=np.zeros((30, 20), np.int16))


@pytest.mark.parametrize("after", [0, 4, 40])
def test_error_of_read_passes(after, content, packed):
    class Broken(Reads):
        def read(self, size):
            left = after - self.file.tell()
            if left <= 0:
                raise ConnectionResetError("gone")
            return self.file.read(min(size, left))

    with pytest.raises(ConnectionResetError, match=r"^gone$"):
        idxfast.load(Broken(packed(content), None))


def test_text_file(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    # Where it is not even tried, ASCII does not fail.
    for encoding in ("latin-1", "ascii"):
        with path.open(encoding=encoding) as file, pytest.raises(TypeError, match="binary mode"):
            idxfast.load(file)
    with pytest.raises(TypeError, match="binary mode"):
        idxfast.load(io.StringIO("text"))


@pytest.mark.parametrize("wrong", [None, 1.5, ["file"], object()])
def test_wrong_source(wrong):
    with pytest.raises(TypeError, match="no binary file"):
        idxfast.load(wrong)
