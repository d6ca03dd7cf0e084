"""Mapped compressed files: failures of the disk and the folder, other processes, other systems."""

import errno
import gzip
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import idxfast
from files.saves import ANOTHER, is_root
from files.unpacked import check_is_tidy, mapped, names
from idxfast.storage import space, unpacked
from idxfast.storage.folders import Folder

pytestmark = pytest.mark.usefixtures("cache")

# The disk, and the folder.


def full(*arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="cannot reserve space")
def test_a_full_disk(path, cache, content, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match=r"No space left .*IDXFAST_CACHE can name") as caught:
            mapped(path)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(cache)
    assert not os.listdir(cache)
    assert mapped(path).tobytes() == content[16:]


SMALL_DISK = """
import os, sys, idxfast
from idxfast.storage import space, unpacked
unpacked.free_space = lambda folder: 1 << 40
if sys.argv[2] == "write":
    del os.posix_fallocate
try:
    idxfast.load(sys.argv[1], mmap_mode="r")
except OSError as error:
    print(error.errno, *os.listdir(os.environ["IDXFAST_CACHE"] + "/unpacked"))
"""


@pytest.mark.parametrize("how", ["reserve", "write"])
def test_a_file_system_that_is_too_small(how, oracle, tmp_path, run_child, with_mount):
    path, place = tmp_path / "file.gz", tmp_path / "cache"
    path.write_bytes(gzip.compress(oracle.pack(8, (1 << 20,))))
    place.mkdir()
    before = with_mount(f"mount -t tmpfs -o size=256k,mode=0777 none {place}")
    assert run_child(SMALL_DISK, path, how, before=before) == [str(errno.ENOSPC)]


@is_root
def test_an_entry_of_another_user_is_not_used(path, content, cache, unpacks):
    mapped(path)
    (name,) = names(cache, ".idx")
    (cache / name).unlink()
    (cache / name).write_bytes(content[:16] + bytes(30_000))
    os.chown(cache / name, ANOTHER, ANOTHER)
    assert mapped(path).tobytes() == content[16:]
    assert len(unpacks) == 2


@pytest.mark.parametrize("what", ["a file", "a link"])
def test_something_else_has_the_name_of_the_folder(what, path, cache, tmp_path):
    cache.parent.mkdir()
    if what == "a file":
        cache.touch()
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        cache.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="IDXFAST_CACHE") as caught:
        mapped(path)
    assert caught.value.filename == str(cache)
    assert not list(tmp_path.glob("elsewhere/*"))


def test_a_cache_that_cannot_be_made(path, cache):
    cache.parent.write_bytes(b"")
    with pytest.raises(OSError, match="IDXFAST_CACHE") as caught:
        mapped(path)
    assert caught.value.filename == str(cache)


