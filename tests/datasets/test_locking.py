"""One process at a time; and the others say whom they wait for."""

import errno
import logging
import os
import re
import socket
import subprocess
import sys
import threading

import pytest

from idxfast.datasets.locking import hold
from idxfast.storage.folders import Folder

fcntl = pytest.importorskip("fcntl")

HOLDER = rf"process {os.getpid()} on {re.escape(socket.gethostname())} since \d{{4}}-\d\d-\d\d "


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".x.lock"


def holder(path):
    return path.read_text().strip()


def in_a_thread(path):
    """Something that wants the lock; and whether it has had it."""
    had = []

    def work():
        with hold(Folder(str(path.parent)), path.name, path):
            had.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, had


def wait_for_message(caplog):
    for _ in range(6_000):
        if caplog.messages:
            return caplog.messages[0]
        threading.Event().wait(0.01)
    raise AssertionError("it does not say that it waits")


def test_who_has_it_says_so_as_long_as_it_does(path):
    with hold(Folder(str(path.parent)), path.name, path):
        assert re.match(HOLDER, holder(path))
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_who_waits_says_once_whom_for(path, caplog):
    with hold(Folder(str(path.parent)), path.name, path):
        thread, had = in_a_thread(path)
        message = wait_for_message(caplog)
        threading.Event().wait(0.3)
        assert not had
    thread.join(60)
    assert had
    assert re.fullmatch(f"waiting for {HOLDER}.*, which fetches {re.escape(str(path))}", message)
    assert caplog.messages == [message]
    assert caplog.records[0].name == "idxfast"
    assert caplog.records[0].levelno == logging.WARNING


def test_who_need_not_wait_says_nothing(path, caplog):
    for _ in range(2):
        with hold(Folder(str(path.parent)), path.name, path):
            pass
    assert caplog.messages == []


def test_another_process_is_named(path, caplog):
    code = (
        "import sys; from pathlib import Path; from idxfast.datasets.locking import hold\n"
        "from idxfast.storage.folders import Folder\n"
        "path = Path(sys.argv[1])\n"
        "with hold(Folder(str(path.parent)), path.name, path):\n"
        "    print(flush=True); sys.stdin.readline()"
    )
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        child.stdout.readline()
        thread, had = in_a_thread(path)
        assert f"waiting for process {child.pid} on " in wait_for_message(caplog)
        assert not had
        child.stdin.close()
        thread.join(60)
    assert had


def test_who_was_killed_does_not_have_it(path, caplog):
    path.write_bytes(b"\nprocess 1 on nowhere since long ago\n")
    with hold(Folder(str(path.parent)), path.name, path):
        assert re.match(HOLDER, holder(path))
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "another process"),
        (b"\n \r\n", "another process"),
        (b"\n\x1b]0;title\x07\xff\xe2\x80\xaeok\n\n", r"\x1b]0;title\x07" + "\ufffd" + r"\u202eok"),
        (b"x" * 10_000_000, "x" * 200),
    ],
    ids=["empty", "blank", "controls", "long"],
)
def test_what_others_wrote_there_is_shown_in_part_and_without_controls(content, said, path, caplog):
    path.write_bytes(content)
    with path.open("r+b") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        thread, _ = in_a_thread(path)
        message = wait_for_message(caplog)
        fcntl.flock(locked, fcntl.LOCK_UN)
    thread.join(60)
    assert message == f"waiting for {said}, which fetches {path}"


def test_an_error_or_an_interrupt_gives_it_back(path):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), hold(Folder(str(path.parent)), path.name, path):
            raise error
        with hold(Folder(str(path.parent)), path.name, path):
            pass


def test_a_file_that_takes_no_name_gives_the_lock_back(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", full)
        with (
            pytest.raises(OSError) as caught,
            hold(Folder(str(path.parent)), path.name, path),
        ):
            pass
    assert caught.value.errno == errno.ENOSPC
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_child_that_was_forked_meanwhile_does_not_keep_it(path):
    with hold(Folder(str(path.parent)), path.name, path):
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False
        )
        # As a fork without an exec does, which passes on all descriptors.
        kept = [os.dup(int(fd)) for fd in os.listdir("/proc/self/fd") if _is(path, int(fd))]
    assert kept
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for descriptor in kept:
        os.close(descriptor)
    child.communicate(b"\n")


def _is(path, descriptor):
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def test_a_folder_that_is_exchanged_while_one_waits(tmp_path, caplog):
    """The lock is that of the folder that is held; nothing is made or emptied elsewhere."""
    inside, elsewhere = tmp_path / "inside", tmp_path / "elsewhere"
    inside.mkdir()
    elsewhere.mkdir()
    (elsewhere / "x.lock").write_bytes(b"precious")
    had = []

    def work(folder):
        with hold(folder, "x.lock", inside):
            had.append(True)

    with Folder(str(inside)) as folder, Folder(str(inside)) as other:
        with hold(folder, "x.lock", inside):
            thread = threading.Thread(target=work, args=[other])
            thread.start()
            wait_for_message(caplog)
            inside.rename(tmp_path / "away")
            inside.symlink_to(elsewhere)
            threading.Event().wait(0.3)
            assert not had
        thread.join(60)
        assert had
    assert (elsewhere / "x.lock").read_bytes() == b"precious"
    assert os.listdir(elsewhere) == ["x.lock"]


def test_where_the_system_has_no_locks_a_file_does(path, monkeypatch):
    def missing(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", missing)
    soft = path.with_name(".x.lock.soft")
    for _ in range(2):
        with hold(Folder(str(path.parent)), path.name, path):
            assert soft.exists()
            thread, had = in_a_thread(path)
            threading.Event().wait(0.2)
            assert not had
        thread.join(60)
        assert had
        assert not soft.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_replaces_the_file_at_the_last_moment_is_refused(path, monkeypatch):
    os.mkfifo(path)
    monkeypatch.setattr(Folder, "status", lambda self, name: None)
    with pytest.raises(OSError), hold(Folder(str(path.parent)), path.name, path):
        pass
