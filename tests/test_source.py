"""Every kind of thing a file can be passed as, good and bad."""

import gzip
import io
import mmap
import os
import random
import sys
import threading
from functools import partial

import numpy as np
import pytest

import idxfast
from idxfast.opening import open_source


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


def test_a_file_that_load_opened_is_not_moved(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    with open_source(path) as source:
        source.consume()
        assert source._file.tell() == 0
    with path.open("rb", buffering=0) as file, open_source(file) as source:
        source.consume()
        assert file.tell() == 100


def test_bytesio_is_consumed(content, packed):
    file = from_middle(b"xy" + packed(content), 2)
    idxfast.load(file)
    assert file.read() == b""
    file.write(b"still writable")


def test_unflushed_file(content, oracle, tmp_path):
    with (tmp_path / "file").open("w+b") as file:
        file.write(content)
        file.seek(0)
        oracle.check(idxfast.load(file), content)


def test_descriptor(content, packed, oracle, tmp_path):
    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(b"before" + data)
    with path.open("rb", buffering=0) as file:
        file.seek(6)
        oracle.check(idxfast.load(file.fileno()), data)
        os.fstat(file.fileno())


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
    with path.open(encoding="latin-1") as file, pytest.raises(TypeError, match="binary mode"):
        idxfast.load(file)
    with pytest.raises(TypeError, match="binary mode"):
        idxfast.load(io.StringIO("text"))


@pytest.mark.parametrize("wrong", [None, 1.5, ["file"], object()])
def test_wrong_source(wrong):
    with pytest.raises(TypeError, match="no binary file"):
        idxfast.load(wrong)
