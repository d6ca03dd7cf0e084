"""Several threads give what one gives: the same array, error and progress; and all of them end."""

import _thread
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import idxfast
from files.contents import packed
from idxfast.gzip import pool, stream
from idxfast.threads import thread

pytestmark = pytest.mark.usefixtures("small_steps")


def outcome(file, threads):
    try:
        return idxfast.loads(file, threads=threads).tobytes()
    except idxfast.IdxError as error:
        return type(error), str(error), vars(error)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "packer", ["zlib-6", "zlib-0", "zlib-1", "members", "two-members", "seekable", "sync-flushed"]
)
def test_the_same_error(packer):
    file, _ = packed("images", packer)
    damages = []
    for at in np.linspace(20, len(file) - 1, 12).astype(int):
        damaged = bytearray(file)
        damaged[at] ^= 0x21
        damages += [bytes(damaged), file[:at]]
    damages += [file + b"x", file + file, file[:-8] + bytes(8)]
    for damaged in damages:
        expected = outcome(damaged, 1)
        for threads in (2, 3, 8):
            assert outcome(damaged, threads) == expected


@pytest.mark.parametrize("kind", ["file", "data"])
def test_threads_are_for_large_files_alone(kind, monkeypatch):
    """The file and its unpacked stream both have to be large."""
    file, data = packed("images", "zlib-6")
    total = len(idxfast.dumps(data))
    if kind == "data":
        file += bytes(total)  # padding
    size = min(len(file), total)
    made = []

    class Watched(pool.Pool):
        def decode(self):
            made.append(self)
            super().decode()

    monkeypatch.setattr(stream, "Pool", Watched)
    for least, expected in ((size, 1), (size + 1, 0)):
        monkeypatch.setattr(stream, "MIN_SIZE", least)
        made.clear()
        assert np.array_equal(idxfast.loads(file, threads=2), data)
        assert len(made) == expected


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("packer", ["zlib-6", "seekable", "fixed"])
def test_progress(packer):
    file, data = packed("images", packer)
    for threads in (1, 2, 4):
        calls = []

        def progress(done, total, calls=calls):
            calls.append((done, total, threading.get_ident()))

        idxfast.load(file, threads=threads, progress=progress)
        done = [call[0] for call in calls]
        assert done == sorted(done)
        assert done[-1] == data.nbytes + 16
        assert {call[1:] for call in calls} == {(data.nbytes + 16, threading.get_ident())}


@pytest.mark.parametrize("packer", ["zlib-6", "seekable"])
def test_an_error_of_progress_ends_all_threads(packer, no_thread_is_left):
    file, _ = packed("images", packer)

    def progress(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        idxfast.load(file, threads=4, progress=progress)
    no_thread_is_left()


@pytest.mark.parametrize("threads", [2, 4])
def test_an_error_of_progress_ends_the_decoding(threads, monkeypatch, around_decoders):
    """Each thread ends the piece that it is at, or the next, and then the error is passed on."""
    ended, at_error = [], []
    is_over, is_joined, join = threading.Event(), threading.Event(), pool.join_threads

    @contextlib.contextmanager
    def slow(*arguments):
        time.sleep(0.01)
        # Once there is an error, no thread goes on before all have been told to end.
        if is_over.is_set():
            is_joined.wait(60)
        ended.append(arguments)
        yield

    def progress(done, total):
        is_over.set()
        at_error.append(len(ended))
        raise RuntimeError("enough")

    def join_and_tell(threads):
        is_joined.set()
        join(threads)

    around_decoders(slow)
    monkeypatch.setattr(pool, "join_threads", join_and_tell)
    monkeypatch.setattr(pool, "POLL_SECONDS", 0.01)
    file, _ = packed("many_images", "zlib-6")
    with pytest.raises(RuntimeError, match="enough"):
        idxfast.load(file, threads=threads, progress=progress)
    after = len(ended)
    assert after <= at_error[0] + 3 * threads
    time.sleep(0.05)
    assert len(ended) == after


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_an_interrupt_ends_all_threads(threads, no_thread_is_left):
    file, _ = packed("letters", "zlib-6")
    interrupted = 0
    for delay in np.linspace(0.0005, 0.02, 30):
        old = signal.signal(signal.SIGALRM, signal.default_int_handler)
        gc.disable()  # a callback of the collector might handle the signal
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            idxfast.loads(file, threads=threads)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            gc.enable()
            signal.signal(signal.SIGALRM, old)
        no_thread_is_left()
    assert interrupted


def test_no_more_threads_to_be_had(monkeypatch):
    file, data = packed("images", "zlib-6")
    blocks, _ = packed("images", "seekable")
    start = _thread.start_new_thread
    for allowed in (0, 1):
        left = [allowed]

        def limited(*args, left=left):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
            return start(*args)

        for content in (file, blocks):
            left[0] = allowed
            with monkeypatch.context() as patch:
                patch.setattr(thread, "start_new_thread", limited)
                assert np.array_equal(idxfast.loads(content, threads=4), data)


def test_many_callers_at_once():
    file, data = packed("images", "zlib-6")
    barrier = threading.Barrier(8)

    def load(index):
        barrier.wait()
        return np.array_equal(idxfast.loads(file, threads=1 + index % 4), data)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert all(pool.map(load, range(8)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_after_a_fork(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(packed("images", "zlib-6")[0])
    code = (
        "import os, sys, idxfast\n"
        "from idxfast.gzip import pool, stream\n"
        "stream.MIN_SIZE = 1; pool.MAX_STEP = 65536\n"
        "first = idxfast.load(sys.argv[1], threads=3)\n"
        "for _ in range(20):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        os._exit(int((idxfast.load(sys.argv[1], threads=3) != first).any()))\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code, path], check=True, timeout=60)
