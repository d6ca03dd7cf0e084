"""Names in a folder that is held open: links, pipes, and what takes their place meanwhile."""

import errno
import gc
import os
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.saves import NEW, save_while
from idxfast.storage import atomic, folders
from idxfast.storage.folders import Entry


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors")
def test_errors_that_are_kept_keep_no_descriptors(tmp_path):
    def fail():
        raise KeyError("stop")

    (tmp_path / "link").symlink_to("file")
    kept = []
    gc.collect()  # which closes what earlier tests have left
    before = len(os.listdir("/proc/self/fd"))
    for path in ("file", "link", "missing/file", "."):
        for _ in range(5):
            with pytest.raises((KeyError, OSError)) as caught:
                save_while(tmp_path / path, fail)
            kept.append(caught.value)
    assert len(os.listdir("/proc/self/fd")) == before
    assert os.listdir(tmp_path) == ["link"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors")
@pytest.mark.parametrize(
    ("of", "failing"),
    [(folders.Folder, "allow_owner"), (folders.Folder, "open"), (atomic, "is_private")],
)
def test_an_error_in_the_private_folder_keeps_no_descriptor(of, failing, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EMFILE, "too many", "the temporary file")

    monkeypatch.setattr(of, failing, refuse)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="too many") as caught:
        save_while(tmp_path / "file", lambda: None)
    assert caught.value.filename == str(tmp_path / "file")
    assert len(os.listdir("/proc/self/fd")) == before
    assert os.listdir(tmp_path) == []


def test_an_error_with_another_name_keeps_nothing_in_a_cycle(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EMFILE, "too many", "the temporary file")

    monkeypatch.setattr(folders.Folder, "open", refuse)
    array = np.zeros(3, np.uint8)
    kept = weakref.ref(array)
    gc.disable()
    try:
        with pytest.raises(OSError, match="too many"):
            idxfast.save(tmp_path / "file", array)
        del array
        assert kept() is None
    finally:
        gc.enable()


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
    """Each target is relative to the folder of its own link."""
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
