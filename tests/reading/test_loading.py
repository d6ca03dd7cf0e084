"""load, loads and read_header: types, shapes, out=, mappings, progress."""

import gzip
import hashlib
import io
import mmap
import os
import re
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.handmade import member
from idxfast import FormatError, GzipError, IdxError, SizeError, TrailingDataError, TruncatedError
from idxfast.containers import arrays
from idxfast.format import MAX_HEADER_SIZE

DATA = Path(__file__).parents[3] / "shared" / "data"
CODES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]
SHAPES = [
    (),
    (0,),
    (1,),
    (13,),
    (3, 5),
    (4, 0),
    (0, 28, 28),
    (0, 2**31, 4),
    (2, 3, 4),
    (7, 28, 28),
    (2, 1, 3, 2),
    (2, 3, 1, 2, 5),
    (1, 2, 0, 3, 4),
]


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
        assert array.ctypes.data % 64 == 0
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


def strided(data):
    return memoryview(b"".join(bytes([byte, 0]) for byte in data))[::2]


@pytest.mark.parametrize("kind", [bytearray, memoryview, strided, np.frombuffer])
def test_loads_is_no_view(kind, content, oracle):
    data = kind(content, np.uint8) if kind is np.frombuffer else kind(content)
    array = idxfast.loads(data)
    oracle.check(array, content)
    if kind is bytearray:
        data[:] = bytes(len(data))
        oracle.check(array, content)


