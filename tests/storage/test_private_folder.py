"""The private folder that a file is written in: who may enter, what takes its place, what is swept."""

import errno
import importlib.util
import os
import re
import stat
import time
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.saves import ANOTHER, NEW, PRIVATE, USER, has_users, is_root, owner_and_mode, save_while
from idxfast.storage import private_folder
from idxfast.storage.folders import Folder


@has_users
def test_nobody_else_may_enter_the_private_folder(tmp_path):
    tmp_path.chmod(0o777)
    seen = []

    def look():
        (private,) = tmp_path.iterdir()
        seen.append((private.name, stat.S_IMODE(private.stat().st_mode)))
        (own,) = private.iterdir()
        assert re.fullmatch(rf"idxfast-{os.getpid()}-[0-9a-f]{{8}}", own.name)
        assert own.read_bytes() == NEW[:4]

    save_while(tmp_path / "file", look)
    assert seen == [(PRIVATE, 0o700)]
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == NEW


@has_users
@pytest.mark.parametrize("what", ["link", "folder", "link to a folder"])
def test_what_takes_the_place_of_the_private_folder(what, shared, tmp_path):
    """Another user moves the private folder away. Files that belong to others do not change."""
    victim = tmp_path / "victim"
    victim.mkdir()
    kept, path = victim / "kept", shared / "file"
    path.write_bytes(b"old")
    kept.write_bytes(b"kept")
    kept.chmod(0o600)
    before = owner_and_mode(kept)

    def exchange():
        private = shared / PRIVATE
        (own,) = os.listdir(private)
        private.rename(shared / "away")
        os.link(kept, victim / own)
        if what == "link":
            private.symlink_to(kept)
        elif what == "folder":
            private.mkdir(0o777)
            (private / own).symlink_to(kept)
        else:
            private.symlink_to(victim)

    save_while(path, exchange)
    assert path.read_bytes() == NEW
    assert not path.is_symlink()
    assert owner_and_mode(kept) == before


@has_users
def test_a_file_that_is_exchanged_where_others_are_not_kept_out(shared, monkeypatch):
    """As in a file system without permissions."""
    path = shared / "file"
    real = os.mkdir
    monkeypatch.setattr(os, "mkdir", lambda path, mode, dir_fd: real(path, 0o777, dir_fd=dir_fd))
    umask = os.umask(0)
    try:
        save_while(path, lambda: None)
        assert path.read_bytes() == NEW

        def exchange():
            (own,) = (shared / PRIVATE).iterdir()
            own.unlink()
            own.write_bytes(b"another")

        with pytest.raises(
            PermissionError, match="another file has been put in its place"
        ) as error:
            save_while(path, exchange)
    finally:
        os.umask(umask)
    assert error.value.filename == str(path)


@is_root
@pytest.mark.parametrize("mode", [0o700, 0o777])
def test_a_private_folder_of_another_user_is_not_used(mode, shared):
    squatted = shared / PRIVATE
    squatted.mkdir()
    os.chown(squatted, ANOTHER, ANOTHER)
    squatted.chmod(mode)
    (squatted / "idxfast-1-00000000").touch()
    os.utime(squatted / "idxfast-1-00000000", (0, 0))

    def look():
        assert sorted(os.listdir(squatted)) == ["idxfast-1-00000000"]
        (private,) = {*shared.iterdir()} - {squatted, shared / "file"}
        assert re.fullmatch(rf"\.file{USER}\.idxfast-\d+-[0-9a-f]{{8}}\.tmp", private.name)
        assert private.stat().st_uid == 0
        assert stat.S_IMODE(private.stat().st_mode) == 0o700

    save_while(shared / "file", look)
    assert (shared / "file").read_bytes() == NEW
    assert sorted(os.listdir(shared)) == [PRIVATE, "file"]


@is_root
def test_an_ordinary_user_makes_another_private_folder(shared, run_child):
    """The folder of the usual name belongs to another user, who lets nobody in."""
    squatted = shared / ".file.1234.tmp"
    squatted.mkdir(0o700)
    code = (
        "import os, sys, numpy, numpy.ma, idxfast; idxfast.save\n"
        "os.setgroups([]); os.setgid(1234); os.setuid(1234)\n"
        "idxfast.save(sys.argv[1], numpy.arange(3, dtype=numpy.uint8))\n"
    )
    run_child(code, shared / "file")
    assert (shared / "file").read_bytes() == NEW
    assert sorted(os.listdir(shared)) == [".file.1234.tmp", "file"]


@has_users
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777, 0o710])
def test_a_folder_of_ours_that_is_moved_to_the_place_of_the_private_one(mode, tmp_path):
    """It is not used, nor is anything in it swept, nor is it removed."""
    reports = tmp_path / PRIVATE
    reports.mkdir()
    report = reports / "20240115-0a1b2c3d"
    report.write_bytes(b"old")
    os.utime(report, (0, 0))
    reports.chmod(mode)
    save_while(tmp_path / "file", lambda: None)
    assert (tmp_path / "file").read_bytes() == NEW
    assert sorted(os.listdir(tmp_path)) == [PRIVATE, "file"]
    assert os.listdir(reports) == [report.name]
    assert report.read_bytes() == b"old"
    assert stat.S_IMODE(reports.stat().st_mode) == mode


