"""Files that shrink or grow while they are read, and descriptors that have no more data yet."""

import os
import signal
import socket
import sys
import threading
import time

import numpy as np
import pytest

import idxfast


@pytest.fixture(scope="module")
def content(oracle):
    return oracle.pack(0x0B, (300, 200))


def change_after_fstat(monkeypatch, path, change):
    """Change the file once, when its size has just been asked for."""
    real, changed = os.fstat, []

    def fstat(descriptor):
        status = real(descriptor)
        if not changed and os.path.samestat(status, path.stat()):
            changed.append(change())
        return status

    monkeypatch.setattr(os, "fstat", fstat)
    return changed


@pytest.mark.parametrize("own", [True, False], ids=["out", "new"])
@pytest.mark.parametrize("size", [0, 1, 3, 4, 11, 12, 60_000, -1])
def test_file_shrinks_while_it_is_read(size, own, content, packed, tmp_path, monkeypatch):
    path = tmp_path / "file"
    data = packed(content)
    path.write_bytes(data)
    size = min(size, len(data) - 1) if size >= 0 else len(data) - 1
    out = np.empty((300, 200), np.int16) if own else None
    changed = change_after_fstat(monkeypatch, path, lambda: os.truncate(path, size))
    with path.open("rb") as file, pytest.raises(idxfast.TruncatedError):
        idxfast.load(file, out=out)
    assert changed


def test_file_grows_while_it_is_read(content, packed, oracle, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(packed(content))

    def grow():
        with path.open("ab") as file:
            file.write(b"x" * 100_000)

    changed = change_after_fstat(monkeypatch, path, grow)
    try:
        with path.open("rb") as file:
            array = idxfast.load(file)
    except idxfast.TrailingDataError:
        pass
    else:
        oracle.check(array, content)
    assert changed
    with pytest.raises(idxfast.TrailingDataError):
        idxfast.load(path)


@pytest.mark.parametrize("sent", [0, 3, 4, 7, 12, 1000, 60_000])
@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_nothing_yet_is_no_end(kind, buffering, sent, content, packed):
    """A non-blocking descriptor that has no more data yet (EAGAIN)."""
    if kind == "pipe":
        reading, writing = os.pipe()
    else:
        reading, writing = (end.detach() for end in socket.socketpair())
    with open(writing, "wb", buffering=0) as writer, open(reading, "rb", buffering) as reader:
        os.set_blocking(reading, False)
        writer.write(packed(content)[:sent])
        with pytest.raises(BlockingIOError):
            idxfast.load(reader)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_signals_do_not_end_a_read(content, packed, oracle):
    data = packed(content)
    reading, writing = os.pipe()
    rings = []

    def write():
        with open(writing, "wb", buffering=0) as file:
            for at in range(0, len(data), 5000):
                file.write(data[at : at + 5000])
                time.sleep(0.002)

    old = signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    thread = threading.Thread(target=write)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        thread.start()
        with open(reading, "rb") as file:
            oracle.check(idxfast.load(file), data)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        thread.join()
    assert rings


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are numbered otherwise")
@pytest.mark.parametrize("is_object", [True, False], ids=["object", "descriptor"])
@pytest.mark.parametrize("rows", [{}, {"start": 1, "stop": 7}], ids=["whole", "part"])
def test_a_descriptor_that_becomes_another_file_s(is_object, rows, tmp_path):
    """The caller closes the file and opens another, which gets the same number."""
    first, second = tmp_path / "first", tmp_path / "second"
    idxfast.save(first, np.full((8, 1 << 20), 1, np.uint8))
    idxfast.save(second, np.full((8, 1 << 20), 2, np.uint8))
    number = os.open(first, os.O_RDONLY)
    file = os.fdopen(number, "rb") if is_object else number

    def replace(done, total):
        if os.path.samestat(os.fstat(number), first.stat()):
            os.close(number)
            assert os.open(second, os.O_RDONLY) == number

    try:
        with pytest.raises(idxfast.IdxError, match="descriptor is another file's now") as error:
            idxfast.load(file, progress=replace, threads=1, **rows)
        assert (error.value.offset, error.value.part) == (0, "payload")
        assert str(second.stat().st_ino) in error.value.found
    finally:
        file.close() if is_object else os.close(number)
