"""Mapped arrays: how long they live, and what may be done with them."""

import copy
import mmap
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import idxfast
from files.handmade import idx
from idxfast.containers.raw import check_size

CODES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]


@pytest.fixture
def path(oracle, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(oracle.pack(0x0C, (40, 50)))
    return path


def test_the_array_keeps_the_mapping(path):
    expected = idxfast.load(path)
    with path.open("rb") as file:
        array = idxfast.load(file, mmap_mode="r")
    part = array[3:5]
    path.unlink()
    assert np.array_equal(array, expected)
    del array
    assert np.array_equal(part, expected[3:5])


def test_a_mapping_in_use_does_not_close(path):
    array = idxfast.load(path, mmap_mode="r")
    mapping = array
    while not isinstance(mapping, mmap.mmap):
        mapping = mapping.obj if isinstance(mapping, memoryview) else mapping.base
    with pytest.raises(BufferError):
        mapping.close()
    assert array.any()


def test_read_only_means_read_only(path):
    before = path.read_bytes()
    array = idxfast.load(path, mmap_mode="r")
    for write in (
        lambda: array.__setitem__((0, 0), 1),
        lambda: array[1:].fill(0),
        lambda: array.reshape(-1).sort(),
        lambda: array.setflags(write=True),
        lambda: np.add(array, 1, out=array),
        lambda: idxfast.load(path, out=array),
        lambda: array.view(np.uint8).__setitem__(0, 1),
    ):
        with pytest.raises(ValueError, match=r"read-only|writ|WRITEABLE"):
            write()
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_an_empty_file_is_said_to_be_empty(mode, tmp_path):
    path = tmp_path / "file"
    path.touch()
    with path.open("r+b") as file, pytest.raises(idxfast.TruncatedError, match="file is empty"):
        idxfast.load(file, mmap_mode=mode)
    with pytest.raises(idxfast.TruncatedError, match="file is empty"):
        idxfast.load(path, mmap_mode=mode)


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (3, 0)])
def test_an_empty_file_that_is_described_as_such(mode, shape, tmp_path):
    path = tmp_path / "file"
    path.touch()
    header = idxfast.Header(np.dtype(">i2"), shape)
    array = idxfast.load(path, header=header, offset=0, mmap_mode=mode)
    assert (array.dtype, array.shape) == (np.dtype(">i2"), shape)
    assert array.flags.writeable == (mode != "r")


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
@pytest.mark.parametrize("size", [0, 4_095])
def test_a_file_that_becomes_shorter_before_it_is_mapped(size, mode, path, monkeypatch):
    whole = path.stat().st_size

    def shorten(*arguments):
        check_size(*arguments)
        os.truncate(path, size)

    monkeypatch.setattr("idxfast.reading.mapping.check_size", shorten)
    with pytest.raises(idxfast.TruncatedError, match="become shorter") as caught:
        idxfast.load(path, mmap_mode=mode)
    assert caught.value.filename == str(path)
    assert caught.value.expected == whole
    assert path.stat().st_size == size


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_copies_are_independent(mode, path):
    array = idxfast.load(path, mmap_mode=mode)
    expected = array.tolist()
    copies = [array.copy(), copy.copy(array), copy.deepcopy(array)]
    copies += [pickle.loads(pickle.dumps(array, protocol)) for protocol in (2, 5)]
    for other in copies:
        assert not np.may_share_memory(other, array)
    del array
    path.unlink()
    assert all(other.tolist() == expected for other in copies)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork(path):
    """Parent and child unmap independently; the parent does not see a private change of the child."""
    code = (
        "import os, sys, idxfast\n"
        "array = idxfast.load(sys.argv[1], mmap_mode='c')\n"
        "first, total = int(array[0, 0]), int(array.sum())\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    right = int(array.sum()) == total\n"
        "    array[0, 0] = ~first\n"
        "    del array\n"
        "    sys.exit(7 if right else 8)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\n"
        "assert array[0, 0] == first and array.sum() == total\n"
    )
    # From 3.12 on, Python warns about a fork while threads of numpy's BLAS are running.
    command = [sys.executable, "-P", "-W", "ignore::DeprecationWarning", "-c", code, str(path)]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", [(), (6,), (2, 3), (1, 2, 3)], ids=str)
@pytest.mark.parametrize("start", [0, 1, 3])
def test_alignment_is_told_truly(code, shape, start, oracle, tmp_path):
    path = tmp_path / "file"
    data = oracle.pack(code, shape)
    path.write_bytes(bytes(start) + data)
    with path.open("rb") as file:
        file.seek(start)
        array = idxfast.load(file, mmap_mode="r")
    assert array.dtype == np.dtype(oracle.types[code][0]).newbyteorder(">")
    assert array.ctypes.data % 4096 == start + 4 + 4 * len(shape)
    assert array.flags.aligned == (array.ctypes.data % array.dtype.alignment == 0)
    assert array.flags.c_contiguous
    oracle.check(array.astype(array.dtype.newbyteorder("=")), data)


def test_beyond_4_gib(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(idx(0x0C, 5, 1 << 28))
        for at, value in ((0, 1), ((1 << 32) - 4, 2), (1 << 32, 3), ((5 << 30) - 4, 4)):
            file.seek(12 + at)
            file.write(value.to_bytes(4, "big"))
    array = idxfast.load(path, mmap_mode="r")
    assert array.shape == (5, 1 << 28)
    assert [array[0, 0], array[3, -1], array[4, 0], array[4, -1]] == [1, 2, 3, 4]
    assert not array[4, 1:1000].any()


def test_the_bytes_of_a_file_cannot_be_mapped():
    with pytest.raises(idxfast.IdxError, match="only a file on disk can be mapped") as caught:
        idxfast.load(b"\0\0\x08\1\0\0\0\1\7", mmap_mode="r")
    assert caught.value.found == "something else"
