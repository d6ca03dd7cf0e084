"""Converting on several processes: the same records, in order; and processes that end."""

import errno
import gc
import io
import os
import subprocess
import sys
import time
import weakref
from multiprocessing.connection import Pipe

import numpy as np
import pytest
from PIL import Image

import idxfast
from idxfast.errors import IdxError
from idxfast.images import workers
from idxfast.images.conversion import PLAIN, Conversion

PLAINLY = Conversion(4, False, PLAIN)
COUNT = 1200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of levels 0 to 199. Those of level 7 are damaged."""
    folder = tmp_path_factory.mktemp("pictures")
    for level in range(200):
        Image.new("L", (4, 4), level).save(folder / f"{level}.png")
    (folder / "7.png").write_bytes(b"")
    return str(folder)


def batches():
    names = [f"{number % 200}.png" for number in range(COUNT)]
    return [names[start : start + 9] for start in range(0, COUNT, 9)]


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_records_come_in_order(folder, cores, monkeypatch):
    monkeypatch.setattr(workers, "usable_cores", lambda: cores)
    results = list(workers.convert_all(folder, batches(), PLAINLY, COUNT))
    levels = np.concatenate([result.records[:, 0, 0] for result in results])
    expected = np.arange(COUNT) % 200
    assert np.array_equal(levels, np.where(expected == 7, 0, expected))
    failed = [9 * i + place for i, result in enumerate(results) for place in result.failures]
    assert failed == list(range(7, COUNT, 200))
    assert results[0].failures == {7: "7.png: not a picture of a known format"}


def children():
    """The processes that this one has started and that have not ended."""
    path = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    if not os.path.exists(path):
        pytest.skip("needs Linux's /proc")
    with open(path) as file:
        return list(map(int, file.read().split()))


def test_no_process_is_left(folder, monkeypatch):
    monkeypatch.setattr(workers, "usable_cores", lambda: 3)
    before = children()
    results = workers.convert_all(folder, batches(), PLAINLY, COUNT)
    next(results)
    assert len(children()) == len(before) + 2
    results.close()
    assert children() == before


def test_a_process_that_is_killed(folder, monkeypatch):
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    before = children()
    results = workers.convert_all(folder, batches(), PLAINLY, COUNT)
    next(results)
    (child,) = set(children()) - set(before)
    os.kill(child, 9)
    with pytest.raises(IdxError, match=r"\.png: a process was killed while it converted"):
        list(results)
    assert children() == before


class Names(list):
    """Names of pictures, which a weak reference can refer to."""


def test_the_error_of_a_process_that_has_ended_keeps_nothing_alive(folder, monkeypatch):
    """Neither in a cycle, nor what could not be sent, while the caller keeps the error."""
    popen = subprocess.Popen

    def start(*arguments, **options):
        process = popen(*arguments, **options)
        process.wait()
        return process

    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    monkeypatch.setattr(workers, "_CODE", "")
    monkeypatch.setattr(workers.subprocess, "Popen", start)
    batches = [Names(["1.png"])]
    names = weakref.ref(batches[0])
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(IdxError, match=r"1\.png: a process was killed") as caught:
            list(workers.convert_all(folder, batches, PLAINLY, 500))
        assert isinstance(caught.value.__cause__, BrokenPipeError)
        held = [thing for thing in gc.get_objects() if type(thing) is io.BytesIO]
        assert not any(b"1.png" in file.getvalue() for file in held if not file.closed)
        del batches, caught, held
        assert names() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("place", ["callback", "fileno", "kill"])
def test_ctrl_c_at_a_bad_moment(folder, place):
    """An interrupt within a call that starts or ends a process, in a process of its own."""
    code = (
        "import sys; from idxfast.images import workers, conversion\n"
        "workers.usable_cores = lambda: 2; calls = []\n"
        "def profile(frame, event, argument):\n"
        "    if event == 'call' and frame.f_code.co_name == sys.argv[2]:\n"
        "        calls.append(frame)\n"
        "        if len(calls) == int(sys.argv[3]):\n"
        "            sys.setprofile(None)\n"
        "            raise KeyboardInterrupt\n"
        "plain = conversion.Conversion(4, False, conversion.PLAIN)\n"
        "sys.setprofile(profile)\n"
        "try: list(workers.convert_all(sys.argv[1], [['1.png']], plain, 1000))\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    for number in range(1, 3):
        command = [sys.executable, "-P", "-c", code, folder, place, str(number)]
        child = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60)
        assert child.returncode == 0
        assert child.stdout == ("interrupted\n" if number == 1 or place != "kill" else "")


def test_no_pipe_is_left_if_there_are_no_more_descriptors(folder, monkeypatch):
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    opened = []

    def limited(*arguments, **options):
        if len(opened) == 2:
            raise OSError(errno.EMFILE, "Too many open files")
        opened.extend(Pipe(*arguments, **options))
        return tuple(opened)

    monkeypatch.setattr(workers, "Pipe", limited)
    with pytest.raises(OSError, match="Too many"):
        list(workers.convert_all(folder, batches(), PLAINLY, COUNT))
    receiver, sender = opened
    assert sender.closed
    receiver.close()


def test_a_timeout_of_the_callers_is_no_lost_process(folder, monkeypatch):
    """Signal handlers that raise TimeoutError are common."""
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)

    def late(*_):
        raise TimeoutError("too late")

    monkeypatch.setattr(workers.Connection, "send", late)
    with pytest.raises(TimeoutError, match="too late"):
        list(workers.convert_all(folder, batches(), PLAINLY, COUNT))


def test_workers_end_with_their_caller(folder, tmp_path):
    """The caller is killed, and cannot tell them."""
    code = (
        "import sys, os; from idxfast.images import workers, conversion\n"
        "workers.usable_cores = lambda: 3\n"
        "names = [[f'{i % 200}.png'] for i in range(2000)]\n"
        "plain = conversion.Conversion(4, False, conversion.PLAIN)\n"
        "next(workers.convert_all(sys.argv[1], names, plain, 2000))\n"
        "results = workers.convert_all(sys.argv[1], names, plain, 2000); next(results)\n"
        "path = f'/proc/{os.getpid()}/task/{os.getpid()}/children'\n"
        "print(open(path).read(), flush=True); os.kill(os.getpid(), 9)"
    )
    children()
    command = [sys.executable, "-P", "-c", code, folder]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60)
    assert child.returncode == -9
    left = [f"/proc/{number}/cmdline" for number in child.stdout.split()]
    assert len(left) == 2
    deadline = time.monotonic() + 60
    while any(is_running(path) for path in left):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(path):
    """A process that has ended, but whose parent has not asked for its status, has no words."""
    try:
        with open(path, "rb") as file:
            return bool(file.read())
    except OSError:
        return False


def test_workers_run_with_the_flags_of_the_interpreter(folder, tmp_path):
    """With -I, no module is imported from where PYTHONPATH says."""
    (tmp_path / "sitecustomize.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()")
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from idxfast.images import workers, conversion\n"
        "workers.usable_cores = lambda: 2\n"
        "plain = conversion.Conversion(4, False, conversion.PLAIN)\n"
        "results = list(workers.convert_all(sys.argv[1], [['1.png']] * 1000, plain, 1000))\n"
        "assert len(results) == 1000"
    )
    root = os.path.dirname(os.path.dirname(idxfast.__file__))
    command = [sys.executable, "-I", "-c", code, folder, root]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(tmp_path)}, timeout=60)
    assert not (tmp_path / "imported").exists()
