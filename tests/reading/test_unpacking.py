"""Mapped compressed files: what is unpacked, when, how often, and what may go wrong."""

import bz2
import errno
import gzip
import lzma
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import idxfast
from files.saves import ANOTHER, is_root
from idxfast.reading import unpacking
from idxfast.storage import space, unpacked
from idxfast.storage.folders import Folder
from idxfast.storage.identity import Version

pytestmark = pytest.mark.usefixtures("cache")

PACKERS = {"gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}
SHAPE = (50, 30, 20)


@pytest.fixture
def content(oracle):
    return oracle.pack(8, SHAPE)


@pytest.fixture
def path(content, tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(content))
    return path


def mapped(path, **options):
    return idxfast.load(path, mmap_mode="r", **options)


def names(cache, ending):
    return sorted(name for name in os.listdir(cache) if name.endswith(ending))


def check_is_tidy(cache, entries=1):
    assert len(names(cache, ".idx")) == entries
    assert {name.rpartition(".")[2] for name in os.listdir(cache)} == {"idx", "source"}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("code", [8, 9, 0x0B, 0x0C, 0x0D, 0x0E])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 0, 2), (5, 3, 4)], ids=str)
def test_values(shape, code, pack, oracle, cache, tmp_path):
    data = oracle.pack(code, shape)
    path = tmp_path / "file"
    path.write_bytes(pack(data))
    for mode in ("r", "c", "r"):
        array = idxfast.load(path, mmap_mode=mode)
        assert array.dtype == np.dtype(oracle.types[code][0]).newbyteorder(">")
        assert array.flags.writeable == (mode == "c")
        oracle.check(array.astype(array.dtype.newbyteorder("=")), data)
    (name,) = names(cache, ".idx")
    assert (cache / name).read_bytes() == data


@pytest.mark.parametrize("threads", [None, 1, 2])
@pytest.mark.parametrize("seekable", [False, True])
def test_files_as_published(seekable, threads, published, cache, tmp_path, unpacks):
    source = published / "train-images-idx3-ubyte.gz"
    content = gzip.decompress(source.read_bytes())
    path = tmp_path / "images.gz"
    if seekable:
        pixels = np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)
        idxfast.save(path, pixels, seekable=True)
    else:
        path.write_bytes(source.read_bytes())
    for _ in range(2):
        assert mapped(path, threads=threads).tobytes() == content[16:]
    assert len(unpacks) == 1
    check_is_tidy(cache)


def test_a_file_is_unpacked_once(path, content, cache, unpacks):
    first, second = mapped(path), mapped(str(path))
    with path.open("rb") as file:
        third = mapped(file)
    with path.open("rb") as file:
        fourth = mapped(file.fileno())
    assert len(unpacks) == 1
    for array in (first, second, third, fourth):
        assert array.tobytes() == content[16:]
    check_is_tidy(cache)


def test_what_the_cache_looks_like_to_others(path, cache):
    mapped(path)
    assert cache.stat().st_mode & 0o7777 == 0o700
    (name,) = names(cache, ".idx")
    assert (cache / name).stat().st_mode & 0o7777 == 0o444


def test_a_change_stays_private(path, content):
    array = idxfast.load(path, mmap_mode="c")
    array[:] = 0
    assert mapped(path).tobytes() == content[16:]


def test_an_object_that_begins_inside_a_file(path, content, oracle, tmp_path, unpacks):
    """The same file from another position holds something else."""
    other = oracle.pack(8, (9,))
    both = tmp_path / "both"
    first = gzip.compress(other)
    both.write_bytes(first + path.read_bytes())
    with both.open("rb") as file:
        file.seek(len(first))
        for _ in range(2):
            assert mapped(file).tobytes() == content[16:]
    assert len(unpacks) == 1
    with both.open("rb") as file, pytest.raises(idxfast.IdxError):
        mapped(file)


# A source that changes, or another one with the same content.


def test_copies_share_an_entry(path, content, cache, tmp_path, unpacks):
    first = mapped(path)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    path.unlink()
    assert mapped(copy).tobytes() == first.tobytes() == content[16:]
    assert len(unpacks) == 1
    assert len(names(cache, ".source")) == 2
    check_is_tidy(cache)


def test_the_same_array_compressed_in_another_way(path, content, cache, tmp_path, unpacks):
    mapped(path)
    other = tmp_path / "other"
    other.write_bytes(gzip.compress(content, 1))
    assert mapped(other).tobytes() == content[16:]
    assert len(unpacks) == 2


