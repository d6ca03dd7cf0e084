"""Good files, from everywhere, against a reader that shares no code: gzip and struct."""

import gzip
import hashlib
import io
import itertools
import math
import mmap
import os
import random
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest

import idxfast
from idxfast.gzip import segments

CODES = {0x08: "B", 0x09: "b", 0x0B: "h", 0x0C: "i", 0x0D: "f", 0x0E: "d"}
SHAPES = [(), (1,), (5,), (0,), (2, 3), (0, 28, 28), (2, 3, 4), (1, 2, 3, 1, 2)]
DATA = Path(__file__).parents[2] / "shared" / "data"
SHA256 = {
    "fashion-mnist/t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "fashion-mnist/t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    "fashion-mnist/train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "fashion-mnist/train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "mnist/t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "mnist/t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    "mnist/train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "mnist/train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
}


def content(code, shape, seed=0):
    """An IDX file of random bytes."""
    count = math.prod(shape) * struct.calcsize(CODES[code])
    head = struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)
    return head + random.Random(seed).randbytes(count)


def check(array, data):
    """Compare with the data, element by element and bit by bit, through struct."""
    code, ndim = data[2], data[3]
    assert array.shape == struct.unpack_from(f">{ndim}I", data, 4)
    letter = CODES[code]
    count = math.prod(array.shape)
    values = struct.unpack_from(f">{count}{letter}", data, 4 + 4 * ndim)
    if letter in "fd":  # NaN is not equal to itself, and struct may quiet it: compare bytes
        assert array.astype(array.dtype.newbyteorder(">")).tobytes() == data[4 + 4 * ndim :]
    else:
        assert array.ravel().tolist() == list(values)
    assert array.dtype.isnative
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.ctypes.data % 64 == 0 or array.size == 0


@pytest.mark.parametrize(("code", "shape"), [*itertools.product(CODES, SHAPES)])
def test_types_and_shapes(code, shape, tmp_path):
    data = content(code, shape)
    path = tmp_path / "file"
    for packed in (data, gzip.compress(data)):
        path.write_bytes(packed)
        check(idxfast.load(path), data)
        check(idxfast.loads(packed), data)
        header = idxfast.read_header(path)
        assert header.shape == shape
        out = np.empty(shape, header.dtype.newbyteorder("="))
        assert idxfast.load(path, out=out) is out
        assert out.astype(header.dtype).tobytes() == data[4 + 4 * len(shape) :]
    path.write_bytes(data)
    for mode in ("r", "c", "r+"):
        mapped = idxfast.load(path, mmap_mode=mode)
        assert mapped.dtype == header.dtype
        assert mapped.tobytes() == data[4 + 4 * len(shape) :]


class Reader:
    """Has read() alone, and returns as many bytes as it likes."""

    def __init__(self, data, sizes):
        self.stream, self.sizes = io.BytesIO(data), sizes

    def read(self, count):
        return self.stream.read(min(count, next(self.sizes)))


def moved(file, position=3):
    file.seek(position)
    return file


@pytest.mark.parametrize("packed", [False, True])
def test_sources(packed, tmp_path):
    data = content(0x0C, (300, 7))
    raw, data = data, gzip.compress(data) if packed else data
    path = tmp_path / "naïve ☃.gz"
    path.write_bytes(b"xyz" + data)
    whole = tmp_path / "whole"
    whole.write_bytes(data)
    dice = random.Random(1)
    for source in (
        str(whole), whole, data, bytearray(data), memoryview(data),
        memoryview(b"".join(bytes([b, 0]) for b in data))[::2], moved(io.BytesIO(b"xyz" + data)),
        Reader(data, itertools.repeat(1)),
        Reader(data, (dice.randint(1, 99) for _ in iter(int, 1))),
    ):  # fmt: skip
        check(idxfast.load(source), raw)
    with path.open("rb") as file:
        moved(file)
        assert idxfast.read_header(file).shape == (300, 7)
        check(idxfast.load(file), raw)
        assert file.read() == b""
    descriptor = os.open(path, os.O_RDONLY)
    os.lseek(descriptor, 3, os.SEEK_SET)
    check(idxfast.load(descriptor), raw)
    os.close(descriptor)
    with whole.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
        check(idxfast.load(mapping), raw)
    if packed:
        with gzip.open(whole) as file:
            check(idxfast.load(file), raw)
    end, start = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(start, data), os.close(start)))
    writer.start()
    with open(end, "rb") as pipe:
        check(idxfast.load(pipe), raw)
    writer.join()


