"""Bytes by position, whatever they come from, and the position of a file afterwards."""

import errno
import io
import mmap
import os
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.objects import from_middle
from idxfast.storage.inputs import open_source
from idxfast.storage.source import FileSource


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


def test_what_was_written_to_an_open_file_is_read(content, oracle, tmp_path):
    """Bytes that were written after a read are still in the file's buffer, and are read, too."""
    path = tmp_path / "file"
    path.write_bytes(content)
    changed = content[:20] + bytes(byte ^ 0xFF for byte in content[20:30]) + content[30:]
    with path.open("r+b") as file:
        file.read(1)
        file.seek(20)
        file.write(changed[20:30])
        file.seek(0)
        oracle.check(idxfast.load(file), changed)


def test_an_open_file_whose_position_is_after_its_end(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        file.seek(len(content) + 1)
        with open_source(file) as source:
            assert source.size == 0
        with pytest.raises(idxfast.TruncatedError, match="empty"):
            idxfast.load(file)


def test_a_file_that_load_opened_is_not_moved(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    with open_source(path) as source:
        source.consume()
        assert os.lseek(source.fileno(), 0, os.SEEK_CUR) == 0
    with path.open("rb", buffering=0) as file, open_source(file) as source:
        source.consume()
        assert file.tell() == 100


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_a_source_is_read_by_position(kind, tmp_path):
    """A file that grows meanwhile ends where it ended."""
    content = bytes(range(9))
    path = tmp_path / "file"
    path.write_bytes(content)
    with open_source(path if kind == "file" else content) as source:
        with path.open("ab") as file:
            file.write(b"more")
        for offset in range(9):
            for count in (1, 9, 100):
                assert source.read(count, offset) == content[offset : offset + count]
        buffer = bytearray(4)
        assert source.read_into(memoryview(buffer), 2) == 4
        assert buffer == content[2:6]
        if kind == "file":
            mapping, start = source.map(mmap.ACCESS_READ)
            with mapping:
                assert (start, mapping[:]) == (0, content)


def test_an_error_does_not_hold_the_bytesio():
    file = io.BytesIO(b"not IDX")
    with pytest.raises(idxfast.FormatError):
        idxfast.load(file)
    file.write(b"more than there was")


def test_bytesio_is_consumed(content, packed):
    file = from_middle(b"xy" + packed(content), 2)
    idxfast.load(file)
    assert file.read() == b""
    file.write(b"still writable")


def test_unflushed_file(content, oracle, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(len(content)))
    with path.open("r+b") as file:
        # With a buffer that was read, going back inside it does not flush.
        file.read(1)
        file.seek(0)
        file.write(content)
        file.seek(0)
        oracle.check(idxfast.load(file), content)


def test_reading_the_header_leaves_a_bytesio_at_its_position(content, packed):
    file = from_middle(b"xy" + packed(content), 2)
    assert idxfast.read_header(file).shape == (30, 20)
    assert file.tell() == 2


def test_descriptor(content, packed, oracle, tmp_path):
    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(b"before" + data)
    with path.open("rb", buffering=0) as file:
        file.seek(6)
        oracle.check(idxfast.load(file.fileno()), data)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 6 + len(data)


@pytest.mark.parametrize("is_available", [True, False])
def test_without_calls_of_the_system_the_same_is_read(is_available, tmp_path, monkeypatch):
    """Whole, in pieces, and row by row; to the end of the file and past it."""
    monkeypatch.setattr("idxfast.storage.source.FILLED", 7)
    if not is_available:
        monkeypatch.setattr("idxfast.storage.source.files", SimpleNamespace(AVAILABLE=False))
    content = bytes(range(100))
    (tmp_path / "file").write_bytes(content)
    with open_source(tmp_path / "file") as source:
        for size, offset in ((7, 3), (8, 3), (50, 0), (50, 70), (7, 96)):
            array = np.zeros(size, np.uint8)
            expected = content[offset : offset + size]
            assert source.fill(array, offset) == len(expected)
            assert array.tobytes() == expected + bytes(size - len(expected))
        rows = np.array([3, 0, 9, 4], np.int64)
        memory = np.zeros(40, np.uint8)
        # Of the row 9, which starts at byte 95, five bytes are there.
        assert source.read_rows(memory, 10, 5, rows) == 25
        expected = content[35:45] + content[5:15] + content[95:]
        assert memory[:25].tobytes() == expected


@pytest.mark.parametrize("is_available", [True, False])
def test_errors_of_the_system_name_the_file(is_available, tmp_path, monkeypatch):
    if not is_available:
        monkeypatch.setattr("idxfast.storage.source.files", SimpleNamespace(AVAILABLE=False))
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    array = np.empty(10, np.uint8)
    with path.open("rb", buffering=0) as file:
        source = FileSource(file, str(path), 100, owned=True)
    calls = {
        "read": (10, 0),
        "read_into": (memoryview(array), 0),
        "fill": (array, 0),
        "read_rows": (array, 10, 0, np.array([1])),
        "map": (mmap.ACCESS_READ,),
    }
    for name, arguments in calls.items():
        # The descriptor is closed.
        with pytest.raises(OSError) as caught:
            getattr(source, name)(*arguments)
        assert (caught.value.errno, caught.value.filename) == (errno.EBADF, str(path))
