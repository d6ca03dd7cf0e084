"""native/files: bytes written at a position; locks; whether a file is as before; items appended."""

import errno
import os
import struct
import sys
import threading

import numpy as np
import pytest

from files.traced import check_calls
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


def test_what_is_no_data_or_no_place(descriptor):
    for offset in (-1, -(1 << 62)):
        with pytest.raises(ValueError, match="negative"):
            files.write_at(descriptor, b"abc", offset, False)
    with pytest.raises(OverflowError):
        files.write_at(descriptor, b"abc", 1 << 63, False)
    with pytest.raises(BufferError):
        files.write_at(descriptor, memoryview(bytes(10))[::2], 0, False)
    for data in ("abc", None, 3):
        with pytest.raises(TypeError):
            files.write_at(descriptor, data, 0, False)
        with pytest.raises(TypeError):
            files.append_items(descriptor, header(1), 8, b"a+", b"B", data)
    for call in (
        lambda: files.write_at(10**6, b"abc", 0, False),
        lambda: files.append_items(10**6, header(1), 8, b"a+", b"B", b"abc"),
        lambda: files.is_as_before(10**6, b"", 0),
        lambda: files.lock(10**6, True),
    ):
        with pytest.raises(OSError) as error:
            call()
        assert error.value.errno == errno.EBADF


def header(*shape, code=8):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


# The code of each type in a header, the type, and the format of its elements in a buffer.
FORMATS = [
    (0x08, "u1", b"B"),
    (0x09, "i1", b"b"),
    (0x0B, ">i2", b">h"),
    (0x0C, ">i4", b">i"),
    (0x0D, ">f4", b">f"),
    (0x0E, ">f8", b">d"),
]


@pytest.mark.parametrize("item", [(), (2,), (3, 2), (1, 1, 1, 1, 4)])
@pytest.mark.parametrize(("code", "dtype", "buffer_format"), FORMATS)
def test_append_items(code, dtype, buffer_format, item, path, descriptor):
    payload, start = b"", header(0, *item, code=code)
    path.write_bytes(start)
    for count in (1, 3, 300):
        items = np.random.default_rng(count).integers(0, 100, (count, *item)).astype(dtype)
        items.flags.writeable = False
        size = len(start) + len(payload)
        start = files.append_items(descriptor, start, size, b"a+", buffer_format, items)
        payload += items.tobytes()
        assert path.read_bytes() == start + payload
        assert start == header(len(payload) // items[0].nbytes, *item, code=code)
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0


START = header(5, 3, 2)
ITEMS = np.ones((4, 3, 2), np.uint8)


@pytest.mark.parametrize(
    "items",
    [
        ITEMS.astype(np.int8),
        ITEMS.astype(bool),
        ITEMS.astype(np.int16),
        ITEMS.astype([("a", "u1")]),
        ITEMS.astype("S1"),
        ITEMS.astype("M8[s]"),
        ITEMS[:0],
        ITEMS[0],
        ITEMS[..., np.newaxis],
        ITEMS[0, 0, 0],
        ITEMS.reshape(4, 2, 3),
        ITEMS.reshape(4, 6),
        ITEMS[::-1],
        np.asfortranarray(ITEMS),
        np.ones((files.MAX_APPENDED // 6 + 1, 3, 2), np.uint8),
        bytes(24),
        memoryview(bytearray(24)),
    ],
)
def test_items_of_another_kind_are_not_appended(items, path, descriptor):
    path.write_bytes(START + bytes(30))
    before = path.read_bytes()
    assert files.append_items(descriptor, START, len(before), b"a+", b"B", items) is None
    assert path.read_bytes() == before


def test_most_items_that_are_appended_at_once(path, descriptor):
    items = np.ones((files.MAX_APPENDED, 1), np.uint8)
    path.write_bytes(header(0, 1))
    start = files.append_items(descriptor, header(0, 1), 12, b"a+", b"B", items)
    assert path.read_bytes() == start + items.tobytes()
    assert start == header(files.MAX_APPENDED, 1)


def test_more_items_than_a_header_can_count(path, descriptor):
    full, fuller = header((1 << 32) - 2, 3, 2), header((1 << 32) - 1, 3, 2)
    path.write_bytes(full)
    assert files.append_items(descriptor, full, 16, b"a+", b"B", ITEMS[:2]) is None
    assert path.read_bytes() == full
    assert files.append_items(descriptor, full, 16, b"a+", b"B", ITEMS[:1]) == fuller
    assert path.read_bytes() == fuller + bytes([1] * 6)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (START + bytes(31), 46),
        (START + bytes(29), 46),
        (START[:5], 5),
        (b"", 0),
        (b"a+" + START[2:] + bytes(30), 46),
        *((START[:at] + b"\x77" + START[at + 1 :] + bytes(30), 46) for at in range(16)),
    ],
)
def test_nothing_is_appended_to_a_file_that_was_changed(content, size, path, descriptor):
    path.write_bytes(content)
    assert files.append_items(descriptor, START, size, b"a+", b"B", ITEMS) is None
    assert path.read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="an open file keeps its name")
