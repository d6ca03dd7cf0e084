"""The files below a folder."""

import os

import pytest

from idxfast.datasets import walking
from idxfast.datasets.walking import walk


def paths(root):
    found = list(walk(str(root)))
    assert all(os.path.join(root, *parts) == path for parts, path in found)
    return ["/".join(parts) for parts, _ in found]


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_level_by_level_in_order(tmp_path):
    put(tmp_path, "b/x", "a/y", "a/b/z", "w", "v", ".hidden")
    assert paths(tmp_path) == [".hidden", "v", "w", "a/y", "b/x", "a/b/z"]


def test_hidden_folders_are_left_out_unless_searched(tmp_path):
    put(tmp_path, ".cache/x", "__MACOSX/y")
    assert paths(tmp_path) == []
    assert paths(tmp_path / ".cache") == ["x"]


def test_links_are_followed_once(tmp_path):
    put(tmp_path, "real/x", "elsewhere/y", "searched/z")
    for name, target in (
        ("circle", tmp_path / "searched"),
        ("one", tmp_path / "real"),
        ("two", tmp_path / "real"),
        ("file", tmp_path / "elsewhere" / "y"),
        ("broken", tmp_path / "nothing"),
        ("itself", "itself"),
    ):
        (tmp_path / "searched" / name).symlink_to(target)
    assert paths(tmp_path / "searched") == ["file", "z", "one/x"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    (tmp_path / "null").symlink_to(os.devnull)
    assert paths(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or not os.geteuid(), reason="root reads everything")
def test_a_folder_that_cannot_be_read(tmp_path):
    put(tmp_path, "closed/x", "open/y")
    (tmp_path / "closed").chmod(0)
    try:
        assert paths(tmp_path) == ["open/y"]
    finally:
        (tmp_path / "closed").chmod(0o755)


def test_a_folder_that_vanishes(tmp_path):
    put(tmp_path, "a/x", "b/y")
    found = []
    for parts, _ in walk(str(tmp_path)):
        found.append(parts)
        (tmp_path / "b" / "y").unlink()
        (tmp_path / "b").rmdir()
    assert found == [("a", "x")]


def test_the_root_has_to_be_there(tmp_path):
    put(tmp_path, "file")
    with pytest.raises(FileNotFoundError):
        paths(tmp_path / "nothing")
    with pytest.raises(NotADirectoryError):
        paths(tmp_path / "file")


def test_depth(tmp_path):
    deepest = "/".join("d" * walking.MAX_DEPTH)
    put(tmp_path, f"{deepest}/x", f"{deepest}/d/too-deep")
    assert paths(tmp_path) == [f"{deepest}/x"]


def test_number(tmp_path, monkeypatch):
    put(tmp_path, "a/x", "a/y", "z")
    monkeypatch.setattr(walking, "MAX_ENTRIES", 4)
    assert paths(tmp_path) == ["z", "a/x", "a/y"]
    monkeypatch.setattr(walking, "MAX_ENTRIES", 3)
    with pytest.raises(ValueError, match=r"more than 3 files and folders: name the folder"):
        paths(tmp_path)
