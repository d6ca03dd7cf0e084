"""native/files: bytes written at a position, in order; locks; whether a file is as before."""

import errno
import os

import numpy as np
import pytest

from idxfast.native import files

pytestmark = pytest.mark.skipif(not files.AVAILABLE, reason="left to Python on this system")
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


@pytest.fixture
def descriptor(path):
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("offset", [0, 1, 1000, 1024, 5000])
@pytest.mark.parametrize(
    "data", [b"", b"abc", bytes(3000), np.arange(6, dtype=">i4").reshape(2, 3)]
)
@pytest.mark.parametrize("is_awaited", [False, True])
def test_write_at(offset, data, is_awaited, path, descriptor):
    files.write_at(descriptor, data, offset, is_awaited)
    written = bytes(data)
    start = CONTENT[:offset].ljust(offset, b"\0") if written else CONTENT[:offset]
    assert path.read_bytes() == start + written + CONTENT[offset + len(written) :]
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0


def test_extend(path, descriptor):
    data = np.arange(500, dtype=np.int16)
    files.extend(descriptor, data, len(CONTENT), b"cdefg")
    assert path.read_bytes() == b"cdefg" + CONTENT[5:] + data.tobytes()
    files.extend(descriptor, b"", 0, b"x")
    assert path.read_bytes() == b"xdefg" + CONTENT[5:] + data.tobytes()


def test_a_step_of_extend_that_fails_is_the_last(path, descriptor):
    """The first one fails here: no file is so large."""
    with pytest.raises(OSError) as error:
        files.extend(descriptor, b"data", (1 << 63) - 2, b"cdefg")
    assert error.value.errno in (errno.EFBIG, errno.EINVAL, errno.EOVERFLOW)
    assert path.read_bytes() == CONTENT


def test_what_is_no_data_or_no_place(descriptor):
    for offset in (-1, -(1 << 62)):
        with pytest.raises(ValueError, match="negative"):
            files.write_at(descriptor, b"abc", offset, False)
        with pytest.raises(ValueError, match="negative"):
            files.extend(descriptor, b"abc", offset, b"b")
    with pytest.raises(OverflowError):
        files.write_at(descriptor, b"abc", 1 << 63, False)
    with pytest.raises(BufferError):
        files.write_at(descriptor, memoryview(bytes(10))[::2], 0, False)
    for data in ("abc", None, 3):
        with pytest.raises(TypeError):
            files.write_at(descriptor, data, 0, False)
        with pytest.raises(TypeError):
            files.extend(descriptor, data, 0, b"b")
    for call in (
        lambda: files.write_at(10**6, b"abc", 0, False),
        lambda: files.extend(10**6, b"abc", 0, b"b"),
        lambda: files.is_as_before(10**6, b"", 0),
        lambda: files.lock(10**6, True),
    ):
        with pytest.raises(OSError) as error:
            call()
        assert error.value.errno == errno.EBADF


def test_is_as_before(path, descriptor):
    assert files.is_as_before(descriptor, CONTENT, 1024)
    assert files.is_as_before(descriptor, b"", 1024)
    assert not files.is_as_before(descriptor, b"", 1023)
    assert not files.is_as_before(descriptor, CONTENT + b"\0", 1024)
    assert not files.is_as_before(descriptor, CONTENT[:-1] + b"\0", 1024)
    with pytest.raises(ValueError, match="4,096"):
        files.is_as_before(descriptor, bytes(4097), 1024)
    os.truncate(path, 4096)
    assert files.is_as_before(descriptor, CONTENT.ljust(4096, b"\0"), 4096)
    os.unlink(path)
    assert not files.is_as_before(descriptor, CONTENT, 4096)


def test_locks(path, descriptor):
    import fcntl

    with open(path, "rb") as other:
        files.lock(descriptor, True)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        files.lock(descriptor, True)
        files.lock(descriptor, False)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        files.lock(descriptor, False)
