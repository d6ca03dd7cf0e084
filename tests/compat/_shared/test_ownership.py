"""Files and folders in a folder that users share: only the user's own are read."""

import os
import stat

import pytest

from idxfast.compat._shared.ownership import check_file, check_own, make_private

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")

NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shared" / "file"
    path.parent.mkdir()
    path.touch(0o644)
    return path


def check(path):
    with path.open("rb") as file:
        check_file(file, str(path.parent))


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777, 0o1775, 0o1757])
def test_an_own_file_is_read_where_others_may_not_rename_it(mode, path):
    path.parent.chmod(mode)
    check(path)


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757, 0o720])
def test_a_folder_where_others_may_rename_an_own_file(mode, path):
    path.parent.chmod(mode)
    with pytest.raises(PermissionError, match="others may rename what is in it") as caught:
        check(path)
    assert caught.value.filename == str(path.parent)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o622])
def test_a_file_that_others_may_change(mode, path):
    path.chmod(mode)
    check(path)  # nobody else may enter its folder
    path.parent.chmod(0o1777)
    with pytest.raises(PermissionError, match="others may write to it") as caught:
        check(path)
    assert caught.value.filename == str(path)


def test_a_link_in_a_shared_folder(path):
    link = path.with_name("link")
    link.symlink_to(path)
    check(link)
    path.parent.chmod(0o1777)
    with pytest.raises(PermissionError, match="it is a symbolic link") as caught:
        check(link)
    assert caught.value.filename == str(link)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_what_belongs_to_another_user(path, tmp_path):
    os.chown(path, NOBODY, NOBODY)
    check(path)  # in a folder of one's own
    for mode in (0o755, 0o1777):
        path.parent.chmod(mode)
        os.chown(path.parent, NOBODY if mode == 0o755 else 0, NOBODY)
        with pytest.raises(PermissionError, match="it belongs to another user"):
            check(path)
    with pytest.raises(PermissionError, match="it belongs to another user"):
        check_own(path.stat(), str(path))


def test_where_the_system_has_no_users(path, monkeypatch):
    monkeypatch.delattr(os, "geteuid")
    path.chmod(0o666)
    for mode in (0o777, 0o755):
        path.parent.chmod(mode)
        check(path)
    check_own(path.stat(), str(path))


def test_a_private_folder(tmp_path):
    folder = tmp_path / "private"
    for _ in range(2):
        make_private(str(folder))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
