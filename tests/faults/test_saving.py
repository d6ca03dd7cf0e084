"""A kill, a full disk, Ctrl-C at any moment of a save: the old file or the new one, whole."""

import os

import pytest

import idxfast

KINDS = ["raw", "gz", "seekable"]


@pytest.fixture(params=KINDS)
def target(request, tmp_path):
    """A path to save to, and whether to save it seekable, as a child's arguments."""
    folder = tmp_path / "folder"
    folder.mkdir()
    name = "file" if request.param == "raw" else "file.gz"
    return folder / name, str(int(request.param == "seekable"))


# The i-th array is told from any other by its length, and by each of its values.
SAVING = """
import errno, os, random, resource, signal, sys, time
import numpy, idxfast

path, seekable = sys.argv[1], sys.argv[2] == "1"
folder, name = os.path.split(path)


def array(i):
    return numpy.random.default_rng(i).integers(0, 256, (100_000 + i, 4), numpy.uint8)


def save(i):
    idxfast.save(path, array(i), seekable=seekable, threads=2)


def saved():
    found = idxfast.load(path)
    i = len(found) - 100_000
    assert numpy.array_equal(found, array(i)), "a mix"
    return i


def time_of_save():
    save(0)  # which imports what saving needs
    start = time.perf_counter()
    save(0)
    return time.perf_counter() - start
"""

KILLED = (
    SAVING
    + """
dice, duration = random.Random(1), time_of_save()
old = news = 0
for i in range(1, int(sys.argv[3]) + 1):
    child = os.fork()
    if not child:
        save(i)
        os._exit(0)
    time.sleep(dice.uniform(0, 1.3 * duration))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = saved()
    assert found in (old, i)
    news += found == i
    old = found
print(news, len(os.listdir(folder)) - 1)
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_moment(target, rounds, run_child):
    path, seekable = target
    # From 3.12 on, Python warns of a fork beside the threads that numpy's BLAS starts.
    warnings = ["env", "PYTHONWARNINGS=ignore::DeprecationWarning"]
    news, left = map(int, run_child(KILLED, path, seekable, rounds, before=warnings, timeout=600))
    if rounds >= 100:
        assert 0 < news < rounds
        assert left
    # What the kills have left goes with the first save on a later day.
    for left in path.parent.glob(".*.tmp/*"):
        os.utime(left, (0, 0))
    array = idxfast.load(path)
    idxfast.save(path, array)
    assert os.listdir(path.parent) == [path.name]


LIMITED = (
    SAVING
    + """
save(0)
size, hard = os.path.getsize(path), resource.getrlimit(resource.RLIMIT_FSIZE)[1]
failed = 0
for i in range(1, int(sys.argv[3]) + 1):
    limit = size * i // int(sys.argv[3]) - 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        save(0 if i % 2 else 1)
    except OSError as error:
        assert error.errno == errno.EFBIG, error
        failed += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert saved() == 0
    assert os.listdir(folder) == [name]
save(1)
print(failed, saved())
"""
)


def test_a_limit_of_file_sizes(target, rounds, run_child):
    pytest.importorskip("resource", reason="needs resource limits")
    assert run_child(LIMITED, *target, rounds, timeout=600) == [str(rounds), "1"]


# In a file system of 2 MiB, where another file leaves only a given number of bytes.
FULL = (
    SAVING
    + """
save(0)
rounds, pages = int(sys.argv[3]), os.path.getsize(path) // 4096
failed = 0
for i in range(rounds):
    with open(os.path.join(folder, "ballast"), "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)): pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(file.tell() - 4096 * (pages * i // rounds))
    try:
        save(1)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        failed += 1
    assert saved() == 0
    assert sorted(os.listdir(folder)) == ["ballast", name]
    os.unlink(os.path.join(folder, "ballast"))
save(1)
print(failed, saved())
"""
)


def test_a_full_disk(target, rounds, run_child, with_mount):
    before = with_mount(f"mount -t tmpfs -o size=2m,mode=0777 none {target[0].parent}")
    assert run_child(FULL, *target, rounds, before=before, timeout=600) == [str(rounds), "1"]