def test_bad_sources(tmp_path):
    class Nothing:
        def read(self, count):
            return None

    class TooMuch:
        def read(self, count):
            return bytes(count + 1)

    with pytest.raises(BlockingIOError):
        idxfast.load(Nothing())
    with pytest.raises(OSError, match="asked for"):
        idxfast.load(TooMuch())
    with pytest.raises(TypeError, match="binary mode"):
        idxfast.load(io.StringIO("text"))
    with pytest.raises(FileNotFoundError) as error:
        idxfast.load(tmp_path / "missing")
    assert error.value.filename == str(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        idxfast.load(tmp_path)
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(content(8, (3,))))
    with pytest.raises(idxfast.FormatError, match="mapped"):
        idxfast.load(path, mmap_mode="r")


def test_a_url():
    fsspec = pytest.importorskip("fsspec")
    data = content(8, (2, 2))
    fsspec.filesystem("memory").pipe("/images", data)
    check(idxfast.load("memory://images"), data)


def test_bad_out():
    data = content(0x0B, (2, 3))
    with pytest.raises(idxfast.SizeError):
        idxfast.loads(data, out=np.empty((3, 2), np.int16))
    with pytest.raises(idxfast.SizeError):
        idxfast.loads(data, out=np.empty((2, 3), np.uint16))
    with pytest.raises(ValueError, match="writable"):
        idxfast.loads(data, out=np.broadcast_to(np.int16(0), (2, 3)))
    with pytest.raises(TypeError):
        idxfast.loads(data, out=bytearray(12))


def test_members_padding_and_empty_blocks():
    data = content(8, (100,))
    empty = gzip.compress(b"")
    pieces = [gzip.compress(data[i : i + 7]) for i in range(0, len(data), 7)]
    packed = empty + (empty * 3).join(pieces) + bytes(5) + empty * 2000 + bytes(100_000)
    check(idxfast.loads(packed), data)
    assert idxfast.read_header(packed).shape == (100,)


def large(kind):
    """Several segments: an IDX file of int16 and a compressor for it."""
    noise = np.random.default_rng(7).integers(0, 16, 9 << 20, np.uint8).tobytes()
    data = struct.pack(">HBB2I", 0, 0x0B, 2, 9 << 10, 512) + noise
    level, strategy = kind
    deflate = zlib.compressobj(level, zlib.DEFLATED, 31, 9, strategy)
    return data, deflate.compress(data) + deflate.flush()


@pytest.mark.parametrize(
    "kind", [(0, 0), (1, 0), (6, 0), (6, zlib.Z_FIXED), (6, zlib.Z_HUFFMAN_ONLY), (6, zlib.Z_RLE)]
)
def test_segments(kind, monkeypatch):
    data, packed = large(kind)
    cuts = []
    find = segments.find_block
    monkeypatch.setattr(segments, "find_block", lambda *a: cuts.append(find(*a)) or cuts[-1])
    expected = np.frombuffer(data, ">i2", offset=12).reshape(9 << 10, 512)
    assert np.array_equal(idxfast.loads(packed), expected)
    out = np.empty(expected.shape, np.int16)
    calls = []
    idxfast.load(packed, out=out, progress=lambda *call: calls.append(call))
    assert np.array_equal(out, expected)
    assert calls[-1] == (len(data), len(data))
    if kind in ((1, 0), (6, 0), (6, zlib.Z_HUFFMAN_ONLY), (6, zlib.Z_RLE)):
        assert sum(cut >= 0 for cut in cuts) >= 4


def test_false_cuts_cost_time_alone(monkeypatch):
    data, packed = large((6, 0))
    find = segments.find_block
    expected = np.frombuffer(data, ">i2", offset=12).reshape(9 << 10, 512)
    for shift in (1, 5, 8000):
        monkeypatch.setattr(segments, "find_block", lambda *a, s=shift: find(*a) + s)
        assert np.array_equal(idxfast.loads(packed), expected)
        out = np.empty(expected.shape, np.int16)
        assert np.array_equal(idxfast.loads(packed, out=out), expected)


def test_zeros_unpack_a_thousandfold():
    data = struct.pack(">HBB1I", 0, 8, 1, 32 << 20) + bytes(32 << 20)
    array = idxfast.loads(gzip.compress(data))
    assert array.shape == (32 << 20,)
    assert not array.any()
    out = np.ones(32 << 20, np.uint8)
    assert not idxfast.loads(gzip.compress(data), out=out).any()


@pytest.mark.parametrize("name", SHA256)
def test_published_files(name):
    path = DATA / f"{name}.gz"
    if not path.exists():
        pytest.skip("the published files are not here")
    array = idxfast.load(path)
    head = idxfast.dumps(array[:0])[:4] + struct.pack(f">{array.ndim}I", *array.shape)
    assert hashlib.sha256(head + array.tobytes()).hexdigest() == SHA256[name]
    assert hashlib.sha256(idxfast.dumps(array)).hexdigest() == SHA256[name]
