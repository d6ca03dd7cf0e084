"""save and dumps, read back by gzip and struct, and what a failure leaves behind."""

import errno
import gzip
import io
import os
import signal
import stat
import struct
import subprocess
import sys
import time

import numpy as np
import pytest

import idxfast

GOLDEN = {
    "u1": "00000801000000020102",
    "i1": "000009010000000201fe",
    "i2": "00000b01000000020001fffe",
    "i4": "00000c010000000200000001fffffffe",
    "f4": "00000d01000000023f800000c0000000",
    "f8": "00000e01000000023ff0000000000000c000000000000000",
}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", GOLDEN)
def test_golden_bytes(dtype, order):
    array = np.array([1, 2 if dtype == "u1" else -2]).astype(order + dtype)
    assert idxfast.dumps(array).hex() == GOLDEN[dtype]
    assert gzip.decompress(idxfast.dumps(array, compresslevel=6)).hex() == GOLDEN[dtype]


def layouts():
    base = np.arange(2 * 3 * 70_000, dtype=np.int32).reshape(2, 3, -1)
    yield from (base, base.T, np.asfortranarray(base), base[:, ::-1, ::3], base.astype(">i4"))
    yield from (np.broadcast_to(base[0], (2, *base[0].shape)), base[0, 0, 0], base[:0])
    yield np.array([0x7FF0000000000001, 0x8000000000000000, 1], np.uint64).view(np.float64)
    yield np.array([0x7F800001, 0xFFC12345, 1], np.uint32).view(np.float32)[::-1]


@pytest.mark.parametrize("array", [*layouts()])
def test_every_layout(array, tmp_path):
    big = np.ascontiguousarray(array).view(f"u{array.itemsize}")
    if array.dtype != array.dtype.newbyteorder(">"):
        big = big.byteswap()
    expected = idxfast.dumps(array)[: 4 + 4 * np.ndim(array)] + big.tobytes()
    idxfast.save(tmp_path / "raw", array)
    assert (tmp_path / "raw").read_bytes() == expected == idxfast.dumps(array)
    for seekable in (False, True):
        idxfast.save(tmp_path / "packed.gz", array, compresslevel=1, seekable=seekable)
        assert gzip.decompress((tmp_path / "packed.gz").read_bytes()) == expected


@pytest.mark.parametrize(
    ("dtype", "nearest"),
    [("?", "uint8"), ("u2", "int32"), ("u4", "float64"), ("i8", "int32"), ("f2", "float32"),
     ("c8", "it has"), ("O", "it has"), ("U1", "it has")],
)  # fmt: skip
def test_other_types_name_the_nearest(dtype, nearest, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=nearest):
        idxfast.save(path, np.zeros(2, dtype))
    with pytest.raises(TypeError, match="mask"):
        idxfast.save(path, np.ma.zeros(2, np.uint8))
    with pytest.raises(idxfast.SizeError):
        idxfast.save(path, np.empty((1 << 32, 0), np.uint8))
    with pytest.raises(ValueError, match=r"\.gz"):
        idxfast.save(path, np.zeros(2, np.uint8), compresslevel=6)
    assert path.read_bytes() == b"old"


def test_levels_and_determinism(tmp_path):
    array = np.arange(100_000, dtype=np.int16)
    for level in range(13):
        data = idxfast.dumps(array, compresslevel=level)
        assert gzip.decompress(data) == idxfast.dumps(array)
        assert data == idxfast.dumps(array, compresslevel=level)
        assert data[3:8] == bytes(5)  # no name, no time
    with pytest.raises(ValueError, match="13"):
        idxfast.dumps(array, compresslevel=13)


def test_blocks_are_bgzf():
    array = np.random.default_rng(1).integers(0, 256, 300_000, np.uint8)
    file = io.BytesIO()
    idxfast.save(file, array, seekable=True)
    data = file.getvalue()
    at = count = 0
    while at < len(data):
        assert data[at : at + 4] == b"\x1f\x8b\x08\x04"
        assert data[at + 10 : at + 16] == b"\x06\x00BC\x02\x00"
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        block = data[at : at + size]
        assert len(gzip.decompress(block)) <= 65536
        at += size
        count += 1
    assert count == 6
    assert block.hex() == "1f8b08040000000000ff0600424302001b0003000000000000000000"
    assert np.array_equal(idxfast.loads(data), array)


