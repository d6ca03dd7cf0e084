"""load, loads and read_header: the same array from whatever holds the file."""

import gzip
import hashlib
import io
import mmap
import os
import random
import re
import struct
import threading
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import idxfast
from idxfast import FormatError, SizeError, TrailingDataError, TruncatedError

DATA = Path(__file__).parents[2] / "shared" / "data"
CODES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]
SHAPES = [
    (),
    (0,),
    (1,),
    (13,),
    (3, 5),
    (4, 0),
    (0, 2**31, 4),
    (2, 3, 4),
    (7, 28, 28),
    (2, 1, 3, 2),
    (2, 3, 1, 2, 5),
    (1, 2, 0, 3, 4),
]


@pytest.fixture(params=["raw", "gzip"])
def packed(request):
    return gzip.compress if request.param == "gzip" else bytes


@pytest.fixture(scope="module")
def big():
    """Eight million elements of four random bits."""
    values = np.random.default_rng(1).integers(0, 16, 8_000_000, np.uint8)
    return values.tobytes()


@pytest.fixture(scope="module")
def content(oracle):
    return oracle.pack(0x0B, (30, 20))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_types_and_shapes(code, shape, packed, oracle, tmp_path):
    data = packed(oracle.pack(code, shape))
    path = tmp_path / "file"
    path.write_bytes(data)
    for array in (idxfast.loads(data), idxfast.load(path)):
        oracle.check(array, data)
        assert not array.size or array.ctypes.data % 64 == 0
    out = np.empty(shape, array.dtype)
    assert idxfast.load(path, out=out) is out
    oracle.check(out, data)
    header = idxfast.read_header(path)
    assert header.shape == shape
    assert header.dtype == array.dtype.newbyteorder(">")


@pytest.mark.parametrize("ndim", [6, 31, 32])
def test_many_dimensions(ndim, packed, oracle):
    data = packed(oracle.pack(0x0C, (1,) * (ndim - 1) + (3,)))
    oracle.check(idxfast.loads(data), data)


def test_special_floats(packed, oracle):
    patterns = ["7fc00001", "7f800001", "ffc12345", "80000000", "00000001", "ff800000"]
    data = packed(oracle.pack(0x0D, (6,), bytes.fromhex("".join(patterns))))
    oracle.check(idxfast.loads(data), data)


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


def opened(path, start):
    file = path.open("rb")
    file.seek(start)
    return file


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
    "gzip.open": lambda data, path: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data))),
    "BufferedReader-of-other": lambda data, path: io.BufferedReader(io.BytesIO(data)),
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources(source, content, packed, oracle, tmp_path):
    data = packed(content)
    path = tmp_path / "file ünï"
    path.write_bytes(data)
    made = SOURCES[source]
    oracle.check(idxfast.load(made(data, path)), data)
    out = np.zeros((30, 20), np.int16)
    assert idxfast.load(made(data, path), out=out) is out
    oracle.check(out, data)
    assert idxfast.read_header(made(data, path)) == (np.dtype(">i2"), (30, 20))


@pytest.mark.parametrize("kind", [bytearray, memoryview, strided, np.frombuffer])
def test_loads_is_no_view(kind, content, oracle):
    data = kind(content, np.uint8) if kind is np.frombuffer else kind(content)
    array = idxfast.loads(data)
    oracle.check(array, content)
    if kind is bytearray:
        data[:] = bytes(len(data))
        oracle.check(array, content)


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


@pytest.mark.parametrize(
    ("result", "error"),
    [(None, BlockingIOError), ("text", TypeError), (b"x" * 2000, (OSError, ValueError))],
    ids=["none", "str", "too-many"],
)
@pytest.mark.parametrize("after", [0, 4, 40])
def test_wrong_read(result, error, after, content):
    class Wrong(Reads):
        def read(self, size):
            at = self.file.tell()
            return self.file.read(min(size, after - at)) if at < after else result

    with pytest.raises(error):
        idxfast.load(Wrong(content, None))


def test_error_of_read_passes():
    class Broken:
        def read(self, size):
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        idxfast.load(Broken())