@has_users
@pytest.mark.parametrize("umask", [0o277, 0o177, 0o077, 0o777])
def test_a_umask_that_denies_the_user_something(umask, shared, run_child):
    """The private folder is usable all the same; the file is as the umask says."""
    code = (
        "import os, sys, numpy, numpy.ma, idxfast; idxfast.save\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(1234); os.setuid(1234)\n"
        "os.umask(int(sys.argv[2]))\n"
        "idxfast.save(sys.argv[1], numpy.arange(3, dtype=numpy.uint8))\n"
    )
    run_child(code, shared / "file", umask)
    assert stat.S_IMODE((shared / "file").stat().st_mode) == 0o666 & ~umask
    (shared / "file").chmod(0o644)
    assert (shared / "file").read_bytes() == NEW
    assert os.listdir(shared) == ["file"]


def test_a_sweep_that_cannot_remove_something(tmp_path):
    private = tmp_path / PRIVATE
    (private / "idxfast-1-00000000").mkdir(parents=True)
    private.chmod(0o700)
    os.utime(private / "idxfast-1-00000000", (0, 0))
    save_while(tmp_path / "file", lambda: None)
    assert (tmp_path / "file").read_bytes() == NEW
    assert os.listdir(private) == ["idxfast-1-00000000"]


@pytest.mark.parametrize("make", ["file", "link"])
def test_what_is_no_folder_is_not_used(make, tmp_path):
    usual = tmp_path / PRIVATE
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if make == "file":
        usual.write_bytes(b"kept")
    else:
        usual.symlink_to(elsewhere)
    save_while(tmp_path / "file", lambda: None)
    assert (tmp_path / "file").read_bytes() == NEW
    assert sorted(os.listdir(tmp_path)) == [PRIVATE, "elsewhere", "file"]
    assert os.listdir(elsewhere) == []


def test_old_files_are_swept(tmp_path):
    private = tmp_path / PRIVATE
    private.mkdir(0o700)
    old, new, foreign = (
        private / name
        for name in (f"idxfast-{i}-0123abcd{end}" for i, end in ((12, ""), (13, ""), (14, ".gz")))
    )
    other = tmp_path / f".other{USER}.tmp"
    for path in (old, new, foreign, other):
        path.write_bytes(b"")
    for path in (old, foreign, other):
        os.utime(path, (0, time.time() - 90_000))
    idxfast.save(tmp_path / "file", np.zeros(3, np.uint8))
    assert [path.exists() for path in (old, new, foreign, other)] == [False, True, True, True]
    new.unlink()
    foreign.unlink()
    idxfast.save(tmp_path / "file", np.zeros(3, np.uint8))
    assert sorted(os.listdir(tmp_path)) == [f".other{USER}.tmp", "file"]


def test_another_save_removes_the_private_folder_when_it_is_empty(tmp_path, monkeypatch):
    real, removed = Folder.open, []

    def open_late(self, name, mode, permissions):
        if len(removed) < 3:
            os.rmdir(tmp_path / PRIVATE)
            removed.append(name)
        return real(self, name, mode, permissions)

    monkeypatch.setattr(Folder, "open", open_late)
    save_while(tmp_path / "file", lambda: None)
    assert len(removed) == 3
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == NEW


def test_saves_to_one_target_at_once(tmp_path):
    """The private folder is there as long as one of them needs it."""
    path = tmp_path / "file"

    def outer():
        save_while(path, inner)
        assert path.read_bytes() == NEW
        path.unlink()

    def inner():
        save_while(path, lambda: None)
        assert len(os.listdir(tmp_path / PRIVATE)) == 2

    save_while(path, outer)
    assert path.read_bytes() == NEW
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("refusals", [3, 10**6])
def test_windows_waits_for_who_has_the_file_open(refusals, tmp_path, monkeypatch):
    path = tmp_path / "file"
    idxfast.save(path, np.zeros(3, np.uint8))
    real, clock, tries = os.replace, [0.0], []

    def replace(old, new, **options):
        tries.append(old)
        if len(tries) <= refusals:
            raise PermissionError(errno.EACCES, "Access is denied", old, 5, new)
        real(old, new, **options)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(private_folder, "sys", SimpleNamespace(platform="win32"))
    fake = {"monotonic": lambda: clock[0], "time": time.time}
    fake["sleep"] = lambda seconds: clock.__setitem__(0, clock[0] + seconds)
    monkeypatch.setattr(private_folder, "time", SimpleNamespace(**fake))
    if refusals == 3:
        idxfast.save(path, np.ones(3, np.uint8))
        assert clock[0] < 1
    else:
        with pytest.raises(PermissionError, match="open or mapped") as caught:
            idxfast.save(path, np.ones(3, np.uint8))
        assert caught.value.filename == str(path)
        assert 1.9 < clock[0] < 2.2
    assert idxfast.load(path).tolist() == ([1, 1, 1] if refusals == 3 else [0, 0, 0])
    assert os.listdir(tmp_path) == ["file"]


def test_where_the_system_has_no_users(tmp_path, monkeypatch):
    """As on Windows, where a mode would set an access control list."""
    monkeypatch.delattr(os, "geteuid", raising=False)
    spec = importlib.util.spec_from_file_location(
        "idxfast.storage.without_users", private_folder.__file__
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.private_folder_name("file", ".tmp") == ".file.tmp"
    umask = os.umask(0o022)
    try:
        with (
            Folder(str(tmp_path)) as folder,
            module.open_private_folder(folder, "new")[0] as private,
        ):
            assert stat.S_IMODE(private.own_status().st_mode) == 0o755
            with private.open("file", "xb") as file:
                assert module.is_private(private, file, folder)
                private.remove("file")
                private.open("file", "xb").close()
                module.move_out(private, "file", file, folder, "moved")
    finally:
        os.umask(umask)
    assert sorted(os.listdir(tmp_path)) == ["moved", "new"]