def test_a_file_that_others_may_write_to_shares_its_entry_with_no_other(path, tmp_path, unpacks):
    mapped(path)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o666)
    for _ in range(2):
        mapped(copy)
    assert len(unpacks) == 2
    another = tmp_path / "another"
    another.write_bytes(path.read_bytes())
    mapped(another)
    assert len(unpacks) == 2


@is_root
def test_a_file_of_another_user_shares_its_entry_with_no_other(path, tmp_path, unpacks):
    os.chown(path, ANOTHER, ANOTHER)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    for _ in range(2):
        mapped(path)
        mapped(copy)
    assert len(unpacks) == 2


def replace(path, data):
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


def edit(path, data):
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def edit_and_restore_times(path, data):
    status = path.stat()
    edit(path, data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_and_restore_times(path, data):
    status = path.stat()
    replace(path, data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [replace, edit, edit_and_restore_times, replace_and_restore_times]
)
def test_another_content_under_the_same_name(change, oracle, tmp_path):
    """Of the same size, as stored blocks; each change comes right after the mapping."""
    path = tmp_path / "file.gz"
    path.touch()
    for value in range(5):
        data = oracle.pack(8, (1000,), bytes([value]) * 1000)
        change(path, gzip.compress(data, 0, mtime=0))
        assert mapped(path).tobytes() == data[8:]
    change(path, gzip.compress(oracle.pack(8, (3,))))
    assert mapped(path).shape == (3,)


def test_times_that_programs_may_have_set(oracle, tmp_path, monkeypatch, unpacks):
    """As on two read-only images, mounted in the same place, whose files have equal times."""
    path = tmp_path / "file.gz"
    contents = [oracle.pack(8, (1000,), bytes([value]) * 1000) for value in (1, 2)]
    second = 1_700_000_000_000_000_000
    same = Version(1, 2, len(gzip.compress(contents[0], 0)), second, second)
    monkeypatch.setattr(Version, "of", lambda descriptor: same)
    for data in contents * 2:
        path.write_bytes(gzip.compress(data, 0, mtime=0))
        assert mapped(path).tobytes() == data[8:]
    assert len(unpacks) == 2  # the others are recognised by their bytes


def act_while_unpacking(monkeypatch, act):
    """Call a function once, before the last bytes of a file are read."""
    done = []
    real = unpacking._fill

    def fill(*arguments):
        real(*arguments)
        if not done:
            done.append(True)
            act()

    monkeypatch.setattr(unpacking, "_fill", fill)


def test_written_to_while_it_is_unpacked(path, content, cache, monkeypatch):
    data = path.read_bytes()
    act_while_unpacking(monkeypatch, lambda: edit(path, data))
    with pytest.raises(idxfast.IdxError, match="written to while it was unpacked") as caught:
        mapped(path)
    assert caught.value.filename == str(path)
    assert not os.listdir(cache)
    assert mapped(path).tobytes() == content[16:]


@pytest.mark.parametrize("threads", [None, 1])
def test_replaced_while_it_is_unpacked(threads, path, content, cache, oracle, monkeypatch):
    """The file that was opened is mapped; then the new one."""
    other = oracle.pack(8, (4,))
    act_while_unpacking(monkeypatch, lambda: replace(path, gzip.compress(other)))
    assert mapped(path, threads=threads).tobytes() == content[16:]
    assert mapped(path).tobytes() == other[8:]
    check_is_tidy(cache, 2)


def test_edited_behind_the_decoder(path, content, cache, monkeypatch):
    """Times that were put back do not let other bytes be hashed than were decoded."""
    data = path.read_bytes()

    def act():
        edit_and_restore_times(path, data[:-1] + b"\1")

    act_while_unpacking(monkeypatch, act)
    with pytest.raises(idxfast.IdxError):
        mapped(path, threads=1)
    assert not names(cache, ".idx")


# Damage.


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("damage", ["cut", "flipped", "trailing", "checksum"])
def test_a_damaged_file_leaves_nothing(damage, pack, content, cache, tmp_path):
    path = tmp_path / "file"
    data = bytearray(pack(content))
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "flipped":
        data[len(data) // 2] ^= 255
    elif damage == "trailing":
        data += b"abc"
    else:
        data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(idxfast.IdxError) as caught:
        mapped(path)
    with pytest.raises(type(caught.value)) as expected:
        idxfast.load(path)
    assert str(caught.value) == str(expected.value)
    assert not os.listdir(cache)


def truncate(entry):
    os.truncate(entry, entry.stat().st_size - 1)


def lengthen(entry):
    with entry.open("ab") as file:
        file.write(b"\0")


def another_header(entry):
    with entry.open("r+b") as file:
        file.write(b"\0\0\t")


def empty(entry):
    os.truncate(entry, 0)


def link(entry):
    other = entry.with_suffix(".moved")
    entry.rename(other)
    entry.symlink_to(other)


@pytest.mark.parametrize("damage", [truncate, lengthen, another_header, empty, link, os.remove])
@pytest.mark.parametrize("is_copy", [False, True])
def test_a_damaged_entry_is_made_again(is_copy, damage, path, content, cache, unpacks):
    kept = mapped(path)
    (name,) = names(cache, ".idx")
    (cache / name).chmod(0o644)
    damage(cache / name)
    if is_copy:
        replace(path, path.read_bytes())
    del kept
    assert mapped(path).tobytes() == content[16:]
    assert len(unpacks) == 2
    assert not (cache / name).is_symlink()
    assert (cache / name).read_bytes() == content


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"x\ny\nz", b"../x\n00000800\nz", b"\xff\n\n", b"a" * 64 + b"\n00\nz"]
)
def test_a_damaged_record_is_made_again(text, path, content, cache):
    mapped(path)
    (name,) = names(cache, ".source")
    before = (cache / name).read_bytes()
    (cache / name).write_bytes(text)
    assert mapped(path).tobytes() == content[16:]
    assert (cache / name).read_bytes() == before
    check_is_tidy(cache)


