"""Ctrl-C at any moment of a load or save on threads: it is answered soon, and nothing is left."""

import bz2
import gzip
import inspect
import lzma
import os
import random
import signal
import subprocess
import sys
import time
from statistics import median

import numpy as np
import pytest

import idxfast
from files import interrupts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

# An answer after more milliseconds than this comes too late. The median was about 10, and the
# longest 200. On a busy machine, answers take longer.
TOO_LATE = 5_000

# Prints when it begins to call something again and again, and then when Ctrl-C ended this.
CHILD = """
import _thread, os, sys, time
import numpy, idxfast

call, path, threads, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
before = _thread._count()
folder, name = os.path.split(path)
array = idxfast.load(path)
target = os.path.join(folder, "saved", "file.gz" if call != "raw" else "file")
CALLS = {
    "load": lambda: idxfast.load(path, threads=threads),
    "load a part": lambda: idxfast.load(
        path, start=len(array) - 9, stop=len(array) - 1, threads=threads
    ),
    "open": lambda: open_and_read(),
    "raw": lambda: idxfast.save(target, array, threads=threads),
    "gz": lambda: idxfast.save(target, array, threads=threads, compresslevel=1),
    "seekable": lambda: idxfast.save(target, array, threads=threads, seekable=True),
}


def open_and_read():
    # A first pass, and then a read of all parts.
    with idxfast.open(path, cache_bytes=0, threads=threads) as file:
        file[0]
        file.read(0, len(file))


def note_interrupt(unraisable):
    # Finalizers can raise nothing. Python reports a Ctrl-C that comes while one runs.
    if unraisable.exc_type is KeyboardInterrupt:
        reported.append(None)
    else:
        sys.__unraisablehook__(unraisable)


reported = []
sys.unraisablehook = note_interrupt


def call_again_and_again():
    begun = time.monotonic()
    while time.monotonic() < begun + 120:
        CALLS[call]()
        if reported:
            reported.clear()
            raise KeyboardInterrupt
    sys.exit("Ctrl-C was lost")


CALLS[call]()
start = time.monotonic()
CALLS[call]()
print(time.monotonic() - start, flush=True)
for _ in range(rounds):
    try:
        print("begun", flush=True)
        # A function: some CPythons leave the jump back of a loop out of the "try" around it.
        call_again_and_again()
    except KeyboardInterrupt:
        answered = time.monotonic()
    while _thread._count() > before and time.monotonic() < answered + 60:
        time.sleep(0.001)
    print(answered, _thread._count() - before, flush=True)
    if call in ("raw", "gz", "seekable"):
        assert os.listdir(os.path.dirname(target)) == [os.path.basename(target)]
        assert numpy.array_equal(idxfast.load(target), array)
assert numpy.array_equal(idxfast.load(path, threads=threads), array)
"""


def interrupt(call, path, threads, rounds):
    """Interrupt a call at a number of random moments; return how long each answer took, in ms."""
    command = [sys.executable, "-P", "-c", CHILD, call, str(path), str(threads), str(rounds)]
    dice, answers = random.Random(1), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        duration = float(child.stdout.readline())
        for _ in range(rounds):
            assert child.stdout.readline() == "begun\n"
            time.sleep(dice.uniform(0, 2 * duration))
            sent = time.monotonic()
            child.send_signal(signal.SIGINT)
            answered, *left = child.stdout.readline().split()
            if left != ["0"]:
                child.kill()
            assert left == ["0"]
            answers.append(1000 * (float(answered) - sent))
        assert not child.stdout.read()
    assert child.returncode == 0
    print(f"{call}, {threads} threads: median {median(answers):.1f}, worst {max(answers):.1f} ms")
    return max(answers)


@pytest.fixture(scope="module")
def array(request):
    """Blots on zeros, much like handwriting: 40 MB, or 120 MB with --faults."""
    dice = np.random.default_rng(1)
    out = np.zeros((50_000, 28, 28), np.uint8)
    out[:, 8:18, 9:16] = dice.integers(0, 256, (50_000, 10, 7))
    return np.concatenate([out] * 3) if request.config.getoption("--faults") else out


@pytest.fixture
def path(array, tmp_path):
    (tmp_path / "saved").mkdir()
    idxfast.save(tmp_path / "file", array)
    return tmp_path / "file"


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("kind", ["raw", "swapped", "gz", "seekable"])
def test_load(kind, threads, array, tmp_path, rounds):
    path = tmp_path / ("file.gz" if kind in ("gz", "seekable") else "file")
    if kind == "gz":
        path.write_bytes(gzip.compress(idxfast.dumps(array), 1))
    elif kind == "seekable":
        idxfast.save(path, array, seekable=True)
    else:
        idxfast.save(path, array if kind == "raw" else array.view(">i4"))
    assert interrupt("load", path, threads, min(rounds, 100)) < TOO_LATE


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("call", ["load a part", "open"])
def test_parts(call, threads, array, tmp_path, rounds):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(idxfast.dumps(array), 1))
    assert interrupt(call, path, threads, min(rounds, 100)) < TOO_LATE


@pytest.mark.parametrize("kind", ["raw", "gz", "seekable"])
def test_save(kind, path, rounds):
    assert interrupt(kind, path, 2, min(rounds, 100)) < TOO_LATE


# Interrupts a call in the caller's thread at the n-th event of tracing, for every n.
TRACED = (
    inspect.getsource(interrupts)
    + """
import _thread, os, sys, time
import numpy, idxfast
from idxfast.containers import raw
from idxfast.gzip import pool, small_members, stream

raw.CHUNK, raw.MIN_SIZE = 50_000, 1
stream.MIN_SIZE, pool.MIN_STEP, pool.MAX_STEP, small_members.GROUP = 1, 65536, 65536, 65536
path, target = sys.argv[1:3]
array = idxfast.load(path, threads=1)


def call():
    if target == path:
        idxfast.load(path, threads=3)
    else:
        idxfast.save(target, array, seekable=target.endswith(".gz"), threads=3)


def descriptors():
    return os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else []


call()
before, opened = _thread._count(), descriptors()
limit = 1
while interrupt(call, limit):
    deadline = time.monotonic() + 60
    while _thread._count() > before:
        assert time.monotonic() < deadline, (limit, sys._current_frames())
        time.sleep(0.0005)
    assert descriptors() == opened, (limit, descriptors())
    if limit % 10 == 0:
        assert numpy.array_equal(idxfast.load(target, threads=2), array)
    limit += 1 if limit < 1500 else 7
assert numpy.array_equal(idxfast.load(target, threads=2), array)
print(limit)
"""
)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("load", "raw"),
        ("load", "gz"),
        ("load", "seekable"),
        ("load", "xz"),
        ("load", "bz2"),
        ("save", "raw"),
        ("save", "seekable"),
    ],
)
def test_at_every_line(call, kind, array, tmp_path, run_child):
    content = array[:1500]
    path = tmp_path / ("file" if kind == "raw" else "file.gz")
    if kind == "gz":
        path.write_bytes(gzip.compress(idxfast.dumps(content), 1))
    elif kind in ("xz", "bz2"):
        compress = {"xz": lzma.compress, "bz2": bz2.compress}[kind]
        data = idxfast.dumps(np.random.default_rng(3).integers(0, 256, 20_000, np.uint8))
        path.write_bytes(compress(data[:9_000]) + compress(data[9_000:]))
    else:
        idxfast.save(path, content, **({"seekable": True} if kind == "seekable" else {}))
    target = path if call == "load" else path.with_stem("saved")
    assert int(*run_child(TRACED, path, target, timeout=300)) > 100