@pytest.mark.parametrize("threads", [2.5, "2"])
def test_threads_are_whole(threads, content, packed, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(packed(content))
    for load in (idxfast.load, idxfast.loads):
        with pytest.raises(TypeError):
            load(path.read_bytes(), threads=threads)
    with pytest.raises(TypeError):
        idxfast.load(path, threads=threads)


def test_what_was_given_may_be_resized_while_the_error_is_held(content, packed):
    for data in (content[:-1], packed(content)[:-1], packed(content[:-1]), b"\0\0"):
        given = bytearray(data)
        with pytest.raises(TruncatedError) as caught:
            idxfast.loads(given)
        given.append(0)
        assert caught.value.__traceback__ is not None


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


@pytest.mark.parametrize("threads", [1, 2])
def test_wrong_out_of_a_large_file(threads):
    data = idxfast.dumps(np.ones((1_000, 700), np.uint8), compresslevel=1)
    for shape, dtype in (((1_000, 701), "u1"), ((700_001,), "u1"), ((1_000, 700), "i1")):
        with pytest.raises(SizeError):
            idxfast.loads(data, out=np.empty(shape, dtype), threads=threads)


def test_useless_out(content, packed):
    out = np.zeros((30, 20), np.int16)
    out.flags.writeable = False
    broadcast = np.broadcast_to(np.int16(0), (30, 20))
    transposed, strided = np.empty((20, 30), np.int16).T, np.empty((30, 40), np.int16)[:, ::2]
    for useless in (out, broadcast, transposed, strided):
        with pytest.raises(ValueError, match="writable"):
            idxfast.loads(packed(content), out=useless)
    assert not out.any()
    with pytest.raises(TypeError, match="bytearray"):
        idxfast.loads(packed(content), out=bytearray(1200))


def test_unaligned_out(content, packed, oracle):
    memory = np.zeros(1203, np.uint8)
    out = memory[1:1201].view(np.int16).reshape(30, 20)
    idxfast.loads(packed(content), out=out)
    oracle.check(out, content)
    assert not memory[[0, 1201, 1202]].any()


class Subclass(np.ndarray):
    def reshape(self, *shape):
        return self


@pytest.mark.parametrize("kind", [np.matrix, np.recarray, np.memmap, Subclass])
@pytest.mark.parametrize("size", [0, 100_000], ids=["small", "large"])
@pytest.mark.parametrize("how", ["bytes", "stream"])
def test_out_of_a_subclass(kind, size, how, packed, oracle):
    content = oracle.pack(0x0B, (2, 3 + size))
    data = packed(content)
    out = np.zeros((2, 3 + size), np.int16).view(kind)
    source = io.BufferedReader(io.BytesIO(data)) if how == "stream" else data
    assert idxfast.load(source, out=out) is out
    oracle.check(np.asarray(out), content)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_mmap(code, shape, mode, oracle, tmp_path):
    path = tmp_path / "file"
    data = oracle.pack(code, shape)
    path.write_bytes(data)
    array = idxfast.load(path, mmap_mode=mode)
    assert array.shape == shape
    assert array.dtype == np.dtype(oracle.types[code][0]).newbyteorder(">")
    mapping = array.base.base.obj
    assert isinstance(mapping, mmap.mmap)
    assert array.flags.writeable == (mode != "r")
    offset = 4 + 4 * len(shape)
    assert array.tobytes() == data[offset:]
    if not array.size or mode == "r":
        return
    array[(0,) * array.ndim] = 0
    if mode == "r+":
        mapping.flush()
    changed = data[:offset] + bytes(array.itemsize) + data[offset + array.itemsize :]
    assert path.read_bytes() == (changed if mode == "r+" else data)


def test_mmap_of_open_file(oracle, tmp_path):
    path = tmp_path / "file"
    data = oracle.pack(0x0B, (5,))
    path.write_bytes(b"abc" + data)
    with path.open("rb") as file:
        file.seek(3)
        array = idxfast.load(file, mmap_mode="r")
    assert array.tobytes() == data[8:]


def test_unmappable(content, tmp_path):
    path = tmp_path / "file"
    reading, writing = os.pipe()
    with open(writing, "wb") as file:
        file.write(content)
    with open(reading, "rb") as pipe, pytest.raises(IdxError, match="mapped") as caught:
        idxfast.load(pipe, mmap_mode="r")
    assert not isinstance(caught.value, FormatError)
    path.write_bytes(content[:-1])
    with pytest.raises(TruncatedError):
        idxfast.load(path, mmap_mode="r")
    path.write_bytes(content + b"x")
    with pytest.raises(TrailingDataError):
        idxfast.load(path, mmap_mode="r")
    with pytest.raises(ValueError, match="mmap_mode is 'w'"):
        idxfast.load(path, mmap_mode="w")
    with pytest.raises(ValueError, match="out="):
        idxfast.load(path, mmap_mode="r", out=np.empty((30, 20), np.int16))


def test_progress(packed, oracle, tmp_path):
    noise = np.random.default_rng(1).integers(0, 16, 8_000_000, np.uint8).tobytes()
    content = oracle.pack(0x0B, (2000, 2000), noise)
    path = tmp_path / "file"
    path.write_bytes(packed(content))
    calls = []
    array = idxfast.load(path, threads=1, progress=lambda done, total: calls.append((done, total)))
    oracle.check(array, content)
    done = [count for count, _ in calls]
    assert len(done) > 1
    assert done == sorted(done)
    assert calls[-1] == (len(content), len(content))
    assert {total for _, total in calls} == {len(content)}


@pytest.mark.parametrize("how", ["path", "bytes", "stream"])
@pytest.mark.parametrize("shape", [(30, 20), (300, 200), (0, 28, 28)], ids=str)
def test_progress_of_a_small_file(how, shape, packed, oracle, tmp_path):
    content = oracle.pack(0x0B, shape)
    path, calls = tmp_path / "file", []
    # One member, and two.
    for file in (packed(content), packed(content[:9]) + packed(content[9:])):
        path.write_bytes(file)
        calls.clear()
        source = path if how == "path" else file
        if how == "stream":
            source = io.BufferedReader(io.BytesIO(file))
        idxfast.load(source, progress=lambda *numbers: calls.append(numbers))
        assert calls[-1] == (len(content), len(content))


def test_error_of_progress_passes(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)

    def stop(done, total):
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        idxfast.load(path, progress=stop)


def test_threads(content, packed, oracle):
    oracle.check(idxfast.loads(packed(content), threads=3), content)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="threads is"):
            idxfast.loads(content, threads=wrong)


@pytest.mark.parametrize("nbytes", [1 << 60, sys.maxsize], ids=["memory", "numpy"])
def test_no_memory_names_the_file(nbytes):
    with pytest.raises(MemoryError, match=f"^file: no memory for an array of {nbytes:,} bytes; "):
        arrays.allocate(nbytes, "file")