def test_no_home_directory(path, monkeypatch):
    monkeypatch.delenv("IDXFAST_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(OSError, match="IDXFAST_CACHE"):
        mapped(path)


def test_a_relative_cache(path, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IDXFAST_CACHE", "here")
    assert mapped(path).tobytes() == content[16:]
    assert len(names(tmp_path / "here" / "unpacked", ".idx")) == 1


READ_ONLY = """
import os, sys, idxfast
for path in sys.argv[1:]:
    try:
        print(idxfast.load(path, mmap_mode="r").sum())
    except OSError as error:
        print(error.errno, "IDXFAST_CACHE" in error.strerror)
"""


def test_a_read_only_cache(path, cache, oracle, tmp_path, run_child, with_mount):
    """Files that are in the cache can be mapped. No file can be added."""
    total = mapped(path).sum()
    other = tmp_path / "other.gz"
    other.write_bytes(gzip.compress(oracle.pack(8, (3,))))
    before = with_mount(f"mount --bind {cache} {cache} && mount -o remount,ro,bind {cache}")
    answer = run_child(READ_ONLY, path, other, before=before)
    assert answer == [str(total), str(errno.EROFS), "True"]


# Other processes and threads.

EIGHT = """
import multiprocessing, os, sys
def work(path, barrier, results):
    import idxfast, idxfast.reading.unpacking
    barrier.wait()
    results.put(int(idxfast.load(path, mmap_mode="r").sum()))
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    barrier, results = context.Barrier(8), context.SimpleQueue()
    workers = [context.Process(target=work, args=(sys.argv[1], barrier, results)) for _ in range(8)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print(*(results.get() for _ in workers))
"""


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_eight_processes_at_once(method, oracle, cache, tmp_path):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(oracle.pack(8, (3_000_000,)), 1))
    script = tmp_path / "script.py"
    script.write_text(EIGHT)
    command = [
        sys.executable,
        "-W",
        "error",
        "-W",
        "ignore::DeprecationWarning",
        script,
        path,
        method,
    ]
    child = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert child.returncode == 0, child.stderr
    assert child.stdout.split() == [str(idxfast.load(path).sum())] * 8
    check_is_tidy(cache)


@pytest.mark.parametrize("has_locks", [True, False])
def test_eight_threads_at_once(has_locks, path, content, cache, unpacks, monkeypatch):
    if not has_locks:
        monkeypatch.setattr("idxfast.storage.locks.fcntl", None)
    barrier, found = threading.Barrier(8), []

    def work():
        barrier.wait()
        found.append(mapped(path))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [array.tobytes() for array in found] == [content[16:]] * 8
    # Because of the lock, most threads do not unpack. A thread that looks too early may do so.
    assert len(unpacks) < 8 or not has_locks
    if has_locks:
        check_is_tidy(cache)
    else:
        assert len(names(cache, ".idx")) == 1


KILLED = """
import os, signal, sys, idxfast
idxfast.load(
    sys.argv[1], mmap_mode="r", progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL)
)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_while_it_unpacks(path, content, cache):
    for _ in range(3):
        command = [sys.executable, "-P", "-c", KILLED, str(path)]
        assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    assert not names(cache, ".idx") and not names(cache, ".source")
    assert len(names(cache, ".part")) == 1  # each process has removed the file of the one before
    assert mapped(path).tobytes() == content[16:]
    check_is_tidy(cache)


def test_another_process_that_unpacks_is_left_alone(path, content, oracle, cache, tmp_path):
    """A file that another process has open is not taken for abandoned."""
    other = tmp_path / "other.gz"
    other.write_bytes(gzip.compress(oracle.pack(8, (3,))))
    seen = []

    def act(done, total):
        if not seen:
            seen.append(names(cache, ".part"))
            mapped(other)
            assert set(seen[0]) <= set(names(cache, ".part"))

    assert mapped(path, progress=act).tobytes() == content[16:]
    assert len(seen[0]) == 1
    check_is_tidy(cache, 2)


def test_an_entry_that_is_removed_at_once(path, content, monkeypatch, unpacks):
    """Another process may remove the entry, for want of space."""
    real = unpacked.UnpackedFiles.add

    def add(self, key, *arguments):
        real(self, key, *arguments)
        if len(unpacks) < 3:
            self.folder.remove(f"{key}.idx")

    monkeypatch.setattr(unpacked.UnpackedFiles, "add", add)
    assert mapped(path).tobytes() == content[16:]
    assert len(unpacks) == 3


def test_an_entry_that_is_always_removed(path, monkeypatch):
    monkeypatch.setattr(unpacked.UnpackedFiles, "open", lambda *_: None)
    with pytest.raises(OSError, match="keep removing") as caught:
        mapped(path)
    assert caught.value.errno == errno.EBUSY


# Systems that lack something.


def test_without_reserving(path, content, cache, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    monkeypatch.setattr(space, "WRITTEN", 1000)
    for _ in range(2):
        assert mapped(path).tobytes() == content[16:]
    check_is_tidy(cache)


def test_without_removing_mapped_files(path, content, oracle, cache, tmp_path, monkeypatch):
    """As on Windows: the cache is then larger than it should be."""
    real = Folder.remove

    def remove(self, name):
        if name.endswith(".idx"):
            raise PermissionError(errno.EACCES, "the file is in use", name)
        real(self, name)

    monkeypatch.setattr(Folder, "remove", remove)
    monkeypatch.setattr(unpacked, "MAX_BYTES", 30_016)
    first = mapped(path)
    other = tmp_path / "other.gz"
    other.write_bytes(gzip.compress(oracle.pack(8, (3,))))
    assert mapped(other).shape == (3,)
    assert first.tobytes() == content[16:]
    assert len(names(cache, ".idx")) == 2


def test_without_a_second_thread(path, content, monkeypatch):
    def start(*arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("idxfast.threads.thread.start_new_thread", start)
    assert mapped(path).tobytes() == content[16:]


def test_time_does_not_pass_backwards(path, content, unpacks, monkeypatch):
    """A file from the future, as a server with another clock may date it, is mapped as well."""
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    for _ in range(2):
        assert mapped(path).tobytes() == content[16:]
    assert len(unpacks) == 1
