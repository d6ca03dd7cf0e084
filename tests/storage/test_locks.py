"""Locks on open files: who has one, and when it ends."""

import errno
import os

import pytest

from idxfast.storage import locks

fcntl = pytest.importorskip("fcntl")


def test_one_at_a_time(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as first, path.open("rb") as second:
        assert locks.try_to_lock(first) is True
        assert locks.try_to_lock(first) is True
        assert locks.try_to_lock(second) is False
        locks.unlock(first)
        assert locks.try_to_lock(second) is True
    with path.open("rb") as third:
        assert locks.try_to_lock(third) is True


def test_a_lock_is_given_back_although_a_child_has_the_file_open(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as first, path.open("rb") as second:
        assert locks.try_to_lock(first)
        other = os.dup(first.fileno())
        locks.unlock(first)
        first.close()
        assert locks.try_to_lock(second) is True
        os.close(other)


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EBADF, errno.ENOSYS])
def test_a_file_system_without_locks(error, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (tmp_path / "file").open("wb") as file:
        assert locks.try_to_lock(file) is None


def test_a_system_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with (tmp_path / "file").open("wb") as file:
        assert locks.try_to_lock(file) is None
        locks.unlock(file)