def test_read_header_needs_no_payload(packed):
    data = packed(struct.pack(">HBB2I", 0, 0x0D, 2, 1 << 20, 1 << 10))
    header = idxfast.read_header(data)
    assert header.shape == (1 << 20, 1 << 10)
    assert header.dtype == np.dtype(">f4")
    assert header.offset == 12
    assert header.nbytes == 1 << 32


def test_read_header_takes_little_of_a_compressed_stream(content):
    file = io.BytesIO(gzip.compress(content) + bytes(1 << 20))
    assert idxfast.read_header(SimpleNamespace(read=file.read)).shape == (30, 20)
    assert file.tell() <= 4096


def test_read_header_reads_on_until_the_header_is_there(content):
    flood = gzip.compress(b"") * 1000 + gzip.compress(content)
    for size in (2, 1000, 4096, len(flood) - 700, len(flood) - 1, len(flood)):
        answers = []
        for data in (flood[:size], SimpleNamespace(read=io.BytesIO(flood[:size]).read)):
            try:
                answers.append(idxfast.read_header(data))
            except TruncatedError as error:
                answers.append((error.reason, error.offset))
        assert answers[0] == answers[1]
    assert answers[0].shape == (30, 20)


def test_read_header_of_a_damaged_file(content):
    packed = gzip.compress(content, mtime=0)
    with pytest.raises(TruncatedError, match="unpacked data end at byte 3;") as caught:
        idxfast.read_header(packed[:14])
    assert (caught.value.offset, caught.value.position) == (14, 3)
    with pytest.raises(GzipError, match="invalid block type") as caught:
        idxfast.read_header(packed[:10] + b"\7" + packed[11:])
    assert (caught.value.offset, caught.value.position) == (10, 0)
    # The header is whole, whatever follows it.
    for data in (packed[:-9], packed + b"x", packed[:-8] + bytes(8), gzip.compress(content[:12])):
        for source in (data, SimpleNamespace(read=io.BytesIO(data).read)):
            assert idxfast.read_header(source).shape == (30, 20)
    small = gzip.compress(b"\0\0\x08\0x", mtime=0)
    assert all(idxfast.read_header(small[:-cut]).shape == () for cut in range(1, 9))


def test_the_start_of_a_large_file_is_not_all_of_it(oracle):
    """A member may be exactly as long as the start that is read first."""
    data = oracle.pack(0x08, (5,))
    size = MAX_HEADER_SIZE
    packed = member(data, name=b"n" * (size - len(member(data)) - 1))
    assert len(packed) == size
    for more in (b"x" * 70_000, member(b"more") + bytes(70_000)):
        with pytest.raises(TrailingDataError):
            idxfast.loads(packed + more)
    oracle.check(idxfast.loads(packed + bytes(70_000)), data)


def test_read_header_of_small_members(content):
    """Some of their headers are not read at once."""
    members = b"".join(gzip.compress(content[at : at + 9]) for at in range(0, len(content), 9))
    for size in range(0, 40, 3):
        start = gzip.compress(b"")
        name = start[:3] + b"\x08" + start[4:10] + bytes([7]) * size + b"\0" + start[10:]
        assert idxfast.read_header(name + members).shape == (30, 20)


def published():
    """Name and SHA-256 of the unpacked content of the real files."""
    if not (DATA / "README.md").exists():
        return []
    row = re.compile(r"^\| (\S+\.gz) \| \w+ \| ([0-9a-f]{64}) \|", re.M)
    return row.findall((DATA / "README.md").read_text())


@pytest.mark.skipif(not published(), reason="the real files are not here")
def test_real_files():
    assert len(published()) == 8
    for name, digest in published():
        array = idxfast.load(DATA / name)
        code = struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape)
        assert array.dtype == np.uint8
        assert hashlib.sha256(code + array.tobytes()).hexdigest() == digest, name
        assert hashlib.sha256(idxfast.dumps(array)).hexdigest() == digest, name
