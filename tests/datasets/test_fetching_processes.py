"""Several processes and threads fetch one set; one is killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from idxfast.datasets import catalogue, fetch
from mirrors.sets import HTML, IMAGES, LABELS, PRIVATE, cut, give, instead, whole


def test_who_waits_for_another_says_so(tiny, mirror, tmp_path, caplog):
    """The other one is told apart by its process and host, and is bound by the same limits."""
    waiting = threading.Event()

    def slow(handler, content):
        waiting.wait(60)
        handler.give(content)

    mirror.faults[f"a/{IMAGES}"] = [slow]
    threads = [threading.Thread(target=fetch, args=("tiny", tmp_path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while not caplog.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    waiting.set()
    for thread in threads:
        thread.join()
    assert caplog.messages[0].startswith(f"waiting for process {os.getpid()} on ")
    assert caplog.messages[0].endswith(f", which fetches {tmp_path}/{IMAGES}")
    assert whole(tmp_path, tiny.packed)


# A process of its own: it has no threads, so that it may fork, and it gets the set and the mirror
# from its arguments.
PROLOGUE = """
import json, os, signal, sys, traceback
import pooch, requests, filelock, tqdm  # once, before forking
import numpy as np
from idxfast.datasets import catalogue, fetch, parts, transfer
from idxfast.format import Header
address, files, *folders = json.loads(sys.argv[1])
transfer.check_url = lambda url, by: None
parts.PAUSE = 0
catalogue.datasets()["tiny"] = catalogue.Dataset(
    "tiny", "", tuple(
        catalogue.File(name, Header(np.dtype("u1"), tuple(shape)), *facts)
        for name, shape, *facts in files
    ), (f"http://{address}/a/",), None, {}, None)
"""


def run(script, mirror, folders):
    files = [
        (file.name, file.header.shape, file.size, file.packed, file.raw)
        for file in catalogue.datasets()["tiny"].files
    ]
    arguments = json.dumps([mirror.address, files, *map(str, folders)])
    code = PROLOGUE + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, arguments], stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_many_processes_fetch_once(tiny, mirror, tmp_path):
    """16 at once, in 5 rounds; in each a first transfer is cut, and another gets a page."""
    script = """
    for folder in folders:
        children = []
        for _ in range(16):
            child = os.fork()
            if not child:
                try:
                    fetch("tiny", folder)
                except BaseException:
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    """
    folders = [tmp_path / str(number) for number in range(5)]
    mirror.faults = {
        f"a/{IMAGES}": [cut, give] * 5,
        f"a/{LABELS}": [instead(HTML), give] * 5,
    }
    process = run(script, mirror, folders)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert all(whole(folder, tiny.packed) for folder in folders)
    assert len(mirror.requests) == 5 * 2 * 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_transfer_leaves_a_part_and_is_continued(tiny, mirror, tmp_path):
    def half_then_nothing(handler, content):
        handler.head(200, len(content))
        handler.wfile.write(content[: len(content) // 2])
        handler.server.stopping.wait(60)

    tiny.publish(mirrors="a")
    mirror.faults[f"a/{IMAGES}"] = [half_then_nothing]
    part = tmp_path / PRIVATE / f"{IMAGES}.part"
    process = run("fetch('tiny', folders[0])", mirror, [tmp_path])
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert {path.name for path in tmp_path.iterdir()} == {PRIVATE}
    assert {path.name for path in part.parent.iterdir()} == {part.name, f"{IMAGES}.lock"}
    size = part.stat().st_size
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests[1] == (f"a/{IMAGES}", f"bytes={size}-")


def test_threads_fetch_once(tiny, mirror, tmp_path):
    barrier, results = threading.Barrier(4), []

    def work():
        barrier.wait(60)
        results.append(fetch("tiny", tmp_path))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [tmp_path] * 4
    assert whole(tmp_path, tiny.packed)
    assert len(mirror.requests) == 2
