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

from idxfast.datasets.locking import hold, holder

fcntl = pytest.importorskip("fcntl")

HOLDER = rf"process {os.getpid()} on {re.escape(socket.gethostname())} since \d{{4}}-\d\d-\d\d "


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".x.lock"


def in_a_thread(path):
    """Something that wants the lock; and whether it has had it."""
    had = []

    def work():
        with hold(path, path):
            had.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, had


def wait_for_message(caplog):
    for _ in range(1_000):
        if caplog.messages:
            return caplog.messages[0]
        threading.Event().wait(0.01)
    raise AssertionError("it does not say that it waits")


def test_who_has_it_says_so_as_long_as_it_does(path):
    with hold(path, path):
        assert re.match(HOLDER, holder(path))
    assert path.read_bytes() == b""
    assert holder(path) == "another process"


def test_who_waits_says_once_whom_for(path, caplog):
    with hold(path, path):
        thread, had = in_a_thread(path)
        message = wait_for_message(caplog)
        threading.Event().wait(0.3)
        assert not had
    thread.join(10)
    assert had
    assert re.fullmatch(f"waiting for {HOLDER}.*, which fetches {re.escape(str(path))}", message)
    assert caplog.messages == [message]
    assert caplog.records[0].name == "idxfast"
    assert caplog.records[0].levelno == logging.WARNING


def test_who_need_not_wait_says_nothing(path, caplog):
    for _ in range(2):
        with hold(path, path):
            pass
    assert caplog.messages == []


def test_another_process_is_named(path, caplog):
    code = (
        "import sys; from pathlib import Path; from idxfast.datasets.locking import hold\n"
        "with hold(Path(sys.argv[1]), Path(sys.argv[1])):\n"
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
        thread.join(10)
    assert had


def test_who_was_killed_does_not_have_it(path, caplog):
    path.write_bytes(b"\nprocess 1 on nowhere since long ago\n")
    with hold(path, path):
        assert re.match(HOLDER, holder(path))
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "another process"),
        (b"\n \r\n", "another process"),
        (b"\n\x1b]0;title\x07\xff\xe2\x80\xaeok\n\n", r"\x1b]0;title\x07" + "\ufffd" + r"\u202eok"),
        (b"\n" + b"x" * 10_000_000, "x" * 200),
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
    thread.join(10)
    assert message == f"waiting for {said}, which fetches {path}"


def test_a_file_that_cannot_be_read_is_waited_for(path, caplog, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr("idxfast.datasets.locking.open_regular", refuse)
    with hold(path, path):
        thread, _ = in_a_thread(path)
        assert wait_for_message(caplog) == f"waiting for another process, which fetches {path}"
    thread.join(10)


def test_an_error_or_an_interrupt_gives_it_back(path):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), hold(path, path):
            raise error
        with hold(path, path):
            pass


def test_a_file_that_takes_no_name_gives_the_lock_back(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError) as caught, hold(path, path):
            pass
    assert caught.value.errno == errno.ENOSPC
    with hold(path, path):
        pass


def test_where_the_system_has_no_locks_a_file_does(path, monkeypatch):
    def missing(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", missing)
    soft = path.with_name(".x.lock.soft")
    for _ in range(2):
        with hold(path, path):
            assert soft.exists()
            thread, had = in_a_thread(path)
            threading.Event().wait(0.2)
            assert not had
        thread.join(10)
        assert had
        assert not soft.exists()


def test_what_replaces_the_file_at_the_last_moment_is_refused(path, monkeypatch):
    os.mkfifo(path)
    monkeypatch.setattr("idxfast.datasets.locking.check_path", lambda path: None)
    with pytest.raises(OSError) as caught, hold(path, path):
        pass
    assert caught.value.errno == errno.EINVAL
