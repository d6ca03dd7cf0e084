"""A folder that appears whole or not at all."""

import errno
import os
import shutil
import stat
import subprocess
import sys

import pytest

from idxfast.storage.new_folder import new_folder


def test_it_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a" / "b"
    with new_folder(str(path)) as private:
        assert not path.exists()
        with open(os.path.join(private, "file"), "w") as file:
            file.write("content")
    assert (path / "file").read_text() == "content"
    assert list((tmp_path / "a").iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_its_permissions_are_those_of_any_new_folder(tmp_path):
    with new_folder(str(tmp_path / "new")):
        pass
    (tmp_path / "other").mkdir()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "new").mkdir()
    with new_folder(str(tmp_path / "new")) as private:
        open(os.path.join(private, "file"), "w").close()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "old").touch()
    with (
        pytest.raises(OSError, match="the folder is not empty") as caught,
        new_folder(str(tmp_path)),
    ):
        pytest.fail("the block was entered")
    assert caught.value.errno == errno.ENOTEMPTY
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_folder_that_fills_meanwhile_is_kept(tmp_path):
    path = tmp_path / "new"
    with pytest.raises(OSError), new_folder(str(path)):
        path.mkdir()
        (path / "other").touch()
    assert [entry.name for entry in tmp_path.iterdir()] == ["new"]
    assert [entry.name for entry in path.iterdir()] == ["other"]


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("content")
    with pytest.raises(NotADirectoryError), new_folder(str(tmp_path / "file")):
        pytest.fail("the block was entered")
    assert (tmp_path / "file").read_text() == "content"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error), new_folder(str(tmp_path / "new")) as private:
        open(os.path.join(private, "file"), "w").close()
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_to_an_empty_folder_is_refused_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    with (
        pytest.raises(OSError, match="a link or a mount point"),
        new_folder(str(tmp_path / "link")),
    ):
        pytest.fail("the block was entered")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "link"]


def test_a_mount_point_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(tmp_path / "new"))
    with pytest.raises(OSError, match="a link or a mount point"), new_folder(str(tmp_path / "new")):
        pytest.fail("the block was entered")
    assert list(tmp_path.iterdir()) == []


needs_locks = pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="needs locks on folders")
# Makes the folder named by its argument, writes a file, says so, and waits.
UNFINISHED = """
import os, sys
from idxfast.storage.new_folder import new_folder
with new_folder(sys.argv[1]) as private:
    open(os.path.join(private, "file"), "w").close()
    print(private, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def process(tmp_path):
    """A process that is making the folder "new", and its private folder."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", UNFINISHED, str(tmp_path / "new")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        yield child, child.stdout.readline().rstrip()
        child.kill()


@needs_locks
def test_what_a_killed_process_left_is_removed(tmp_path, process):
    child, private = process
    child.kill()
    child.wait()
    assert os.listdir(private) == ["file"]
    with new_folder(str(tmp_path / "other")):
        assert os.path.exists(private)  # it belongs to another name
    with new_folder(str(tmp_path / "new")):
        assert not os.path.exists(private)
    assert sorted(os.listdir(tmp_path)) == ["new", "other"]


@needs_locks
def test_what_a_process_holds_is_kept(tmp_path, process):
    child, private = process
    with pytest.raises(ValueError), new_folder(str(tmp_path / "new")):
        raise ValueError
    assert os.listdir(private) == ["file"]
    child.communicate("")
    assert child.returncode == 0
    assert os.listdir(tmp_path / "new") == ["file"]


@needs_locks
def test_what_others_made_is_kept(tmp_path):
    (tmp_path / "mine").mkdir()
    names = [".new.backup", ".new.idxfast-1-0123abcd.old", ".newer.idxfast-1-0123abcd"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".new.idxfast-2-0123abcd").symlink_to("mine")
    (tmp_path / ".new.idxfast-3-0123abcd").touch()
    with new_folder(str(tmp_path / "new")):
        pass
    found = sorted(os.listdir(tmp_path))
    assert found == sorted(
        [*names, ".new.idxfast-2-0123abcd", ".new.idxfast-3-0123abcd", "mine", "new"]
    )


@needs_locks
def test_what_another_user_made_is_kept(tmp_path, monkeypatch):
    abandoned = tmp_path / ".new.idxfast-1-0123abcd"
    abandoned.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: abandoned.stat().st_uid + 1)
    with new_folder(str(tmp_path / "new")):
        assert abandoned.exists()


@needs_locks
def test_a_folder_that_is_removed_before_it_is_locked(tmp_path, monkeypatch):
    """Another process takes it for abandoned in this moment."""
    made = []

    def mkdir(path, *mode):
        original(path, *mode)
        made.append(path)
        if len(made) == 1:
            shutil.rmtree(path)

    original = os.mkdir
    monkeypatch.setattr(os, "mkdir", mkdir)
    with new_folder(str(tmp_path / "new")) as private:
        assert private == made[1] != made[0]
    assert os.listdir(tmp_path) == ["new"]
