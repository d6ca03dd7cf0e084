"""A folder that appears whole or not at all."""

import errno
import os
import stat

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


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
@pytest.mark.parametrize("mode", [0o700, 0o2750, 0o555, 0o777, 0o1777])
def test_the_permissions_of_an_empty_folder_are_kept(mode, tmp_path):
    path = tmp_path / "new"
    path.mkdir()
    path.chmod(mode)
    with new_folder(str(path)) as private:
        assert stat.S_IMODE(os.stat(private).st_mode) & 0o777 == 0o700
        open(os.path.join(private, "file"), "w").close()
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert [entry.name for entry in path.iterdir()] == ["file"]


@pytest.mark.skipif(getattr(os, "geteuid", bool)() != 0, reason="needs root")
def test_the_owner_and_the_group_of_an_empty_folder_are_kept(tmp_path):
    path = tmp_path / "new"
    path.mkdir()
    os.chown(path, 54321, 12345)
    path.chmod(0o2770)
    with new_folder(str(path)) as private:
        open(os.path.join(private, "file"), "w").close()
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (54321, 12345, 0o2770)
    assert (path / "file").stat().st_gid == 12345


@pytest.mark.skipif(getattr(os, "geteuid", bool)() != 0, reason="needs root")
def test_the_permissions_of_another_user_s_folder_are_not_trusted(tmp_path):
    tmp_path.chmod(0o1777)
    for name, mode in (("open", 0o777), ("closed", 0o750)):
        path = tmp_path / name
        path.mkdir()
        path.chmod(mode)
        os.chown(path, 54321, 12345)
        umask = os.umask(0o022)
        try:
            with new_folder(str(path)):
                pass
        finally:
            os.umask(umask)
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
        assert stat.S_IMODE(status.st_mode) == mode & 0o705


def test_the_current_folder_is_refused_at_once(tmp_path, monkeypatch):
    """A shell there would see nothing of the new one."""
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    for name in (".", "../new", str(tmp_path / "new")):
        with pytest.raises(OSError, match="the current folder") as caught, new_folder(name):
            pytest.fail("the block was entered")
        assert (caught.value.errno, caught.value.filename) == (errno.EBUSY, name)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


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
