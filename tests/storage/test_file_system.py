"""What the file system does to a reader: errors, limits, files that change, descriptors that wait."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import idxfast
from handmade import GOOD, idx

FOLDER = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")


@pytest.fixture(scope="module")
def content(oracle):
    return oracle.pack(0x0B, (300, 200))


def run(code, *arguments):
    """Run code in a child and return what it prints."""
    child = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    return child.stdout.split()


@pytest.mark.parametrize("call", [idxfast.load, idxfast.read_header])
def test_unreadable_paths(call, tmp_path):
    loop, long = tmp_path / "loop", tmp_path / ("x" * 300)
    loop.symlink_to(loop)
    (tmp_path / "file").write_bytes(GOOD)
    for path, error, number in (
        (tmp_path / "missing", FileNotFoundError, errno.ENOENT),
        (tmp_path, IsADirectoryError, errno.EISDIR),
        (tmp_path / "file" / "inside", NotADirectoryError, errno.ENOTDIR),
        (loop, OSError, errno.ELOOP),
        (long, OSError, errno.ENAMETOOLONG),
    ):
        with pytest.raises(error) as caught:
            call(path)
        assert caught.value.errno == number
        assert caught.value.filename == str(path)
        assert not isinstance(caught.value, idxfast.IdxError)


def test_no_permission(tmp_path):
    (tmp_path / "file").write_bytes(GOOD)
    (tmp_path / "file").chmod(0)
    tmp_path.chmod(0o755)
    code = (
        "import os, sys, idxfast\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: idxfast.load('file')\n"
        "except PermissionError as error: print(error.filename)\n"
    )
    assert run(code, tmp_path) == ["file"]


@pytest.mark.skipif(
    shutil.which("yes") is None or not os.path.exists("/proc/self/cmdline"),
    reason="needs /proc, yes",
)
def test_a_file_that_says_it_is_empty():
    """The arguments of a process, each with a zero behind it, as a file of no size."""
    words = ["", "", "\x08\x01", "", "", "\x04abc"]
    # With a folder to start in, for posix_spawn takes no empty name.
    yes = {"executable": shutil.which("yes"), "cwd": "/"}
    with subprocess.Popen(words, **yes, stdout=subprocess.PIPE) as process:
        process.stdout.read(1)  # it has started, and is soon stopped by a full pipe
        path = f"/proc/{process.pid}/cmdline"
        assert os.stat(path).st_size == 0
        assert idxfast.load(path).tolist() == [*b"abc", 0]
        with open(path, "rb") as file:
            assert idxfast.load(file).tolist() == [*b"abc", 0]
        with pytest.raises(idxfast.IdxError, match="mapped"):
            idxfast.load(path, mmap_mode="r")
        process.kill()


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs /proc")
def test_error_of_the_system_passes():
    # Address 0 of a process cannot be read.
    with pytest.raises(OSError) as caught:
        idxfast.load("/proc/self/mem")
    assert caught.value.errno == errno.EIO
    assert not isinstance(caught.value, idxfast.IdxError)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_error_of_the_network_passes(number):
    class File:
        def readinto(self, buffer):
            raise OSError(number, os.strerror(number))

    with pytest.raises(OSError) as caught:
        idxfast.load(File())
    assert caught.value.errno == number
    assert not isinstance(caught.value, idxfast.IdxError)


@pytest.mark.skipif(not FOLDER.exists(), reason="needs a list of open descriptors")
def test_no_descriptor_leaks(content, packed, tmp_path):
    good, bad, target = tmp_path / "good", tmp_path / "bad", tmp_path / "target.gz"
    good.write_bytes(packed(content))
    bad.write_bytes(packed(content)[:-1])
    array = idxfast.load(good)
    before = sorted(os.listdir(FOLDER))
    for _ in range(20):
        idxfast.load(good)
        idxfast.read_header(bad)
        idxfast.save(target, array)
        for wrong, options in (
            (bad, {}), (tmp_path, {}), (tmp_path / "missing", {}), (bad, {"mmap_mode": "r"}),
            (good, {"out": array[0]}), (good, {"mmap_mode": "r+", "out": array}),
        ):  # fmt: skip
            with pytest.raises((OSError, ValueError)):
                idxfast.load(wrong, **options)
        with pytest.raises(IsADirectoryError):
            idxfast.save(tmp_path, array)
    assert sorted(os.listdir(FOLDER)) == before


@pytest.mark.skipif(not FOLDER.exists(), reason="needs a list of open descriptors")
def test_no_descriptors_left(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    code = (
        "import errno, os, resource, sys, idxfast\n"
        "path = sys.argv[1]\n"
        "array = idxfast.load(path)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "taken = []\n"
        "try:\n"
        "    while True: taken.append(os.open(path, os.O_RDONLY))\n"
        "except OSError: pass\n"
        "for free in range(6):\n"
        "    for call in (idxfast.load, idxfast.read_header, lambda p: idxfast.save(p, array + 1)):\n"
        "        try: call(path); print('done')\n"
        "        except OSError as error: print(error.errno == errno.EMFILE)\n"
        "    os.close(taken.pop())\n"
        "assert len(os.listdir(sys.argv[2])) == 40 - 6 + 1\n"
    )
    # To save takes five: of the folder, the private one, the new file, and the old one twice.
    expected = ["True"] * 3 + ["done", "done", "True"] * 4 + ["done"] * 3
    assert run(code, path, FOLDER) == expected
    assert os.listdir(tmp_path) == ["file"]
    assert np.array_equal(idxfast.load(path), idxfast.loads(content) + 1)


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


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, which nobody writes to yet."""
    if not hasattr(os, "mkfifo") or not hasattr(signal, "setitimer"):
        pytest.skip("needs named pipes and interval timers")
    old = signal.getsignal(signal.SIGALRM)
    os.mkfifo(tmp_path / "pipe")
    yield tmp_path / "pipe"
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


