"""No room, a kill, Ctrl-C, a second thread: the old file or the new one, whole."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import idxfast

KINDS = ["raw", "gz", "seekable"]


def target(folder, kind):
    """A path of a kind, and what save needs to be told."""
    return folder / ("file" if kind == "raw" else "file.gz"), {"seekable": kind == "seekable"}


def run(code, *arguments, before=()):
    """Run code in a child and return what it prints."""
    command = [*before, sys.executable, "-P", "-c", code, *map(str, arguments)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
    return child.stdout.split()


# Saves ones over zeros with ever more room, until they fit.
LIMITED = """
import errno, os, resource, sys, numpy, idxfast
path, seekable, step = sys.argv[1], sys.argv[2] == "seekable", int(sys.argv[3])
old = numpy.zeros(3, numpy.uint8)
new = numpy.random.default_rng(1).integers(0, 256, 60_000, numpy.uint8)
idxfast.save(path, old, seekable=seekable)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
failures = 0
for size in range(0, 200_000, step):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        idxfast.save(path, new, seekable=seekable)
    except OSError as error:
        assert error.errno == errno.EFBIG, error
        assert numpy.array_equal(idxfast.load(path), old)
        assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
        failures += 1
    else:
        break
assert numpy.array_equal(idxfast.load(path), new)
print(failures)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_of_file_sizes(kind, tmp_path):
    pytest.importorskip("resource", reason="needs resource limits")
    path, _ = target(tmp_path, kind)
    # 60,008 bytes and more fit into none of 0, 1, ... 14 times 4 KiB.
    assert run(LIMITED, path, kind, 4096) == ["15"]


# In a file system of 256 KiB, where another file leaves only a given number of bytes.
FULL = """
import errno, os, sys, numpy, idxfast
folder, kind = sys.argv[1:]
path = os.path.join(folder, "file" if kind == "raw" else "file.gz")
old = numpy.zeros(3, numpy.uint8)
new = numpy.random.default_rng(1).integers(0, 256, 60_000, numpy.uint8)
idxfast.save(path, old, seekable=kind == "seekable")
answers = []
for free in (0, 4096, 8192, 40960, 57344, 65536, 131072):
    with open(os.path.join(folder, "ballast"), "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)): pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(file.tell() - free)
    try:
        idxfast.save(path, new, seekable=kind == "seekable")
        answers.append("saved")
        assert numpy.array_equal(idxfast.load(path), new)
        break
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        answers.append("full")
    assert numpy.array_equal(idxfast.load(path), old)
    assert sorted(os.listdir(folder)) == ["ballast", os.path.basename(path)]
print(*answers)
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device():
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError) as caught:
        idxfast.save(file, np.zeros(100, np.uint8))
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk(kind, tmp_path, run_child, with_mount):
    before = with_mount(f"mount -t tmpfs -o size=256k,mode=0777 none {tmp_path}")
    assert run_child(FULL, tmp_path, kind, before=before, timeout=60) == ["full"] * 5 + ["saved"]


def test_a_killed_save_leaves_one_whole_file(tmp_path):
    path = tmp_path / "file.gz"
    idxfast.save(path, np.zeros(200_000, np.int32))
    code = (
        "import idxfast, numpy, itertools\n"
        "for i in itertools.count(1):\n"
        f"    idxfast.save({str(path)!r}, numpy.full(200_000, i, numpy.int32))\n"
    )
    for i in range(8):
        process = subprocess.Popen([sys.executable, "-P", "-c", code])
        time.sleep(0.3 + 0.013 * i)
        process.kill()
        process.wait()
        array = idxfast.load(path)
        assert array.shape == (200_000,)
        assert (array == array[0]).all()


# Saves over and over; an alarm comes at a random moment, as Ctrl-C does.
INTERRUPTED = """
import os, random, signal, sys, time, numpy, idxfast
path, seekable = sys.argv[1], sys.argv[2] == "seekable"
signal.signal(signal.SIGALRM, signal.default_int_handler)
dice = random.Random(1)
for _ in range(2):  # the first one loads more of numpy
    start = time.perf_counter()
    idxfast.save(path, numpy.zeros(20_000, numpy.int32), seekable=seekable)
    duration = time.perf_counter() - start
interrupts = 0
for i in range(1, 101):
    array = numpy.full(20_000, i, numpy.int32)
    old = idxfast.load(path)[0]
    start = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-6, duration))
        idxfast.save(path, array, seekable=seekable)
        signal.setitimer(signal.ITIMER_REAL, 0)
        duration = min(duration, time.perf_counter() - start)
    except KeyboardInterrupt:
        interrupts += 1
    left = os.listdir(os.path.dirname(path))
    assert left == [os.path.basename(path)], left
    found = idxfast.load(path)
    assert found.shape == (20_000,) and (found == found[0]).all() and found[0] in (old, i)
print(interrupts)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_save_leaves_one_whole_file(kind, tmp_path):
    path, options = target(tmp_path, kind)
    idxfast.save(path, np.zeros(20_000, np.int32), **options)
    assert int(*run(INTERRUPTED, path, kind)) > 10


@pytest.mark.parametrize("kind", KINDS)
def test_an_array_that_changes_while_it_is_saved(kind, tmp_path):
    path, options = target(tmp_path, kind)
    array = np.zeros(100_000, np.int32)
    stop = threading.Event()

    def change():
        value = 0
        while not stop.is_set():
            value = -1 - value
            array.fill(value)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(20):
            idxfast.save(path, array, **options)
            found = idxfast.load(path)
            assert found.shape == array.shape
            assert set(np.unique(found)) <= {0, -1}
    finally:
        stop.set()
        thread.join()
