"""Every kind of thing that a file can be passed as, good and bad."""

import errno
import gzip
import io
import mmap
import os
import random
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.objects import Reads, ReadsInto, from_middle
from idxfast.storage.inputs import open_source


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

    def interrupted(descriptor):
        opened.append(descriptor)
        raise KeyboardInterrupt

    (tmp_path / "file").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_source(tmp_path / "file")
    with pytest.raises(OSError) as caught:
        os.fstat(opened[0])
    assert caught.value.errno == errno.EBADF


def test_where_the_system_has_no_calls_of_its_own(content, packed, oracle, tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.storage.inputs.files", SimpleNamespace(AVAILABLE=False))
    path = tmp_path / "file"
    path.write_bytes(packed(content))
    oracle.check(idxfast.load(path), content)


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


@pytest.mark.skipif(os.name == "nt", reason="no name has colons there")
def test_a_path_that_looks_like_a_url(content, oracle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:").mkdir()
    (tmp_path / "1:").mkdir()
    for path in (f"{tmp_path}/a://file", "1://file", "./a://file"):
        with open(path, "wb") as file:
            file.write(content)
        oracle.check(idxfast.load(path), content)


def test_text_file(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    # If the file were read, decoding it as ASCII would fail.
    for encoding in ("latin-1", "ascii"):
        with path.open(encoding=encoding) as file, pytest.raises(TypeError, match="binary mode"):
            idxfast.load(file)
    with pytest.raises(TypeError, match="binary mode"):
        idxfast.load(io.StringIO("text"))


@pytest.mark.parametrize("wrong", [None, 1.5, ["file"], object()])
def test_wrong_source(wrong):
    with pytest.raises(TypeError, match="nor a binary file"):
        idxfast.load(wrong)
