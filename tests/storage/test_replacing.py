"""A file appears whole or not at all, whatever others do in its folder meanwhile."""

import errno
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from idxfast.storage import folders, private, replacing, sink
from idxfast.storage.folders import Entry, Folder

has_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
is_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root, for another user"
)
USER = f".{os.geteuid()}" if hasattr(os, "geteuid") else ""
PRIVATE = f".file{USER}.tmp"
# No user of these tests: nobody, as most systems number it.
ANOTHER = 65534
NEW = idxfast.dumps(np.arange(3, dtype=np.uint8))


def save_while(path, act):
    """Save the new content, and call a function after its first bytes are written."""

    def pieces():
        yield NEW[:4]
        act()
        yield NEW[4:]

    sink.write(path, pieces())


@pytest.fixture
def shared():
    """A folder that everybody may write to, outside pytest's, which are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def owner_and_mode(path):
    status = path.lstat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), path.read_bytes()


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


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="needs permissions")
def test_order_of_calls(tmp_path, monkeypatch):
    """Written, closed to others until its mode is set, synchronised; only then in its place."""
    calls = []

    def record(name, describe, room=os):
        real = getattr(room, name)

        def call(*arguments, **options):
            calls.append((name, *describe(*arguments, **options)))
            return real(*arguments, **options)

        monkeypatch.setattr(room, name, call)

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
    """And what the old group may do is not what another one may."""
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
            replacing._copy_permissions(entry, file)
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
            replacing._copy_permissions(entry, file)
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


@is_root
@pytest.mark.parametrize(
    ("folder", "owner", "old", "expected"),
    [
        (0o777, 0, (ANOTHER, 0o666), (0, 0o600)),
        (0o777, ANOTHER, (ANOTHER, 0o666), (0, 0o600)),
        (0o777, 0, (0, 0o666), (0, 0o600)),  # anybody may have moved it there
        (0o777, 0, (ANOTHER, 0o200), (0, 0o600)),
        (0o1777, 0, (ANOTHER, 0o666), (0, 0o600)),
        (0o1777, 0, (0, 0o666), (0, 0o666)),
        (0o775, 0, (ANOTHER, 0o666), (0, 0o600)),
        (0o775, 0, (0, 0o664), (0, 0o664)),
        (0o775, ANOTHER, (ANOTHER, 0o664), (ANOTHER, 0o664)),
        (0o755, ANOTHER, (ANOTHER, 0o644), (ANOTHER, 0o644)),
        (0o755, ANOTHER, (1, 0o604), (1, 0o604)),
    ],
)
def test_whose_permissions_are_taken(folder, owner, old, expected, shared):
    """Not those of a file that another user may have put there; but it may deny."""
    path = shared / "file"
    path.touch()
    os.chown(path, old[0], 0)
    path.chmod(old[1])
    os.chown(shared, owner, owner)
    shared.chmod(folder)
    umask = os.umask(0o077)
    try:
        idxfast.save(path, np.arange(3, dtype=np.uint8))
    finally:
        os.umask(umask)
    uid, _, mode, content = owner_and_mode(path)
    assert (uid, mode) == expected
    assert content == NEW


@is_root
def test_a_planted_file_that_denies(shared):
    path = shared / "file"
    path.touch()
    os.chown(path, ANOTHER, ANOTHER)
    path.chmod(0o600)
    idxfast.save(path, np.zeros(3, np.uint8))
    assert owner_and_mode(path)[0::2][:2] == (0, 0o600)


@has_users
@pytest.mark.parametrize("what", ["link", "folder", "link to a folder"])
def test_what_takes_the_place_of_the_private_folder(what, shared, tmp_path):
    """Who may write to the folder moves it away; nothing of others changes."""
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
    """The usual one is another user's, who lets nobody in."""
    squatted = shared / ".file.1234.tmp"
    squatted.mkdir(0o700)
    code = (
        "import os, sys, numpy, numpy.ma, idxfast\n"
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
        "import os, sys, numpy, numpy.ma, idxfast\n"
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


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors")
def test_errors_that_are_kept_keep_no_descriptors(tmp_path):
    def fail():
        raise KeyError("stop")

    (tmp_path / "link").symlink_to("file")
    kept = []
    before = len(os.listdir("/proc/self/fd"))
    for path in ("file", "link", "missing/file", "."):
        for _ in range(5):
            with pytest.raises((KeyError, OSError)) as caught:
                save_while(tmp_path / path, fail)
            kept.append(caught.value)
    assert len(os.listdir("/proc/self/fd")) == before
    assert os.listdir(tmp_path) == ["link"]


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


def test_what_a_save_costs_does_not_depend_on_the_files_beside(tmp_path, monkeypatch):
    """The folder is never listed."""
    monkeypatch.setattr(os, "listdir", None)
    monkeypatch.setattr(os, "scandir", None)
    for value in (1, 2):
        idxfast.save(tmp_path / "file", np.full(3, value, np.uint8))
    assert idxfast.load(tmp_path / "file").tolist() == [2, 2, 2]


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


# A link of a user in a folder of a user and mode that leads to a file of a user, for a saver.
@is_root
@pytest.mark.parametrize(
    ("saver", "link", "folder", "mode", "file", "is_followed"),
    [
        (0, ANOTHER, 0, 0o777, 0, False),
        (0, ANOTHER, 0, 0o1777, 0, False),
        (0, ANOTHER, 0, 0o775, 0, False),
        (0, ANOTHER, ANOTHER, 0o755, 0, False),
        (0, ANOTHER, ANOTHER, 0o755, None, False),
        (0, ANOTHER, ANOTHER, 0o755, ANOTHER, True),  # it may write to its own file anyway
        (0, ANOTHER, 0, 0o777, ANOTHER, True),
        (0, ANOTHER, 0, 0o755, 0, True),  # only root can have put it there
        (0, 0, 0, 0o777, 0, True),
        (0, 0, ANOTHER, 0o755, None, True),
        (1234, ANOTHER, 1234, 0o777, 1234, False),
        (1234, ANOTHER, 1234, 0o775, 1234, False),
        (1234, ANOTHER, ANOTHER, 0o775, 1234, False),
        (1234, ANOTHER, 1234, 0o755, 1234, True),
        (1234, 1234, 0, 0o777, 1234, True),
        (1234, 0, 0, 0o777, 1234, True),
    ],
)
def test_whose_links_are_followed(saver, link, folder, mode, file, is_followed, shared, run_child):
    shared.chmod(0o755)
    for name in ("links", "files"):
        (shared / name).mkdir()
    target, path = shared / "files" / "target", shared / "links" / "file"
    if file is not None:
        target.write_bytes(b"kept")
        os.chown(target, file, file)
    path.symlink_to(target)
    os.lchown(path, link, link)
    for place, owner in ((shared / "links", folder), (shared / "files", saver)):
        os.chown(place, owner, saver)
    (shared / "links").chmod(mode)
    code = (
        "import os, sys, numpy, numpy.ma, idxfast\n"
        "os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))\n"
        "try: idxfast.save(sys.argv[1], numpy.arange(3, dtype=numpy.uint8)); print('saved')\n"
        "except PermissionError as error: print(error.filename, error.strerror)\n"
    )
    answer = run_child(code, path, saver)
    if is_followed:
        assert answer == ["saved"]
        assert target.read_bytes() == NEW
    else:
        assert answer[0] == str(path)
        assert "a symbolic link of another user" in " ".join(answer)
        assert (target.read_bytes() if file is not None else b"kept") == b"kept"
        assert target.exists() == (file is not None)
    assert path.is_symlink()
    assert os.listdir(shared / "links") == ["file"]


@is_root
def test_a_pipe_of_another_user_is_not_written_to(shared):
    path = shared / "file"
    os.mkfifo(path)
    os.chown(path, ANOTHER, ANOTHER)
    # A reader, so that nothing waits for one.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        with pytest.raises(PermissionError, match="a pipe of another user"):
            save_while(path, lambda: None)
        assert not reader.read(1)
        shared.chmod(0o755)
        save_while(path, lambda: None)
        assert reader.read(100) == NEW


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize(
    ("kind", "is_held"),
    [("file", True), ("link", True), ("pipe", True), ("file", False), ("link", False)],
)
def test_a_pipe_whose_place_is_taken_meanwhile(kind, is_held, tmp_path, monkeypatch):
    """What is there now is neither emptied nor written to."""
    path, kept = tmp_path / "file", tmp_path / "kept"
    kept.write_bytes(b"kept")
    os.mkfifo(path)
    real = Entry.open

    def open_late(self):
        path.unlink()
        if kind == "file":
            path.write_bytes(b"kept")
        elif kind == "link":
            path.symlink_to(kept)
        else:
            os.mkfifo(path)
        return real(self)

    monkeypatch.setattr(Entry, "open", open_late)
    if is_held and not folders.HOLDS_ENTRIES:
        pytest.skip("needs to hold pipes")
    monkeypatch.setattr(folders, "HOLDS_ENTRIES", is_held)
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        if is_held:
            save_while(path, lambda: None)
            assert reader.read(100) == NEW
        else:
            with pytest.raises(OSError, match="another process has just put something else"):
                save_while(path, lambda: None)
    assert kept.read_bytes() == b"kept"


@pytest.mark.parametrize("is_held", [True, False])
def test_a_link_that_is_exchanged_once_its_owner_is_known(is_held, tmp_path, monkeypatch):
    path, kept, ours = (tmp_path / name for name in ("file", "kept", "ours"))
    kept.write_bytes(b"kept")
    path.symlink_to(ours)
    real = Entry.read_link

    def read_late(self):
        path.unlink()
        path.symlink_to(kept)
        return real(self)

    monkeypatch.setattr(Entry, "read_link", read_late)
    if is_held and not folders.HOLDS_ENTRIES:
        pytest.skip("needs to hold links")
    monkeypatch.setattr(folders, "HOLDS_ENTRIES", is_held)
    if is_held:
        save_while(path, lambda: None)
        assert ours.read_bytes() == NEW
    else:
        with pytest.raises(OSError, match="another process has just put something else"):
            save_while(path, lambda: None)
    assert kept.read_bytes() == b"kept"


def test_links_in_a_chain(tmp_path):
    """Each starts where it stands."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "link").symlink_to("../b/link")
    (tmp_path / "b" / "link").symlink_to("file")
    save_while(tmp_path / "a" / "link", lambda: None)
    assert (tmp_path / "b" / "file").read_bytes() == NEW
    assert sorted(os.listdir(tmp_path / "b")) == ["file", "link"]
    for count in (40, 41):
        previous = tmp_path / f"end {count}"
        for number in range(count):
            link = tmp_path / f"{count} {number}"
            link.symlink_to(previous)
            previous = link
        if count == 40:
            save_while(link, lambda: None)
            assert (tmp_path / "end 40").read_bytes() == NEW
        else:
            with pytest.raises(OSError) as error:
                save_while(link, lambda: None)
            assert (error.value.errno, error.value.filename) == (errno.ELOOP, str(link))


# Saves again and again, and counts what came of that.
SAVER = """
import os, sys
import numpy, numpy.ma, idxfast

folder, user, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if user:
    os.setgid(user)
    os.setuid(user)
whole = errors = 0
for i in range(rounds):
    try:
        idxfast.save(os.path.join(folder, "file"), numpy.full(2000, i % 256, numpy.uint8))
        whole += 1
    except OSError:
        errors += 1
print(whole, errors)
"""

# Puts something else in place of the names in the folder, again and again. Another's things are
# moved away, for they cannot all be removed; its own go soon, so that saves are possible.
REPLACER = """
import contextlib, os, random, shutil, sys

folder, user, victim = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.setgid(user)
os.setuid(user)
dice, parent = random.Random(1), os.getppid()
others = [os.path.join(victim, name) for name in os.listdir(victim)]
away, own, trusted = (os.path.join(folder, name) for name in ("away", "own", "trusted"))
os.mkdir(away)


def remove(path):
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


count = 0
while os.getppid() == parent:
    for name in ["file", *(name for name in os.listdir(folder) if name.endswith(".tmp"))]:
        path = os.path.join(folder, name)
        kind = dice.choice(["nothing", "link", "file", "folder", "pipe", "trusted", "trusted"])
        with contextlib.suppress(OSError):
            if kind == "link":
                os.symlink(dice.choice(others), own)
            elif kind == "file":
                open(own, "wb").close()
                os.chmod(own, 0o666)
            elif kind == "folder":
                os.mkdir(own)
                os.chmod(own, 0o777)
            elif kind == "pipe":
                os.mkfifo(own, 0o666)
            elif kind == "trusted":
                os.symlink(dice.choice(others), own)
                # The saver's own link, and at once another in its place.
                os.rename(trusted, path)
                os.rename(path, trusted)
        with contextlib.suppress(OSError):
            count += 1
            os.rename(path, os.path.join(away, str(count)))
        with contextlib.suppress(OSError):
            os.rename(own, path)
        remove(own)
        if name == "file" or dice.random() < 0.5:
            remove(path)
"""


@is_root
@pytest.mark.parametrize("saver", [0, 1234])
def test_nothing_of_others_changes_while_names_are_replaced(saver, shared, tmp_path, rounds):
    """Another user replaces the target, and what is beside it, at random."""
    victim = shared.with_name(shared.name + " victim")
    victim.mkdir(0o755)
    try:
        for name, mode in (("closed", 0o600), ("open", 0o644), ("executable", 0o755)):
            (victim / name).write_bytes(name.encode())
            (victim / name).chmod(mode)
            os.chown(victim / name, saver, saver)
        (victim / "folder").mkdir(0o755)
        os.chown(victim / "folder", saver, saver)
        (shared / "trusted").symlink_to(shared / "ours")
        os.lchown(shared / "trusted", saver, saver)
        files = [path for path in victim.iterdir() if path.is_file()]
        before = {path: owner_and_mode(path) for path in files}
        replacer = subprocess.Popen(
            [sys.executable, "-P", "-c", REPLACER, shared, str(ANOTHER), victim]
        )
        try:
            child = subprocess.run(
                [sys.executable, "-P", "-c", SAVER, shared, str(saver), str(50 * rounds)],
                capture_output=True, text=True, timeout=600,
            )  # fmt: skip
        finally:
            replacer.kill()
            replacer.wait()
        assert child.returncode == 0, child.stderr
        whole, errors = map(int, child.stdout.split())
        assert whole and whole + errors == 50 * rounds
        assert {path: owner_and_mode(path) for path in files} == before
        assert os.listdir(victim / "folder") == []
        # What had the target's name, for however long.
        for path in [shared / "file", *(shared / "away").iterdir()]:
            status = path.lstat() if os.path.lexists(path) else None
            if status and stat.S_ISREG(status.st_mode) and status.st_uid == saver:
                assert len(set(idxfast.load(path).tolist())) == 1
    finally:
        shutil.rmtree(victim)


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
    monkeypatch.setattr(private, "sys", SimpleNamespace(platform="win32"))
    fake = {"monotonic": lambda: clock[0], "time": time.time}
    fake["sleep"] = lambda seconds: clock.__setitem__(0, clock[0] + seconds)
    monkeypatch.setattr(private, "time", SimpleNamespace(**fake))
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


def test_without_descriptors_of_folders(tmp_path, monkeypatch):
    """As on Windows: names are joined to the folder's path."""
    monkeypatch.setattr(folders, "AVAILABLE", False)
    monkeypatch.setattr(folders, "HOLDS_ENTRIES", False)
    monkeypatch.setattr(folders, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.delattr(os, "geteuid", raising=False)
    (tmp_path / "link").symlink_to("file")
    for target in ("file", "link", "file"):
        save_while(tmp_path / target, lambda: None)
        assert (tmp_path / "file").read_bytes() == NEW
        assert sorted(os.listdir(tmp_path)) == ["file", "link"]
    with pytest.raises(IsADirectoryError):
        save_while(tmp_path, lambda: None)

    def fail():
        raise KeyError("stop")

    with pytest.raises(KeyError):
        save_while(tmp_path / "new", fail)
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]
