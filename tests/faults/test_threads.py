"""Many threads, forks among them, and the end of the process: nothing hangs, nothing crashes."""

import gzip
import os
import sys
import sysconfig
import time

import numpy as np
import pytest

import idxfast


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same 4 MB, raw and compressed. The child's limits make them large files."""
    folder = tmp_path_factory.mktemp("files")
    array = np.zeros((5_000, 28, 28), np.uint8)
    array[:, 8:18, 9:16] = np.random.default_rng(1).integers(0, 256, (5_000, 10, 7))
    idxfast.save(folder / "file", array)
    idxfast.save(folder / "seekable.gz", array, seekable=True)
    (folder / "file.gz").write_bytes(gzip.compress(idxfast.dumps(array), 6))
    return folder


# If anything hangs for a minute, the process ends and prints the stacks of all threads.
START = """
import faulthandler, os, signal, sys, threading, time
import numpy, idxfast
from idxfast.containers import raw
from idxfast.gzip import pool, small_members, stream

os.chdir(sys.argv[1])
count = int(sys.argv[2])
raw.CHUNK, raw.MIN_SIZE = 1 << 18, 1
stream.MIN_SIZE, pool.MIN_STEP, pool.MAX_STEP, small_members.GROUP = 1, 65536, 65536, 65536
PATHS = ["file", "file.gz", "seekable.gz"]
expected = idxfast.load("file")
faulthandler.dump_traceback_later(60, exit=True)


def is_right(path, threads):
    return numpy.array_equal(idxfast.load(path, threads=threads), expected)


def run(function, threads):
    # Call it in a number of threads that start together; return how often the result was true.
    answers, barrier = [], threading.Barrier(threads)

    def work(index):
        barrier.wait()
        answers.append(function(index))

    helpers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for helper in helpers: helper.start()
    for helper in helpers: helper.join()
    return sum(answers)
"""

TWO_HUNDRED = """
print(run(lambda i: is_right(PATHS[i % 3], 1 + i % 3), 200))
print(*[int(is_right(path, 200)) for path in PATHS])
idxfast.save("200.gz", expected, seekable=True, threads=200)
print(int(is_right("200.gz", 2)))
"""


def test_two_hundred_threads(folder, run_child):
    assert run_child(START + TWO_HUNDRED, folder, 0) == ["200", "1", "1", "1", "1"]


OVER_AND_OVER = """
done = 0
while done < count:
    done += run(lambda i: sum(is_right(PATHS[j % 3], 2) for j in range(i, i + 12)), 4)
    faulthandler.dump_traceback_later(60, exit=True)
print(done)
"""


def test_decodes_over_and_over(folder, run_child, rounds):
    """With a watchdog of 60 s; 10,000 of them with --faults."""
    count = 50 * rounds
    done = int(*run_child(START + OVER_AND_OVER, folder, count, timeout=1200))
    assert count <= done < count + 48


FORKS = """
stop = threading.Event()


def work():
    while not stop.is_set():
        assert is_right("file.gz", 2) and is_right("seekable.gz", 2)
        idxfast.save(f"{threading.get_ident()}.gz", expected[:500], seekable=True, threads=2)


helpers = [threading.Thread(target=work) for _ in range(3)]
for helper in helpers: helper.start()
answers = []
for i in range(count):
    child = os.fork()
    if not child:
        signal.alarm(20)  # the watchdog's thread does not exist here
        right = is_right(PATHS[i % 3], 1 + i % 2)
        idxfast.save("child.gz", expected[:100], seekable=True, threads=2)
        os._exit(0 if right and len(idxfast.load("child.gz", threads=2)) == 100 else 3)
    answers.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    faulthandler.dump_traceback_later(60, exit=True)
stop.set()
for helper in helpers: helper.join()
print(*sorted(set(answers)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks_while_threads_are_at_work(folder, run_child, rounds):
    # From 3.12 on, Python warns of a fork beside threads.
    warnings = ["env", "PYTHONWARNINGS=ignore::DeprecationWarning"]
    assert run_child(START + FORKS, folder, rounds, before=warnings, timeout=600) == ["0"]


EXIT = """
call, path = sys.argv[3:]
CALLS = {
    "load": lambda: idxfast.load(path, threads=3),
    "save": lambda: idxfast.save(path, expected, compresslevel=9),
    "save-blocks": lambda: idxfast.save(path, expected, seekable=True, threads=3),
}
started = threading.Event()


def work():
    while True:
        started.set()
        CALLS[call]()


threading.Thread(target=work, daemon=True).start()
started.wait()
time.sleep(count / 1000)
print(time.monotonic())
"""


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("load", "file"), ("load", "file.gz"), ("load", "seekable.gz"),
        ("save", "saved.gz"), ("save-blocks", "saved.gz"),
    ],
)  # fmt: skip
def test_the_process_ends_while_a_thread_is_at_work(call, name, folder, run_child, rounds):
    for moment in range(0, 20 if rounds < 100 else 100, 5):
        (ending,) = run_child(START + EXIT, folder, moment, call, name)
        assert time.monotonic() - float(ending) < 60


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs a free-threaded Python"
)
def test_the_gil_stays_disabled(run_child):
    code = "import sys, idxfast, idxfast.datasets.folder, idxfast.containers.xz\nprint(sys._is_gil_enabled())"
    assert run_child(code) == ["False"]
    assert not sys._is_gil_enabled()