# Limits.


def test_max_bytes(path, cache):
    nbytes = 30_000
    with pytest.raises(idxfast.SizeError, match="max_bytes") as caught:
        mapped(path, max_bytes=nbytes - 1)
    assert (caught.value.expected, caught.value.found) == ("at most 29,999 bytes", nbytes)
    assert not os.listdir(cache)
    for _ in range(2):
        assert mapped(path, max_bytes=nbytes).nbytes == nbytes
        with pytest.raises(idxfast.SizeError, match="max_bytes"):
            mapped(path, max_bytes=nbytes - 1)
    with pytest.raises(ValueError, match="max_bytes is -1"):
        mapped(path, max_bytes=-1)


def test_a_file_that_does_not_fit(path, cache, monkeypatch):
    monkeypatch.setattr(unpacked, "MOST_BYTES", 30_015)
    with pytest.raises(idxfast.SizeError, match="load the file without mmap_mode, or open it"):
        mapped(path)
    assert not os.listdir(cache)
    monkeypatch.setattr(unpacked, "MOST_BYTES", 30_016)
    assert mapped(path).shape == SHAPE


def test_a_tenth_of_the_disk_at_most(path, monkeypatch):
    monkeypatch.setattr(unpacked, "free_space", lambda folder: 300_159)
    with pytest.raises(idxfast.SizeError) as caught:
        mapped(path)
    assert (caught.value.expected, caught.value.found) == ("at most 30,015 bytes", 30_016)
    monkeypatch.setattr(unpacked, "free_space", lambda folder: 300_160)
    assert mapped(path).shape == SHAPE


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_header_that_lies(pack, oracle, cache, tmp_path):
    """It announces 1 GB, in a file of few bytes."""
    path = tmp_path / "file"
    path.write_bytes(pack(bytes.fromhex("00000801 40000000") + bytes(100)))
    with pytest.raises(idxfast.TruncatedError):
        mapped(path)
    assert not os.listdir(cache)


def test_progress(path):
    calls = []
    mapped(path, progress=lambda *numbers: calls.append(numbers))
    assert calls[-1] == (30_016, 30_016)
    calls.clear()
    mapped(path, progress=lambda *numbers: calls.append(numbers))
    assert not calls


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_an_error_of_progress_leaves_nothing(error, path, cache):
    def stop(done, total):
        raise error

    with pytest.raises(error):
        mapped(path, progress=stop)
    assert not os.listdir(cache)


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
    """What is in it can be mapped; nothing can be added."""
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
    # A lock spares most threads the work; one that looks too early may do it, too.
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
    assert len(names(cache, ".part")) == 1  # each has removed what was left before
    assert mapped(path).tobytes() == content[16:]
    check_is_tidy(cache)


def test_another_process_that_unpacks_is_left_alone(path, content, oracle, cache, tmp_path):
    """Its file is not abandoned as long as it has it open."""
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
    """By another process, for want of space."""
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
    monkeypatch.setattr(unpacked, "MOST_BYTES", 30_016)
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
