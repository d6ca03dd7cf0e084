"""Where the user's cache is."""

import errno
import os
import sys

import pytest

from idxfast.storage.cache_folder import cache_folder, explained


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("IDXFAST_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_variable_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path))
    assert cache_folder() == str(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IDXFAST_CACHE", os.path.join("a", "..", "b"))
    assert cache_folder() == str(tmp_path / "b")


@pytest.mark.parametrize("value", [None, ""])
def test_by_default_it_is_where_platformdirs_puts_it(value, monkeypatch):
    platformdirs = pytest.importorskip("platformdirs")
    if value is not None:
        monkeypatch.setenv("IDXFAST_CACHE", value)
    assert cache_folder() == platformdirs.user_cache_dir("idxfast")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="has places of its own")
def test_where_xdg_puts_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == str(tmp_path / ".cache" / "idxfast")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert cache_folder() == str(tmp_path / "other" / "idxfast")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == str(tmp_path / ".cache" / "idxfast")


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("darwin", "/home/Library/Caches/idxfast"),
        ("win32", os.path.join("/local", "idxfast", "idxfast", "Cache")),
    ],
)
def test_on_other_systems(system, expected, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setenv("HOME", "/home")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache_folder() == expected


def test_without_a_home_directory(monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    with pytest.raises(OSError, match="IDXFAST_CACHE can name the cache"):
        cache_folder()


def test_an_explained_error_keeps_nothing_in_a_cycle(keeps_nothing):
    assert keeps_nothing(explained("folder"))
    with pytest.raises(OSError, match=r"gone.*can name another") as caught, explained("folder"):
        raise OSError(errno.EIO, "gone")
    assert caught.value.filename == "folder"
