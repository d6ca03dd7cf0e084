"""Reads by position, in pieces that the system takes."""

import os
import runpy
import threading

import pytest

import idxfast
from idxfast.storage import pread


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="needs reads by position")
def test_a_file_is_read_in_pieces_that_a_system_can(monkeypatch, tmp_path):
    read, read_into, sizes = os.pread, os.preadv, []

    def spy_read(descriptor, count, position):
        sizes.append(count)
        return read(descriptor, count, position)

    def spy_read_into(descriptor, buffers, position):
        sizes.append(sum(map(len, buffers)))
        return read_into(descriptor, buffers, position)

    monkeypatch.setattr(os, "pread", spy_read)
    monkeypatch.setattr(os, "preadv", spy_read_into)
    # The module takes the system's calls when it is imported.
    module = runpy.run_path(pread.__file__)
    monkeypatch.setitem(module["read_at"].__globals__, "MAX_READ", 3)
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb", buffering=0) as file:
        assert module["read_at"](file.fileno(), 8, 1) == b"12345678"
        buffer = bytearray(8)
        assert module["read_at_into"](file.fileno(), memoryview(buffer), 1) == 8
        assert buffer == b"12345678"
    assert sizes == [3, 3, 2] * 2


def test_a_system_that_cannot_read_by_position(monkeypatch, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "preadv")
    module = runpy.run_path(pread.__file__)
    with path.open("rb", buffering=0) as file:
        assert module["read_at"](file.fileno(), 20, 1) == b"123456789"
        buffer = bytearray(8)
        assert module["read_at_into"](file.fileno(), memoryview(buffer), 3) == 7
        assert buffer == b"3456789\0"


def test_a_signal_handler_may_read_where_a_system_cannot_by_position(monkeypatch, tmp_path):
    """It runs in the thread that reads, must not wait for that thread, and moves the position."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    monkeypatch.delattr(os, "pread")
    lseek, found = os.lseek, []
    handlers = [lambda: found.append(module["read_at"](file.fileno(), 2, 5))]

    def interrupted(*options):
        lseek(*options)
        if handlers:
            handlers.pop()()

    monkeypatch.setattr(os, "lseek", interrupted)
    module = runpy.run_path(pread.__file__)
    with path.open("rb", buffering=0) as file:
        thread = threading.Thread(
            target=lambda: found.append(module["read_at"](file.fileno(), 3, 1)), daemon=True
        )
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
    assert found == [b"56", b"123"]


@pytest.fixture(scope="module")
def content(oracle):
    return oracle.pack(0x0B, (300, 200))


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="needs reads by position")
@pytest.mark.parametrize("most", [1, 7, 4096])
def test_one_read_asks_for_no_more_than_the_system_takes(
    most, content, packed, oracle, tmp_path, monkeypatch
):
    for module in ("pread", "streams"):
        monkeypatch.setattr(f"idxfast.storage.{module}.MAX_READ", most)
    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(data)
    of_file, of_object, preadv = [0], [], os.preadv

    def spy(descriptor, buffers, position):
        of_file.append(sum(map(len, buffers)))
        return preadv(descriptor, buffers, position)

    with monkeypatch.context() as patch:
        patch.setattr(os, "preadv", spy)
        oracle.check(idxfast.load(path), data)

    class File:
        def readinto(self, buffer):
            of_object.append(len(buffer))
            return file.readinto(buffer)

    with path.open("rb") as file:
        oracle.check(idxfast.load(File()), data)
    assert max(of_object) == most
    assert max(of_file) <= most
