"""Whose files, links and pipes a save respects: those of users who could have put them there anyway."""

import os
import stat

import numpy as np
import pytest

import idxfast
from files.saves import ANOTHER, NEW, has_users, is_root, owner_and_mode, save_while
from idxfast.storage.folders import Folder
from idxfast.storage.trust import are_permissions_trusted, may_be_planted, may_others_write


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
    """A file that another user may have put there grants nothing, but it may deny."""
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


# Who saves; who owns the link; who owns its folder, and its mode; who owns the file it leads to.
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
        "import os, sys, numpy, numpy.ma, idxfast; idxfast.save\n"
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
        assert "another user's symbolic link" in " ".join(answer)
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
        with pytest.raises(PermissionError, match="another user's pipe"):
            save_while(path, lambda: None)
        assert not reader.read(1)
        shared.chmod(0o755)
        save_while(path, lambda: None)
        assert reader.read(100) == NEW


@is_root
def test_a_folder_of_another_user_is_no_pipe(shared):
    (shared / "file").mkdir()
    os.chown(shared / "file", ANOTHER, ANOTHER)
    with pytest.raises(IsADirectoryError):
        save_while(shared / "file", lambda: None)


def status_of(kind, mode, owner):
    return os.stat_result([kind | mode, 1, 1, 1, owner, 0, 3, 0, 0, 0])


@has_users
@pytest.mark.parametrize(
    ("kind", "is_planted"),
    [(stat.S_IFREG, True), (stat.S_IFIFO, True), (stat.S_IFCHR, False), (stat.S_IFBLK, False)],
)
def test_only_root_makes_devices(kind, is_planted, shared):
    with Folder(str(shared)) as folder:
        assert may_be_planted(status_of(kind, 0o600, ANOTHER), folder) == is_planted


@has_users
@pytest.mark.parametrize(
    ("owner", "mode", "may_write"),
    [
        (ANOTHER, 0o600, True),
        (0, 0o644, False),
        (0, 0o664, True),
        (0, 0o646, True),
    ],
)
def test_who_may_write_to_a_file(owner, mode, may_write):
    assert may_others_write(status_of(stat.S_IFREG, mode, owner)) is may_write


def test_where_the_system_has_no_users(shared, monkeypatch):
    """As on Windows."""
    monkeypatch.delattr(os, "geteuid", raising=False)
    status = status_of(stat.S_IFREG, 0o666, ANOTHER)
    with Folder(str(shared)) as folder:
        assert not may_be_planted(status, folder)
        assert are_permissions_trusted(status, folder)
    assert not may_others_write(status)
