"""The version of a file: every later write changes it."""

import mmap
import os
import time

import pytest

from idxfast.storage import identity
from idxfast.storage.identity import Identity, ObjectVersion, Version


@pytest.fixture
def file(tmp_path):
    with open(tmp_path / "file", "w+b", buffering=0) as file:
        file.write(b"abc")
        yield file


def test_every_write_after_it_has_settled_is_seen(file):
    for _ in range(20):
        version = Version.settled(file.fileno())
        assert Version.of(file.fileno()) == version
        status = os.fstat(file.fileno())
        file.seek(0)
        file.write(b"xyz")
        os.utime(file.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
        assert Version.of(file.fileno()) != version


def test_what_a_version_is_made_of(file, tmp_path):
    version = Version.of(file.fileno())
    status = os.stat(tmp_path / "file")
    assert version == (
        status.st_dev, status.st_ino, 3, status.st_mtime_ns, status.st_ctime_ns,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "now", "waits"),
    [
        (5_000_000_001, 5_000_000_001, [0.02]),
        (5_000_000_001, 5_015_000_001, [0.005]),
        (5_000_000_001, 5_020_000_001, []),
        (5_000_000_001, 4_000_000_000, [0.02]),  # the clock of a server is ahead
        (5_000_000_000, 5_500_000_000, [1.5]),  # a file system that stores whole seconds
        (5_000_000_000, 7_000_000_000, []),
    ],
)
def test_how_long_it_waits(changed, now, waits, monkeypatch):
    clock = [now]
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        clock[0] += round(seconds * 1e9)

    monkeypatch.setattr(identity.time, "time_ns", lambda: clock[0])
    monkeypatch.setattr(identity.time, "sleep", sleep)
    monkeypatch.setattr(Version, "of", lambda descriptor: Version(1, 2, 3, changed, changed))
    assert Version.settled(7).changed == changed
    assert waited == pytest.approx(waits)


def test_a_write_through_a_mapping_is_seen(file):
    """Such a write does not change the times if the page has been written to before."""
    with mmap.mmap(file.fileno(), 0) as mapping:
        mapping[:] = b"xyz"
        os.fsync(file.fileno())
        before = Version.of(file.fileno())
        time.sleep(0.03)  # more than a tick of any clock
        mapping[:] = b"123"
        if Version.of(file.fileno()) == before:
            pytest.skip("this file system takes no notice of writes to mappings")
        version = Version.settled(file.fileno())
        mapping[:] = b"456"
        assert Version.of(file.fileno()) != version


@pytest.mark.parametrize(
    ("changed", "is_conclusive"),
    [(1_700_000_000_000_000_000, False), (1_700_000_000_010_000_000, False), (5_000_000_001, True)],
)
def test_times_that_programs_may_have_set(changed, is_conclusive):
    assert Version(1, 2, 3, 5, changed).is_conclusive is is_conclusive


def test_a_file_that_is_always_written_to_is_not_waited_for(monkeypatch):
    waited = []
    monkeypatch.setattr(identity.time, "time_ns", lambda: 1)
    monkeypatch.setattr(identity.time, "sleep", waited.append)
    monkeypatch.setattr(Version, "of", lambda descriptor: Version(1, 2, 3, 1, 1))
    Version.settled(7)
    assert len(waited) == 50


def test_the_time_that_programs_cannot_set_is_waited_for(monkeypatch):
    waited = []
    monkeypatch.setattr(identity.time, "time_ns", lambda: 5_000_000_001)
    monkeypatch.setattr(identity.time, "sleep", waited.append)
    monkeypatch.setattr(Version, "of", lambda descriptor: Version(1, 2, 3, 5_000_000_001, 1))
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    Version.settled(7)
    assert waited == []
    # Where there is none, the time of the last write.
    monkeypatch.delattr(os, "geteuid")
    Version.settled(7)
    assert waited[0] == pytest.approx(0.02)


@pytest.mark.parametrize("has_uname", [True, False])
def test_the_name_of_the_machine(has_uname, file, monkeypatch):
    if has_uname:
        if not hasattr(os, "uname"):
            pytest.skip("needs uname")
        expected = os.uname().nodename
    else:
        expected = "of Windows"
        monkeypatch.delattr(os, "uname", raising=False)
    monkeypatch.setenv("COMPUTERNAME", "of Windows")
    assert Identity.of(file.fileno()).machine == expected


def test_which_files_may_be_the_same():
    here = Identity("here", 1, 2, 3, 4)
    assert here.may_be(Identity("here", 1, 2, 3, 4))
    assert not here.may_be(Identity("here", 1, 5, 3, 4))
    assert here.may_be(Identity("there", 7, 8, 3, 9))
    assert not here.may_be(Identity("there", 1, 2, 5, 4))
    assert not here.may_be(ObjectVersion(3, "tag"))
    assert not ObjectVersion(3, "tag").may_be(here)