def test_saving_over_the_mapped_file(tmp_path):
    path = tmp_path / "file"
    idxfast.save(path, np.arange(10_000, dtype=np.int32))
    mapped = idxfast.load(path, mmap_mode="r")
    idxfast.save(path, mapped[::-1])
    assert np.array_equal(idxfast.load(path), np.arange(10_000)[::-1])
    assert mapped[1] == 1


def test_modes_links_and_special_files(tmp_path):
    array = np.zeros(3, np.uint8)
    path, link = tmp_path / "file", tmp_path / "link"
    idxfast.save(path, array)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    link.symlink_to(path)
    idxfast.save(link, array + 1)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert idxfast.load(path).tolist() == [1, 1, 1]
    idxfast.save(os.devnull, array)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    with pytest.raises(IsADirectoryError):
        idxfast.save(tmp_path, array)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(error, tmp_path, monkeypatch):
    path = tmp_path / "file"
    idxfast.save(path, np.zeros(3, np.uint8))

    def fail(*_):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        idxfast.save(path, np.ones(3, np.uint8))
    assert idxfast.load(path).tolist() == [0, 0, 0]
    assert os.listdir(tmp_path) == ["file"]


def test_old_temporaries_are_swept(tmp_path):
    old, new, foreign = (
        tmp_path / name
        for name in (".file.12-0123abcd.tmp", ".file.13-0123abcd.tmp", ".other.12-0123abcd.tmp")
    )
    for path in (old, new, foreign):
        path.write_bytes(b"")
    for path in (old, foreign):
        os.utime(path, (0, time.time() - 90_000))
    idxfast.save(tmp_path / "file", np.zeros(3, np.uint8))
    assert [old.exists(), new.exists(), foreign.exists()] == [False, True, True]


def test_a_killed_save_leaves_one_whole_file(tmp_path):
    path = tmp_path / "file.gz"
    idxfast.save(path, np.zeros(200_000, np.int32))
    code = (
        "import idxfast, numpy, itertools\n"
        "for i in itertools.count(1):\n"
        f"    idxfast.save({str(path)!r}, numpy.full(200_000, i, numpy.int32))\n"
    )
    for i in range(8):
        process = subprocess.Popen([sys.executable, "-P", "-c", code])
        time.sleep(0.3 + 0.013 * i)
        process.send_signal(signal.SIGKILL)
        process.wait()
        array = idxfast.load(path)
        assert array.shape == (200_000,)
        assert (array == array[0]).all()


class Failing(io.RawIOBase):
    def __init__(self):
        self.calls = 0

    def writable(self):
        return True

    def write(self, data):
        self.calls += 1
        if self.calls == 3:
            raise OSError(errno.EIO, "gone")
        return min(5, len(data))


def test_file_objects(tmp_path):
    failing = Failing()
    with pytest.raises(OSError, match="gone"):
        idxfast.save(failing, np.zeros(100, np.uint8))
    assert failing.calls == 3
    with pytest.raises(TypeError, match="binary"):
        idxfast.save(io.StringIO(), np.zeros(3, np.uint8))
    with (tmp_path / "file").open("wb", buffering=0) as file:
        idxfast.save(file, np.arange(3, dtype=np.uint8), compresslevel=1)
    assert idxfast.load(tmp_path / "file").tolist() == [0, 1, 2]


def test_no_more_of_numpy_is_imported(tmp_path, run_child):
    """An import meanwhile could be cut in two by a fork of another thread."""
    code = (
        "import sys, numpy, idxfast\n"
        "before = set(sys.modules)\n"
        "idxfast.save(sys.argv[1], numpy.ones(3, numpy.uint8))\n"
        "print(*sorted(n for n in set(sys.modules) - before if n.startswith('numpy')))\n"
    )
    assert run_child(code, tmp_path / "file") == []
