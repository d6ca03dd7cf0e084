"""native/files: bytes of a file by position, into exactly the memory that is given."""

import os

import numpy as np
import pytest

from idxfast.native import files

pytestmark = pytest.mark.skipif(not files.AVAILABLE, reason="left to Python on this system")
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def descriptor(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def guarded(size):
    memory = np.full(size + 16, 0xA5, np.uint8)
    return memory, memory[8 : 8 + size]


@pytest.mark.parametrize("offset", [0, 1, 1000, 1023, 1024, 5000])
@pytest.mark.parametrize("size", [0, 1, 24, 2000])
def test_read_at(descriptor, offset, size):
    memory, out = guarded(size)
    count = files.read_at(descriptor, out, offset)
    expected = CONTENT[offset : offset + size]
    assert count == len(expected)
    assert out[:count].tobytes() == expected
    assert (memory[:8] == 0xA5).all() and (memory[8 + count :] == 0xA5).all()
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0


@pytest.mark.parametrize(
    "rows", [[], [0], [3, 3, 3], [0, 1, 2, 3], [9, 8, 7], [5, 6, 1, 2, 3, 101, 0]]
)
def test_read_rows(descriptor, rows):
    memory, out = guarded(10 * len(rows))
    assert files.read_rows(descriptor, out, 10, 4, np.array(rows, np.int64)) == len(out)
    table = CONTENT[4:]
    assert out.tobytes() == b"".join(table[10 * row : 10 * row + 10] for row in rows)
    assert (memory[:8] == 0xA5).all() and (memory[8 + len(out) :] == 0xA5).all()


def test_rows_that_are_missing(descriptor):
    out = np.zeros(40, np.uint8)
    assert files.read_rows(descriptor, out, 10, 4, np.array([1, 101, 102, 0])) == 20
    assert files.read_rows(descriptor, out, 10, 8, np.array([100, 101, 102, 0])) == 16
    assert files.read_rows(descriptor, out, 10, 4, np.array([10**15, 1, 2, 3])) == 0


@pytest.mark.parametrize(
    ("size", "offset", "rows", "nbytes"),
    [
        (10, 0, [0, 1], 19), (10, 0, [0, 1], 21), (10, -1, [0], 10), (-1, 0, [0], 0),
        (10, 0, [-1], 10), (10, 0, [(1 << 63) - 1], 10), (10, (1 << 63) - 11, [1], 10),
        (1 << 62, 0, [0] * 4, 0), (0, 0, [(1 << 63) - 1] * 2, 0),
    ],
)  # fmt: skip
def test_wrong_arguments(descriptor, size, offset, rows, nbytes):
    with pytest.raises(ValueError):
        files.read_rows(descriptor, bytearray(nbytes), size, offset, np.array(rows, np.int64))


def test_other_wrong_arguments(descriptor):
    with pytest.raises(ValueError, match="negative"):
        files.read_at(descriptor, bytearray(4), -1)
    with pytest.raises((BufferError, TypeError)):
        files.read_at(descriptor, b"read-only", 0)
    with pytest.raises(ValueError, match="int64"):
        files.read_rows(descriptor, bytearray(4), 4, 0, b"1234567")
    with pytest.raises(OSError):
        files.read_at(-1, bytearray(4), 0)
    with pytest.raises(OSError):
        files.read_rows(-1, bytearray(4), 4, 0, np.array([0]))
    with pytest.raises(OSError):
        files.state(-1)


def test_state(tmp_path, descriptor):
    status = os.fstat(descriptor)
    numbers = status.st_dev, status.st_ino
    assert files.state(descriptor) == (status.st_size, status.st_mtime_ns, *numbers)
