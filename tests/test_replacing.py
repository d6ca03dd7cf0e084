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
from idxfast import private, replacing, sink
from idxfast.folders import Folder

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
        assert re.fullmatch(rf"{os.getpid()}-[0-9a-f]{{8}}", own.name)
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
        ("open", os.O_CREAT | os.O_EXCL, 0o600),
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

    path = tmp_path / "file"
    with open(path, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        gid = os.fstat(file.fileno()).st_gid + (group == "another")
        monkeypatch.setattr(os, "fchown", fchown)
        old = SimpleNamespace(st_mode=0o102664, st_uid=7, st_gid=gid)
        replacing._copy_permissions(old, file)
    mode = 0o664 if group == "ours" else 0o604
    assert asked == [(-1, gid, 0o600), (7, -1, mode)]
    assert stat.S_IMODE(path.stat().st_mode) == mode


@is_root
def test_the_owner_of_a_file_that_root_saves(tmp_path):
    path = tmp_path / "file"
    path.touch()
    os.chown(path, ANOTHER, ANOTHER - 1)
    idxfast.save(path, np.zeros(3, np.uint8))
    assert (path.stat().st_uid, path.stat().st_gid) == (ANOTHER, ANOTHER - 1)


@is_root
@pytest.mark.parametrize("is_owner", [False, True])
def test_a_file_planted_by_another_user_gives_no_permissions(is_owner, shared):
    """But what the owner of the folder has there may stay the owner's."""
    path = shared / "file"
    path.touch()
    path.chmod(0o666)
    os.chown(path, ANOTHER, ANOTHER)
    if is_owner:
        os.chown(shared, ANOTHER, ANOTHER)
    umask = os.umask(0o077)
    try:
        idxfast.save(path, np.arange(3, dtype=np.uint8))
    finally:
        os.umask(umask)
    uid, _, mode, content = owner_and_mode(path)
    assert (uid, mode) == ((ANOTHER, 0o666) if is_owner else (0, 0o600))
    assert content == NEW


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
    (squatted / "1-00000000").touch()
    os.utime(squatted / "1-00000000", (0, 0))

    def look():
        assert sorted(os.listdir(squatted)) == ["1-00000000"]
        (private,) = {*shared.iterdir()} - {squatted, shared / "file"}
        assert re.fullmatch(rf"\.file{USER}\.\d+-[0-9a-f]{{8}}\.tmp", private.name)
        assert private.stat().st_uid == 0
        assert stat.S_IMODE(private.stat().st_mode) == 0o700

    save_while(shared / "file", look)
    assert (shared / "file").read_bytes() == NEW
    assert sorted(os.listdir(shared)) == [PRIVATE, "file"]


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
        private / name for name in ("12-0123abcd", "13-0123abcd", "14-0123abcd.gz")
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


@is_root
@pytest.mark.parametrize("place", ["theirs", "shared"])
@pytest.mark.parametrize("planter", [ANOTHER, 0])
def test_links_of_others_are_not_followed(place, planter, shared, tmp_path):
    kept, path = tmp_path / "kept", shared / "file"
    kept.write_bytes(b"kept")
    path.symlink_to(kept)
    os.lchown(path, planter, planter)
    if place == "theirs":
        shared.chmod(0o755)
        os.chown(shared, ANOTHER, ANOTHER)
    if planter:
        with pytest.raises(PermissionError, match="a symbolic link of another user") as error:
            save_while(path, lambda: None)
        assert error.value.filename == str(path)
        assert kept.read_bytes() == b"kept"
    else:
        save_while(path, lambda: None)
        assert kept.read_bytes() == NEW
    assert os.listdir(shared) == ["file"]


@is_root
def test_a_link_of_another_user_where_only_we_may_write(tmp_path):
    """We, or root, have put it there."""
    kept, path = tmp_path / "kept", tmp_path / "file"
    path.symlink_to(kept)
    os.lchown(path, ANOTHER, ANOTHER)
    save_while(path, lambda: None)
    assert kept.read_bytes() == NEW


@is_root
def test_a_pipe_of_another_user_is_not_written_to(shared):
    path = shared / "file"
    os.mkfifo(path)
    os.chown(path, ANOTHER, ANOTHER)
    with pytest.raises(PermissionError, match="a pipe or device of another user"):
        save_while(path, lambda: None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_whose_place_is_taken_meanwhile(tmp_path, monkeypatch):
    """The file there is neither emptied nor written to."""
    path = tmp_path / "file"
    os.mkfifo(path)
    real = Folder.open_special

    def open_late(self, name):
        path.unlink()
        path.write_bytes(b"kept")
        return real(self, name)

    monkeypatch.setattr(Folder, "open_special", open_late)
    with pytest.raises(OSError, match="another process has just put a file in its place"):
        save_while(path, lambda: None)
    path.unlink()
    (tmp_path / "kept").write_bytes(b"kept")
    os.mkfifo(path)

    def link_late(self, name):
        path.unlink()
        path.symlink_to(tmp_path / "kept")
        return real(self, name)

    monkeypatch.setattr(Folder, "open_special", link_late)
    with pytest.raises(OSError) as error:
        save_while(path, lambda: None)
    assert error.value.errno == errno.ELOOP
    assert (tmp_path / "kept").read_bytes() == b"kept"


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
away, own = os.path.join(folder, "away"), os.path.join(folder, "own")
os.mkdir(away)


def remove(path):
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


count = 0
while os.getppid() == parent:
    for name in ["file", *(name for name in os.listdir(folder) if name.endswith(".tmp"))]:
        path = os.path.join(folder, name)
        kind = dice.choice(["nothing", "link", "file", "folder", "pipe"])
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
    monkeypatch.setattr("idxfast.folders.AVAILABLE", False)
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
