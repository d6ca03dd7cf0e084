"""A new file appears when it is committed; otherwise nothing of it stays."""

import errno
import gc
import os
import stat

import pytest

from idxfast.storage import new_file
from idxfast.storage.new_file import NewFile

ANOTHER = 65534
is_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root, for another user"
)


def test_a_file_that_is_committed(tmp_path):
    new = NewFile(str(tmp_path / "file"))
    new.file.write(b"new")
    assert "file" not in os.listdir(tmp_path)
    new.commit()
    assert os.listdir(tmp_path) == ["file"]
    new.discard()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert new.file.closed


@pytest.mark.parametrize("old", [b"old", None])
def test_a_file_that_is_discarded(old, tmp_path):
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)
    for way in ("discard", "garbage"):
        new = NewFile(str(path))
        new.file.write(b"new")
        if way == "discard":
            new.discard()
            new.discard()
            assert new.file.closed
        else:
            del new
            gc.collect()
        assert os.listdir(tmp_path) == (["file"] if old else [])
        assert old is None or path.read_bytes() == old


@pytest.mark.parametrize("step", ["take_permissions", "os.fsync", "move_out"])
def test_a_commit_that_fails(step, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "no!")

    (tmp_path / "file").write_bytes(b"old")
    new = NewFile(str(tmp_path / "file"))
    new.file.write(b"new")
    monkeypatch.setattr(f"idxfast.storage.new_file.{step}", refuse)
    with pytest.raises(OSError, match="no!"):
        new.commit()
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
    assert new.file.closed


def test_the_new_name_is_waited_for(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(new_file.Folder, "sync", lambda _: names.extend(os.listdir(tmp_path)))
    NewFile(str(tmp_path / "file")).commit()
    assert "file" in names


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_link_stays(tmp_path):
    (tmp_path / "link").symlink_to("file")
    for _ in range(2):
        NewFile(str(tmp_path / "link")).commit()
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs permissions")
def test_permissions(tmp_path):
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o604)
    NewFile(str(path)).commit()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    path.unlink()
    NewFile(str(path)).commit()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_what_is_not_a_regular_file(tmp_path):
    for path, error in ((tmp_path, OSError), (tmp_path / "missing" / "file", FileNotFoundError)):
        with pytest.raises(error) as found:
            NewFile(str(path))
        assert found.value.filename == str(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(OSError, match="is a FIFO"):
            NewFile(str(tmp_path / "fifo"))
        os.unlink(tmp_path / "fifo")
    assert os.listdir(tmp_path) == []


@is_root
def test_another_users_link_in_a_shared_folder(shared, tmp_path):
    (shared / "link").symlink_to(tmp_path / "file")
    os.chown(shared / "link", ANOTHER, ANOTHER, follow_symlinks=False)
    with pytest.raises(PermissionError, match="symbolic link"):
        NewFile(str(shared / "link"))
    assert os.listdir(tmp_path) == []


@is_root
def test_another_user_has_the_private_folders_name(shared):
    """Then another name is tried, which nobody can know."""
    taken = shared / f".file.{os.geteuid()}.tmp"
    taken.mkdir()
    taken.chmod(0o777)
    os.chown(taken, ANOTHER, ANOTHER)
    new = NewFile(str(shared / "file"))
    new.file.write(b"new")
    assert os.listdir(taken) == []
    new.commit()
    assert sorted(os.listdir(shared)) == [taken.name, "file"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(errno.EIO, "no!")])
def test_an_interrupt_while_the_file_is_made(stop, tmp_path, monkeypatch):
    def refuse(*arguments):
        make(*arguments)[1].close()
        raise stop

    make = new_file.create_privately
    monkeypatch.setattr(new_file, "create_privately", refuse)
    with pytest.raises(BaseException):  # noqa: B017
        NewFile(str(tmp_path / "file"))
    assert os.listdir(tmp_path) == []