def test_text_file(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open(encoding="latin-1") as file, pytest.raises(TypeError, match="binary"):
        idxfast.load(file)
    with pytest.raises(TypeError, match="binary"):
        idxfast.load(io.StringIO("text"))


@pytest.mark.parametrize("wrong", [None, 1.5, ["file"], object()])
def test_wrong_source(wrong):
    with pytest.raises(TypeError):
        idxfast.load(wrong)


@pytest.mark.parametrize("call", [idxfast.load, idxfast.read_header])
def test_os_errors(call, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        call(tmp_path / "missing")
    assert caught.value.filename == str(tmp_path / "missing")
    with pytest.raises(IsADirectoryError) as caught:
        call(tmp_path)
    assert caught.value.filename == str(tmp_path)


@pytest.mark.parametrize(
    "out",
    [
        np.empty((20, 30), np.int16),
        np.empty(600, np.int16),
        np.empty((30, 20), np.uint16),
        np.empty((30, 20), np.int32),
        np.empty((30, 20), np.dtype("i2").newbyteorder()),
    ],
    ids=["shape", "ndim", "sign", "size", "order"],
)
def test_wrong_out(out, content, packed):
    with pytest.raises(SizeError):
        idxfast.loads(packed(content), out=out)


def test_useless_out(content, packed):
    out = np.zeros((30, 20), np.int16)
    out.flags.writeable = False
    for useless in (out, np.empty((20, 30), np.int16).T, np.empty((30, 40), np.int16)[:, ::2]):
        with pytest.raises(ValueError):
            idxfast.loads(packed(content), out=useless)
    assert not out.any()
    with pytest.raises(TypeError):
        idxfast.loads(packed(content), out=bytearray(1200))


def test_unaligned_out(content, packed, oracle):
    memory = np.zeros(1203, np.uint8)
    out = memory[1:1201].view(np.int16).reshape(30, 20)
    idxfast.loads(packed(content), out=out)
    oracle.check(out, content)
    assert not memory[[0, 1201, 1202]].any()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_mmap(code, mode, oracle, tmp_path):
    path = tmp_path / "file"
    data = oracle.pack(code, (3, 4))
    path.write_bytes(data)
    array = idxfast.load(path, mmap_mode=mode)
    assert array.shape == (3, 4)
    assert array.dtype == np.dtype(oracle.types[code][0]).newbyteorder(">")
    assert isinstance(array.base, mmap.mmap)
    assert array.flags.writeable == (mode != "r")
    assert array.tobytes() == data[12:]
    if mode == "r":
        with pytest.raises(ValueError):
            array[0, 0] = 1
    else:
        array[0, 0] = 0
        array.base.flush() if mode == "r+" else None
        changed = data[:12] + bytes(array.itemsize) + data[12 + array.itemsize :]
        assert path.read_bytes() == (changed if mode == "r+" else data)


def test_mmap_of_open_file(oracle, tmp_path):
    path = tmp_path / "file"
    data = oracle.pack(0x0B, (5,))
    path.write_bytes(b"abc" + data)
    with opened(path, 3) as file:
        array = idxfast.load(file, mmap_mode="r")
    assert array.tobytes() == data[8:]


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_mmap_of_nothing(shape, oracle, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(oracle.pack(0x0B, shape))
    assert idxfast.load(path, mmap_mode="r").shape == shape


def test_unmappable(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(FormatError, match="mapped"):
        idxfast.load(path, mmap_mode="r")
    reading, writing = os.pipe()
    with open(writing, "wb") as file:
        file.write(content)
    with open(reading, "rb") as file, pytest.raises(FormatError, match="mapped"):
        idxfast.load(file, mmap_mode="r")
    path.write_bytes(content[:-1])
    with pytest.raises(TruncatedError):
        idxfast.load(path, mmap_mode="r")
    path.write_bytes(content + b"x")
    with pytest.raises(TrailingDataError):
        idxfast.load(path, mmap_mode="r")
    with pytest.raises(ValueError):
        idxfast.load(path, mmap_mode="w")
    with pytest.raises(ValueError):
        idxfast.load(path, mmap_mode="r", out=np.empty((30, 20), np.int16))


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


@pytest.mark.parametrize("packer", PACKERS)
def test_big_gzip(packer, big, oracle, tmp_path):
    content = oracle.pack(0x08, (8000, 1000), big)
    data = PACKERS[packer](content)
    oracle.check(idxfast.loads(data), content)
    path = tmp_path / "file.gz"
    path.write_bytes(data)
    out = np.empty((8000, 1000), np.uint8)
    assert idxfast.load(path, out=out) is out
    oracle.check(out, content)


@pytest.mark.parametrize("code", [0x0B, 0x0C, 0x0E])
@pytest.mark.parametrize("own", [True, False], ids=["out", "new"])
def test_big_wide_gzip(code, own, big, oracle):
    itemsize = oracle.types[code][1]
    content = oracle.pack(code, (len(big) // itemsize,), big)
    array = idxfast.loads(compress(content, 1))
    out = np.empty_like(array) if own else None
    oracle.check(idxfast.loads(compress(content, 6), out=out), content)
    oracle.check(array, content)


@pytest.mark.parametrize("shift", [1, 5, 8, 4000])
def test_false_cuts(shift, big, oracle, monkeypatch):
    content = oracle.pack(0x08, (8_000_000,), big)
    data = compress(content, 1)
    calls = []

    def find_block(buffer, start, stop):
        calls.append(start)
        return start + shift if start + shift + 64 < stop else -1

    monkeypatch.setattr("idxfast.gzip.segments.find_block", find_block)
    out = np.empty(8_000_000, np.uint8)
    oracle.check(idxfast.loads(data), content)
    oracle.check(idxfast.loads(data, out=out), content)
    assert calls


def test_damage_behind_cuts(big, oracle):
    data = bytearray(compress(oracle.pack(0x08, (8_000_000,), big), 1))
    for at in (len(data) // 2, len(data) - 6):
        damaged = data.copy()
        damaged[at] ^= 0x10
        with pytest.raises(idxfast.GzipError):
            idxfast.loads(damaged)
    for size in (1 << 20, len(data) // 2, len(data) - 1):
        with pytest.raises(TruncatedError):
            idxfast.loads(data[:size])


@pytest.mark.parametrize("packer", [bytes, lambda data: compress(data, 1)], ids=["raw", "gzip"])
def test_progress(packer, big, oracle, tmp_path):
    content = oracle.pack(0x08, (8_000_000,), big)
    path = tmp_path / "file"
    path.write_bytes(packer(content))
    calls = []
    array = idxfast.load(path, threads=1, progress=lambda done, total: calls.append((done, total)))
    oracle.check(array, content)
    done = [count for count, _ in calls]
    assert len(done) > 1
    assert done == sorted(done)
    assert calls[-1] == (len(content), len(content))
    assert {total for _, total in calls} == {len(content)}


def test_error_of_progress_passes(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)

    def stop(done, total):
        raise KeyError("stop")

    with pytest.raises(KeyError):
        idxfast.load(path, progress=stop)


def test_threads(content, oracle):
    oracle.check(idxfast.loads(content, threads=3), content)
    for wrong in (0, -1):
        with pytest.raises(ValueError):
            idxfast.loads(content, threads=wrong)


def test_read_header_needs_no_payload(packed):
    data = packed(struct.pack(">HBB2I", 0, 0x0D, 2, 1 << 20, 1 << 10))
    header = idxfast.read_header(data)
    assert header.shape == (1 << 20, 1 << 10)
    assert header.dtype == np.dtype(">f4")
    assert header.offset == 12
    assert header.nbytes == 1 << 32


def published():
    if not (DATA / "README.md").exists():
        return []
    row = re.compile(r"^\| (\S+\.gz) \| \w+ \| ([0-9a-f]{64}) \|", re.M)
    return row.findall((DATA / "README.md").read_text())


@pytest.mark.skipif(not published(), reason="the real files are not here")
def test_real_files(oracle):
    for name, digest in published():
        array = idxfast.load(DATA / name)
        code = struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape)
        assert array.dtype == np.uint8
        assert hashlib.sha256(code + array.tobytes()).hexdigest() == digest, name