def test_nothing_is_appended_to_a_file_without_a_name(path, descriptor):
    path.write_bytes(START + bytes(30))
    os.unlink(path)
    assert files.append_items(descriptor, START, 46, b"a+", b"B", ITEMS) is None
    assert os.fstat(descriptor).st_size == 46


@pytest.mark.parametrize(
    ("start", "mark"),
    [(b"", b""), (b"\0\0\x08\0", b"a+"), (bytes(9), b"a+"), (START, b"a+a+a"), (bytes(4100), b"")],
)
def test_headers_and_marks_that_do_not_fit(start, mark, descriptor, path):
    with pytest.raises(ValueError, match=r"header|4,096"):
        files.append_items(descriptor, start, len(CONTENT), mark, b"B", ITEMS)
    assert path.read_bytes() == CONTENT


def test_an_append_waits_for_the_lock(path, descriptor):
    """While another has the lock, an append does not even look at the file."""
    import fcntl

    path.write_bytes(START + bytes(30))
    found = []

    def append():
        found.append(files.append_items(descriptor, START, 46, b"a+", b"B", ITEMS))

    with open(path, "r+b", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        thread = threading.Thread(target=append)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        other.write(header(6, 3, 2))
        fcntl.flock(other, fcntl.LOCK_UN)
        thread.join(60)
        assert found == [None]
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.seek(0)
        other.write(START)
        fcntl.flock(other, fcntl.LOCK_UN)
        append()
        assert found == [None, header(9, 3, 2)]
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


# Limits the size of files, so that only a part of the items can be written.
TOO_LARGE = """
import errno, os, resource, signal, sys
from idxfast.native import files
start, size = bytes.fromhex(sys.argv[2]), os.path.getsize(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000,) * 2)
descriptor = os.open(sys.argv[1], os.O_RDWR)
try:
    files.append_items(descriptor, start, size, b"a+", b"B", memoryview(bytes(3000)))
except OSError as error:
    print(errno.errorcode[error.errno])
print(files.append_items(descriptor, start, size, b"a+", b"B", memoryview(b"1" * 999)).hex())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_an_append_that_fails_is_undone(path, run_child):
    path.write_bytes(header(7) + bytes(7))
    found = run_child(TOO_LARGE, path, header(7).hex())
    assert found == ["EFBIG", header(7 + 999).hex()]
    assert path.read_bytes() == header(7 + 999) + bytes(7) + b"1" * 999


def test_order_of_system_calls(path, tmp_path):
    path.write_bytes(START + bytes(30))
    code = (
        "import os, sys; from idxfast.native import files\n"
        "descriptor, start = os.open(sys.argv[1], os.O_RDWR), bytes.fromhex(sys.argv[2])\n"
        "items = memoryview(b'1' * 24).cast('B', (4, 3, 2))\n"
        "files.append_items(descriptor, start, 46, b'a+', b'B', items)"
    )
    steps = [
        r"flock\(\d+<.*>, LOCK_EX\)",
        r"fstat",
        r"pread64\(.*, 16, 0\) = 16",
        r'pwrite64\(.*, "a\+.*, 8, 0\) = 8',
        r"fdatasync\(.* = 0",
        r'pwrite64\(.*, "1{24}", 24, 46\) = 24',
        r"fdatasync\(.* = 0",
        r'pwrite64\(.*, "\\0\\0\\10\\3\\0\\0\\0\\t", 8, 0\) = 8',
        r"fdatasync\(.* = 0",
        r"flock\(\d+<.*>, LOCK_UN\)",
    ]
    check_calls(
        code,
        path,
        START.hex(),
        calls="flock,fstat,newfstatat,pread64,pwrite64,fdatasync,fsync,ftruncate",
        place=path,
        steps=steps,
        trace=tmp_path / "trace",
    )


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
