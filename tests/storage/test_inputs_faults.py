"""Paths that cannot be opened or read, and descriptors that run out, leak or wait."""

import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import idxfast
from files.handmade import GOOD, idx

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


@pytest.mark.parametrize(
    "call",
    [
        idxfast.load,
        idxfast.open,
        idxfast.read_header,
        lambda path: idxfast.load(path, mmap_mode="r"),
        lambda path: idxfast.load(path, mmap_mode="r+"),
    ],
)
def test_a_folder_is_for_load_dataset(call, tmp_path):
    with pytest.raises(IsADirectoryError, match="Is a directory; load_dataset loads images and"):
        call(tmp_path)


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
    """The arguments of a process, each followed by a zero byte, in a file that claims no bytes."""
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
    assert caught.value.filename == "/proc/self/mem"
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
    gc.collect()  # which closes what earlier tests have left
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
        "taken, kept = [], []\n"
        "try:\n"
        "    while True: taken.append(os.open(path, os.O_RDONLY))\n"
        "except OSError: pass\n"
        "for free in range(6):\n"
        "    for call in (idxfast.load, idxfast.read_header, lambda p: idxfast.save(p, array + 1)):\n"
        "        try: call(path); print('done')\n"
        "        except OSError as error: kept.append(error); print(error.errno == errno.EMFILE)\n"
        "    os.close(taken.pop())\n"
        "assert len(os.listdir(sys.argv[2])) == 40 - 6 + 1\n"
    )
    # A save takes five: for the folder, the private one, the new file, and the old one twice.
    expected = ["True"] * 3 + ["done", "done", "True"] * 4 + ["done"] * 3
    assert run(code, path, FOLDER) == expected
    assert os.listdir(tmp_path) == ["file"]
    assert np.array_equal(idxfast.load(path), idxfast.loads(content) + 1)


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
    writer = threading.Timer(60, lambda: os.close(os.open(pipe, os.O_RDWR)))
    writer.start()
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyError, match="enough"):
            idxfast.load(pipe)
        assert writer.is_alive()
    finally:
        writer.cancel()
        writer.join()


def sparse(path, start, size):
    """A sparse file: the zeros after its header take no room."""
    with path.open("wb") as file:
        file.write(start)
        try:
            file.truncate(size)
        except OSError:
            pytest.skip("the file system here does not hold a file of this size")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the address space")
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


def test_an_empty_file_is_a_file(tmp_path):
    """It is told from files in /proc, which say that they are empty, and cannot be mapped."""
    path = tmp_path / "file"
    path.touch()
    for mode in (None, "r"):
        with pytest.raises(idxfast.TruncatedError, match="the file is empty"):
            idxfast.load(path, mmap_mode=mode)
