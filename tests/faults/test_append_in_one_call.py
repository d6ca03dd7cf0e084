"""Kills and failures at each system call of an append, which is one call of compiled code."""

import signal
import struct
import subprocess
import sys

import numpy as np
import pytest

import idxfast

OLD, NEW, MORE = (
    np.random.default_rng(count).integers(0, 256, (count, 28, 28), np.uint8)
    for count in (30, 20, 3)
)
BOTH = np.concatenate([OLD, NEW])
CALLS = [(call, number) for call in ("pwrite64", "fdatasync") for number in (1, 2, 3)]


@pytest.fixture
def path(tmp_path):
    idxfast.save(tmp_path / "file", OLD)
    return tmp_path / "file"


def inject(call, number, what):
    """The options of strace to do something to a call. The number may be like "2+": all from 2 on."""
    return "-e", f"inject={call}:{what}:when={number}"


def read(path):
    """Read the array of a file without idxfast."""
    data = path.read_bytes()
    assert data[:4] == bytes([0, 0, 8, 3])
    return np.frombuffer(data, np.uint8, offset=16).reshape(struct.unpack(">3I", data[4:16]))


def repair(path):
    """Say what an interrupted append has left: "refused", "old" or "new". Append once more."""
    try:
        expected = idxfast.load(path)
    except idxfast.FormatError as error:
        assert "interrupted" in str(error)
        found, expected = "refused", OLD
    else:
        found = "old" if len(expected) == len(OLD) else "new"
        assert np.array_equal(expected, OLD if found == "old" else BOTH)
    idxfast.append(path, MORE)
    assert np.array_equal(read(path), np.concatenate([expected, MORE]))
    return found


def test_an_append_makes_these_calls_alone(path, append_traced):
    code, _, lines = append_traced(path, NEW)
    assert code == 0
    assert [line.partition("(")[0] for line in lines] == ["pwrite64", "fdatasync"] * 3
    assert np.array_equal(read(path), BOTH)


def test_a_kill_at_each_call(path, append_traced):
    outcomes = []
    for call, number in CALLS:
        idxfast.save(path, OLD)
        code, _, _ = append_traced(path, NEW, *inject(call, number, "signal=SIGKILL"))
        assert code == -9
        outcomes.append(repair(path))
    assert outcomes == ["old", "refused", "refused", "refused", "refused", "new"]


# An error of the call that commits, or of the one that waits for it; then a kill.
UNDOING = [
    ("pwrite64", [("fdatasync", 3), ("fdatasync", 4), ("ftruncate", 1), ("fsync", 1)]),
    ("fdatasync", [("pwrite64", 4), ("pwrite64", 5), ("ftruncate", 1), ("fsync", 1)]),
]


@pytest.mark.parametrize(("failing", "killed"), UNDOING)
def test_a_kill_while_an_append_is_undone(failing, killed, path, append_traced):
    outcomes = set()
    for call, number in killed:
        idxfast.save(path, OLD)
        kill = inject(call, number, "signal=SIGKILL")
        code, _, _ = append_traced(path, NEW, *inject(failing, 3, "error=EIO"), *kill)
        assert code == -9
        outcomes.add(repair(path))
    assert outcomes <= {"refused", "old", "new"}
    assert "refused" in outcomes


@pytest.mark.parametrize(("call", "number"), CALLS)
def test_a_failure_of_each_call(call, number, path, append_traced):
    before = path.read_bytes()
    code, message, _ = append_traced(path, NEW, *inject(call, number, "error=ENOSPC"))
    assert code == 1
    assert "OSError: [Errno 28]" in message
    assert path.read_bytes() == before
    code, _, _ = append_traced(path, NEW, *inject(call, f"{number}+", "error=ENOSPC"))
    assert code == 1
    assert repair(path) == ("old" if (call, number) == ("pwrite64", 1) else "refused")


@pytest.mark.parametrize("call", ["ftruncate", "fsync"])
def test_a_failure_while_an_append_is_undone(call, path, append_traced):
    fail = inject("pwrite64", 3, "error=ENOSPC")
    code, message, _ = append_traced(path, NEW, *fail, *inject(call, 1, "error=EIO"))
    assert code == 1
    assert "OSError: [Errno 28]" in message
    assert repair(path) == "refused"


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        ("flock", "1+2"),
        ("pread64", "1+2"),
        ("pwrite64", "1+2"),
        *(("fdatasync", n) for n in (1, 2, 3)),
    ],
)
def test_a_call_that_a_signal_interrupts(call, numbers, path, append_traced):
    """The items are in the file once, even if all was undone before the second attempt."""
    code, _, _ = append_traced(path, NEW, *inject(call, numbers, "error=EINTR"))
    assert code == 0
    assert np.array_equal(read(path), BOTH)


@pytest.mark.parametrize("error", ["EINTR", "ENOLCK"])
def test_items_that_cannot_be_removed_are_not_added_twice(error, path, append_traced):
    """The header counts the items, the call that waits for it fails, and so does the mark."""
    fail = inject("fdatasync", 3, f"error={error}")
    code, message, _ = append_traced(path, NEW, *fail, *inject("pwrite64", 4, "error=EIO"))
    assert code == 1
    assert "OSError: [Errno 5]" in message
    assert np.array_equal(read(path), BOTH)


WAITING = """
import sys, numpy, idxfast
with idxfast.open(sys.argv[1], mode="a") as file:
    print("open", flush=True)
    sys.stdin.readline()
    try:
        file.append(numpy.ones((20, 28, 28), numpy.uint8))
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
def test_ctrl_c_while_the_lock_is_waited_for(path):
    """Another process may be appending at that moment, so nothing is changed."""
    import fcntl

    before = path.read_bytes()
    command = [sys.executable, "-P", "-c", WAITING, path]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout.readline() == "open\n"
            with open(path, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(b"a+")
                child.stdin.write("\n")
                child.stdin.flush()
                with pytest.raises(subprocess.TimeoutExpired):
                    child.wait(timeout=0.5)
                child.send_signal(signal.SIGINT)
                assert child.communicate(timeout=60)[0] == "interrupted\n"
                assert path.read_bytes() == b"a+" + before[2:]
        finally:
            child.kill()
