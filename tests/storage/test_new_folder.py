"""A folder that appears whole or not at all."""

import errno
import os
import stat
import struct

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
def test_the_permissions_of_another_user_s_folder_are_not_trusted(masked, tmp_path):
    tmp_path.chmod(0o1777)
    for name, mode, expected in (
        ("open", 0o777, 0o705),
        ("open and sticky", 0o1777, 0o1705),
        ("closed", 0o750, 0o700),
        ("closed to its group", 0o705, 0o700),  # which is now among the others
    ):
        path = tmp_path / name
        path.mkdir()
        path.chmod(mode)
        os.chown(path, 54321, 12345)
        with masked(0o022), new_folder(str(path)):
            pass
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
        assert stat.S_IMODE(status.st_mode) == expected


@pytest.mark.skipif(getattr(os, "geteuid", bool)() != 0, reason="needs root")
def test_another_owner_does_not_say_what_others_may_do(masked, tmp_path, monkeypatch):
    """The new folder is this user's."""
    path = tmp_path / "new"
    path.mkdir()
    path.chmod(0o777)
    os.chown(path, 54321, -1)
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with masked(0o022), new_folder(str(path)):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o775


def access_list(*entries):
    """An access control list as Linux stores it, of (tag, permissions, user)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xFFFFFFFF
# Everything for the owner and user 1, nothing for the group.
LIST = access_list((1, 7, NOBODY), (2, 7, 1), (4, 0, NOBODY), (16, 7, NOBODY), (32, 0, NOBODY))


def set_list(path, kind):
    try:
        os.setxattr(path, f"system.posix_acl_{kind}", LIST)
    except (OSError, AttributeError):
        pytest.skip("there are no access control lists here")


def test_the_access_control_list_of_an_empty_folder_is_kept(tmp_path):
    """The bits of the group would otherwise give the group what only a user had."""
    path = tmp_path / "new"
    path.mkdir()
    set_list(path, "access")
    with new_folder(str(path)):
        pass
    assert os.getxattr(path, "system.posix_acl_access") == LIST


def test_no_access_control_list_is_taken_from_the_parent(tmp_path):
    path = tmp_path / "new"
    path.mkdir()
    path.chmod(0o750)
    set_list(tmp_path, "default")
    with new_folder(str(path)):
        pass
    assert "system.posix_acl_access" not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_the_folder_is_never_open_to_more_users_than_the_empty_one(masked, tmp_path, monkeypatch):
    path, made = tmp_path / "new", []
    path.mkdir()
    path.chmod(0o700)
    mkdir = os.mkdir

    def watched(path, *arguments, **keywords):
        mkdir(path, *arguments, **keywords)
        made.append(stat.S_IMODE(os.stat(path).st_mode))

    monkeypatch.setattr(os, "mkdir", watched)
    with masked(0), new_folder(str(path)):
        pass
    assert made == [0o700]


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_what_takes_the_place_of_the_private_folder_keeps_its_permissions(tmp_path):
    """Whoever may write to the parent could otherwise take over a folder of another user."""
    path, victim = tmp_path / "new", tmp_path / "victim"
    path.mkdir()
    victim.mkdir()
    victim.chmod(0o711)
    with pytest.raises(OSError, match="irectory"), new_folder(str(path)) as private:
        os.rename(private, tmp_path / "moved")
        os.symlink(victim, private)
    assert stat.S_IMODE(victim.stat().st_mode) == 0o711


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
@pytest.mark.parametrize("is_soon", [True, False])
def test_a_folder_that_takes_the_place_of_the_private_one_is_kept(is_soon, tmp_path, monkeypatch):
    """At once, before the private folder is opened, or while the block runs."""
    path, victim, mkdir = tmp_path / "new", tmp_path / "victim", os.mkdir
    path.mkdir()
    victim.mkdir(0o711)
    (victim / "file").write_text("content")

    def exchange(private):
        os.rename(private, tmp_path / "moved")
        os.rename(victim, private)

    def make(private, *arguments):
        mkdir(private, *arguments)
        exchange(private)

    if is_soon:
        monkeypatch.setattr(os, "mkdir", make)
    with pytest.raises((OSError, KeyboardInterrupt)), new_folder(str(path)) as private:
        assert not is_soon
        exchange(private)
        raise KeyboardInterrupt
    (kept,) = tmp_path.glob(".*")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o711
    assert (kept / "file").read_text() == "content"


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_system_without_permissions(is_there, tmp_path, monkeypatch):
    """For example, a USB stick that is mounted so that all may write to it."""

    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = tmp_path / "new"
    if is_there:
        path.mkdir()
    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(KeyboardInterrupt), new_folder(str(path)) as private:
        open(os.path.join(private, "file"), "w").close()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [path] * is_there
    with new_folder(str(path)) as private:
        open(os.path.join(private, "file"), "w").close()
    assert os.listdir(path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_a_current_folder_that_may_not_be_looked_at(tmp_path, monkeypatch):
    path, status = tmp_path / "new", os.stat
    path.mkdir()

    def refuse(path, **keywords):
        if path == os.curdir:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return status(path, **keywords)

    monkeypatch.setattr(os, "stat", refuse)
    with new_folder(str(path)) as private:
        open(os.path.join(private, "file"), "w").close()
    assert os.listdir(path) == ["file"]


def test_an_error_with_another_name_keeps_nothing_in_a_cycle(keeps_nothing, tmp_path):
    assert keeps_nothing(new_folder(str(tmp_path / "new")), name="file")


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
