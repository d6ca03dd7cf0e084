"""The order of the calls of a save, and the permissions of the new file."""

import errno
import os
import shutil
import stat
import subprocess

import numpy as np
import pytest

import idxfast
from files.saves import ANOTHER, NEW, PRIVATE, is_root, save_while
from idxfast.storage import atomic
from idxfast.storage.folders import Folder


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="needs permissions")
def test_order_of_calls(tmp_path, monkeypatch):
    """Written, closed to others until its mode is set, synchronised; only then in its place."""
    calls = []

    def record(name, describe, module=os):
        real = getattr(module, name)

        def call(*arguments, **options):
            calls.append((name, *describe(*arguments, **options)))
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    path = tmp_path / "file"
    idxfast.save(path, np.zeros(3, np.uint8))
    path.chmod(0o604)
    record("mkdir", lambda path, mode, dir_fd: (path, mode))
    record("open", lambda path, flags, mode, dir_fd: (flags & (os.O_CREAT | os.O_EXCL), mode))
    record("fsync", lambda descriptor: (os.fstat(descriptor).st_size,))
    record("fchmod", lambda descriptor, mode: (mode,))
    record("replace", lambda old, new, src_dir_fd, dst_dir_fd: (new,))
    record("rmdir", lambda path, dir_fd: (path,))
    record("sync", lambda self: (), Folder)
    idxfast.save(path, np.ones(3, np.uint8))
    assert calls == [
        ("mkdir", PRIVATE, 0o700),
        ("open", os.O_CREAT | os.O_EXCL, 0o604),
        ("fchmod", 0o604),
        ("fsync", 11),
        ("replace", "file"),
        ("rmdir", PRIVATE),
        ("sync",),
    ]


@pytest.mark.skipif(not hasattr(os, "fchown"), reason="needs owners of files")
@pytest.mark.parametrize("group", ["ours", "another"])
def test_owner_and_group_are_kept_where_allowed(group, tmp_path, monkeypatch):
    """The permissions of the old group are not given to another group."""
    asked = []

    def fchown(descriptor, uid, gid):
        asked.append((uid, gid, stat.S_IMODE(os.fstat(descriptor).st_mode)))
        raise PermissionError(errno.EPERM, "Operation not permitted")

    old, path = tmp_path / "old", tmp_path / "file"
    old.touch()
    old.chmod(0o664)
    with Folder(str(tmp_path)) as folder, folder.find("old") as entry:
        gid = entry.status.st_gid + (group == "another")
        fields = list(entry.status)
        fields[5] = gid
        entry.status = os.stat_result(fields)
        with open(path, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            monkeypatch.setattr(os, "fchown", fchown)
            atomic._copy_permissions(entry, file)
    mode = 0o664 if group == "ours" else 0o604
    assert asked == [(-1, gid, 0o600), (os.geteuid(), -1, mode)]
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "fchown"), reason="needs owners of files")
@pytest.mark.parametrize(
    ("old", "group", "owner", "new"),
    [
        (0o664, True, True, 0o664),
        (0o666, True, False, 0o664),  # the umask says what others may do
        (0o604, False, True, 0o600),  # who was in the old group is one of the others
        (0o646, False, True, 0o604),
        (0o666, False, False, 0o604),
    ],
)
def test_what_others_may_do_is_not_more_than_before(old, group, owner, new, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(old)
    with Folder(str(tmp_path)) as folder, folder.find("old") as entry:
        fields = list(entry.status)
        fields[4] += 0 if owner else 7
        fields[5] += 0 if group else 7
        entry.status = os.stat_result(fields)
        with open(tmp_path / "file", "wb") as file:
            os.fchmod(file.fileno(), old & 0o664)
            atomic._copy_permissions(entry, file)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == new


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="needs permissions")
@pytest.mark.parametrize("number", [errno.EPERM, errno.EIO])
def test_a_file_system_that_keeps_no_permissions(number, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(number, "no!")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fchmod", refuse)
    if number == errno.EPERM:
        save_while(path, lambda: None)
        assert path.read_bytes() == NEW
    else:
        with pytest.raises(OSError, match="no!"):
            save_while(path, lambda: None)
        assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_permissions_that_change_meanwhile(tmp_path):
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o644)
    save_while(path, lambda: path.chmod(0o600))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not shutil.which("setfacl"), reason="needs access control lists")
def test_access_control_lists(tmp_path):
    """Kept where the group is, and never taken from the folder in place of the old file's mode."""

    def lists(path):
        child = subprocess.run(
            ["getfacl", "-cn", path], capture_output=True, text=True, check=True, timeout=60
        )
        return child.stdout.split()

    def change(*arguments):
        try:
            subprocess.run(["setfacl", *arguments], check=True, capture_output=True, timeout=60)
        except subprocess.CalledProcessError:
            pytest.skip("this file system has no access control lists")

    path = tmp_path / "file"
    path.touch()
    path.chmod(0o600)
    change("-m", "u:1:rw,m::rw", path)
    before = lists(path)
    save_while(path, lambda: None)
    assert lists(path) == before
    path.unlink()
    path.touch()
    path.chmod(0o640)
    change("-d", "-m", "u:1:rwx", tmp_path)
    save_while(path, lambda: None)
    assert lists(path) == ["user::rw-", "group::r--", "other::---"]
    path.unlink()
    save_while(path, lambda: None)
    assert "user:1:rwx" in lists(path)[1]


@is_root
def test_the_owner_of_a_file_that_root_saves(tmp_path):
    path = tmp_path / "file"
    path.touch()
    os.chown(path, ANOTHER, ANOTHER - 1)
    idxfast.save(path, np.zeros(3, np.uint8))
    assert (path.stat().st_uid, path.stat().st_gid) == (ANOTHER, ANOTHER - 1)


def test_what_a_save_costs_does_not_depend_on_the_files_beside(tmp_path, monkeypatch):
    """The folder is never listed."""
    monkeypatch.setattr(os, "listdir", None)
    monkeypatch.setattr(os, "scandir", None)
    for value in (1, 2):
        idxfast.save(tmp_path / "file", np.full(3, value, np.uint8))
    assert idxfast.load(tmp_path / "file").tolist() == [2, 2, 2]


def test_where_files_have_no_owners(tmp_path, monkeypatch):
    """As on Windows."""
    path = tmp_path / "file"
    idxfast.save(path, np.zeros(3, np.uint8))
    monkeypatch.delattr(os, "fchown", raising=False)
    idxfast.save(path, np.arange(3, dtype=np.uint8))
    assert path.read_bytes() == NEW
