"""Another process replaces, shortens or extends a file while it is read, or while it is mapped."""

import gzip
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import idxfast

pytestmark = pytest.mark.skipif(os.name != "posix", reason="replaces files that are open")

# The other process: over and over until it is killed, it changes the file at a path.
CHANGES = {
    "replace": """
        for version in versions:
            with open(path + ".new", "wb") as file: file.write(version)
            os.replace(path + ".new", path)
    """,
    "shorten": """
        os.truncate(path, len(versions[0]) * random.randrange(100) // 100)
        with open(path, "r+b") as file: file.write(versions[0])
    """,
    "extend": """
        with open(path, "ab") as file: file.write(bytes([7]) * random.randrange(1, 100_000))
        os.truncate(path, len(versions[0]))
    """,
}
OTHER = """
import os, random, sys
path = sys.argv[1]
versions = [open(name, "rb").read() for name in sys.argv[2:]]
print("ready", flush=True)
while True:
"""


@pytest.fixture
def other(tmp_path):
    """Start the other process."""
    children = []

    def start(change, *paths):
        code = OTHER + textwrap.indent(textwrap.dedent(CHANGES[change]), "    ")
        command = [sys.executable, "-P", "-c", code, *map(str, paths)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        children.append(child)
        assert child.stdout.readline() == "ready\n"

    yield start
    for child in children:
        ended = child.poll()
        child.kill()
        child.communicate()
        assert ended is None  # it was at work to the end


@pytest.fixture
def arrays():
    dice = np.random.default_rng(1)
    return [dice.integers(0, 99, (1500 + i, 784), np.uint8) for i in range(2)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["raw", "gz", "seekable"])
@pytest.mark.parametrize("change", CHANGES)
def test_while_it_is_read(change, kind, threads, arrays, other, rounds, tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.containers.raw.MIN_SIZE", 1)
    monkeypatch.setattr("idxfast.containers.raw.CHUNK", 1 << 16)
    monkeypatch.setattr("idxfast.gzip.stream.MIN_SIZE", 1)
    paths = [tmp_path / name for name in ("file", "version-0.gz", "version-1.gz")]
    for path, array in zip(paths, [arrays[0], *arrays], strict=True):
        if kind == "gz":
            path.write_bytes(gzip.compress(idxfast.dumps(array), 1))
        elif kind == "raw":
            path.write_bytes(idxfast.dumps(array))
        else:
            idxfast.save(tmp_path / "seekable.gz", array, seekable=True)
            os.replace(tmp_path / "seekable.gz", path)
    expected = [array.tobytes() for array in arrays]
    outcomes = set()
    other(change, *paths)
    for _ in range(10 * rounds):
        try:
            found = idxfast.load(paths[0], threads=threads).tobytes()
            outcomes.add(expected.index(found))
        except idxfast.IdxError as error:
            outcomes.add(type(error))
    if change == "replace":
        assert outcomes <= {0, 1}
        return
    damaged = {idxfast.TruncatedError, idxfast.TrailingDataError}
    if change == "shorten" and kind != "raw":
        # Where data were, the reader may find zeros or nothing.
        damaged |= {idxfast.GzipError, idxfast.ChecksumError, idxfast.FormatError}
    assert outcomes <= {0, *damaged}
    assert outcomes & damaged or rounds < 100


MAPPED = """
import os, sys, time, numpy, idxfast
path, change = sys.argv[1:]
array = idxfast.load(path, mmap_mode="r")
expected = array.copy()
if change == "replace":
    idxfast.save(path, numpy.zeros(3, numpy.uint8))
elif change == "extend":
    with open(path, "ab") as file: file.write(bytes(100_000))
elif change == "unlink":
    os.unlink(path)
else:
    os.truncate(path, 4096)
print(int((array == expected).all()))
"""


@pytest.mark.parametrize("change", ["replace", "extend", "unlink"])
def test_a_mapping_survives(change, arrays, run_child, tmp_path):
    idxfast.save(tmp_path / "file", arrays[0])
    assert run_child(MAPPED, tmp_path / "file", change) == ["1"]


def test_a_mapping_does_not_survive_a_shorter_file(arrays, tmp_path):
    """What the documentation of `load` says: the system kills the reader."""
    idxfast.save(tmp_path / "file", arrays[0])
    command = [sys.executable, "-P", "-c", MAPPED, str(tmp_path / "file"), "shorten"]
    child = subprocess.run(command, capture_output=True, timeout=60)
    assert child.returncode == -signal.SIGBUS
    assert "shortens a mapped file" in idxfast.load.__doc__