def test_signals_do_not_end_the_wait_for_a_pipe(pipe, content, oracle):
    rings = []
    signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    writer = threading.Timer(0.1, pipe.write_bytes, [content])
    writer.start()
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        oracle.check(idxfast.load(pipe), content)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        writer.cancel()
        writer.join()
    assert rings


def test_what_a_signal_raises_ends_the_wait_for_a_pipe(pipe):
    def ring(*_):
        raise KeyError("enough")

    signal.signal(signal.SIGALRM, ring)
    writer = threading.Timer(5, lambda: os.close(os.open(pipe, os.O_RDWR)))
    writer.start()
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyError, match="enough"):
            idxfast.load(pipe)
        assert writer.is_alive()
    finally:
        writer.cancel()
        writer.join()


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="needs reads by position")
@pytest.mark.parametrize("most", [1, 7, 4096])
def test_one_read_asks_for_no_more_than_the_system_takes(
    most, content, packed, oracle, tmp_path, monkeypatch
):
    for room in ("pread", "source"):
        monkeypatch.setattr(f"idxfast.{room}.MAX_READ", most)
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


def sparse(path, start, size):
    """A file of zeros behind the header that takes no room."""
    with path.open("wb") as file:
        file.write(start)
        try:
            file.truncate(size)
        except OSError:
            pytest.skip("the file system here does not hold a file of this size")


def test_a_file_larger_than_memory(tmp_path):
    path = tmp_path / "file"
    sparse(path, idx(8, 1 << 20, 1 << 20), (1 << 40) + 12)
    code = (
        "import resource, sys, idxfast\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))\n"
        "try: idxfast.load(sys.argv[1])\n"
        "except MemoryError as error: print('mmap_mode' in str(error), sys.argv[1] in str(error))\n"
    )
    assert run(code, path) == ["True", "True"]
    array = idxfast.load(path, mmap_mode="r")
    assert array.shape == (1 << 20, 1 << 20)
    assert array[-1, -1] == 0
