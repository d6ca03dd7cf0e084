"""Unfinished files: whose are removed, and whose are not."""

import os
import threading

import pytest

from idxfast.storage import unfinished
from idxfast.storage.folders import Folder
from idxfast.storage.private_folder import move_out

pytest.importorskip("fcntl")


@pytest.fixture
def folder(tmp_path):
    with Folder(str(tmp_path)) as folder:
        yield folder


def test_a_file_that_is_moved_stays(folder, tmp_path):
    with unfinished.new_file(folder, 10) as (name, file):
        file.write(b"abc")
        move_out(folder, name, file, folder, "file")
    assert (tmp_path / "file").read_bytes() == b"abc" + bytes(7)
    assert os.listdir(tmp_path) == ["file"]


def test_after_an_error_nothing_stays(folder, tmp_path):
    with pytest.raises(KeyError), unfinished.new_file(folder, 10):
        raise KeyError
    assert not os.listdir(tmp_path)


def test_only_abandoned_files_are_removed(folder, tmp_path):
    others = ["file", "idxfast-file", "other.lock", "other.part", "part"]
    for name in ("idxfast-1-a.part", "idxfast-old.lock", *others):
        (tmp_path / name).touch()
    with unfinished.new_file(folder) as (name, _), unfinished.locked(folder, "work"):
        unfinished.remove_abandoned(folder)
        assert sorted(os.listdir(tmp_path)) == sorted([name, *others, "idxfast-work.lock"])
    assert sorted(os.listdir(tmp_path)) == others


@pytest.mark.parametrize("name", ["idxfast-1-a.part", "idxfast-old.lock"])
def test_a_fifo_is_not_waited_for(name, folder, tmp_path, run_child):
    os.mkfifo(tmp_path / name)
    code = """
import sys
from idxfast.storage import folders, unfinished
with folders.Folder(sys.argv[1]) as folder:
    unfinished.remove_abandoned(folder)
"""
    run_child(code, tmp_path, timeout=20)
    assert os.listdir(tmp_path) == [name]


def test_without_locks_files_are_removed_after_a_day(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.storage.locks.fcntl", None)
    (tmp_path / "idxfast-1-a.part").touch()
    os.utime(tmp_path / "idxfast-1-a.part", (0, 0))
    (tmp_path / "idxfast-1-b.part").touch()
    unfinished.remove_abandoned(folder)
    assert os.listdir(tmp_path) == ["idxfast-1-b.part"]


def test_a_new_file_that_is_taken_for_an_abandoned_one(folder, tmp_path, monkeypatch):
    """Before it is locked; another one is made then."""
    real = unfinished.try_to_lock
    removed = []

    def lock_late(file):
        if not removed:
            removed.extend(os.listdir(tmp_path))
            os.remove(tmp_path / removed[0])
        return real(file)

    monkeypatch.setattr(unfinished, "try_to_lock", lock_late)
    with unfinished.new_file(folder) as (name, _):
        assert os.listdir(tmp_path) == [name] != removed


def test_work_is_done_by_one_thread_at_a_time(folder, tmp_path):
    inside, most = [], []

    def work():
        with unfinished.locked(folder, "work"):
            inside.append(None)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 5
    assert not os.listdir(tmp_path)


def test_a_lock_is_not_waited_for_for_ever(folder, monkeypatch):
    monkeypatch.setattr(unfinished, "PATIENCE", 0)
    with unfinished.locked(folder, "work"), unfinished.locked(folder, "work"):
        pass
