"""idxfast cache."""

import gzip
import os
import time

import pytest

import idxfast
from idxfast.cli import main
from idxfast.storage.folders import Folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def used(images, cache, monkeypatch):
    """When the unpacked images were used last, as local time."""
    idxfast.load(images, mmap_mode="r")
    moment = 1_700_000_000
    (entry,) = (cache / "unpacked").glob("*.idx")
    os.utime(entry, (moment, moment))
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def test_list(images, used, cache, capsys):
    assert main(["cache", "list"]) == 0
    assert capsys.readouterr() == (
        f"{images}: 40 bytes, last used {used}\n1 file of 40 bytes in {cache}/unpacked\n",
        "",
    )


def test_several_sources_of_one_file(images, used, capsys):
    for name in ("a", "b"):
        copy = images.with_name(name)
        copy.write_bytes(images.read_bytes())
        idxfast.load(copy, mmap_mode="r")
    assert main(["cache", "list"]) == 0
    first, _ = capsys.readouterr().out.splitlines()
    assert " and 2 more: 40 bytes" in first


def test_names_are_shown_without_controls(images, capsys):
    other = images.with_name("a\n\x1b[31m.gz")
    images.rename(other)
    idxfast.load(other, mmap_mode="r")
    assert main(["cache", "list"]) == 0
    first, _ = capsys.readouterr().out.splitlines()
    assert first.startswith(rf"{images.parent}/a\n\x1b[31m.gz: 40 bytes")


def test_clear(images, used, cache, oracle, capsys):
    other = images.with_name("other.gz")
    other.write_bytes(gzip.compress(oracle.pack(8, (52,))))
    mapped = idxfast.load(other, mmap_mode="r")
    (cache / "mnist").mkdir()
    (cache / "mnist" / "file.gz").touch()
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr() == (f"removed 2 files of 100 bytes from {cache}/unpacked\n", "")
    assert not os.listdir(cache / "unpacked")
    assert sorted(os.listdir(cache)) == ["mnist", "unpacked"]
    assert os.listdir(cache / "mnist") == ["file.gz"]
    oracle.check(mapped.copy(), oracle.pack(8, (52,)))
    assert main(["cache", "list"]) == 0
    assert capsys.readouterr().out == f"0 files of 0 bytes in {cache}/unpacked\n"


def test_what_is_in_use_cannot_be_removed_everywhere(images, used, cache, monkeypatch, capsys):
    def remove(self, name):
        raise PermissionError(13, "the file is in use", name)

    monkeypatch.setattr(Folder, "remove", remove)
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == (
        f"removed 0 files of 0 bytes from {cache}/unpacked\n"
        "1 file of 40 bytes could not be removed, because programs have them mapped\n"
    )


@pytest.mark.parametrize("action", ["list", "clear"])
def test_nothing_has_been_unpacked(action, cache, capsys):
    assert main(["cache", action]) == 0
    assert capsys.readouterr() == (f"there are no unpacked files in {cache}/unpacked\n", "")
    assert not cache.exists()


@pytest.mark.parametrize("action", ["list", "clear"])
def test_the_cache_of_another_user(action, cache, tmp_path, capsys):
    """A symbolic link to another user's folder has the name of the cache."""
    cache.mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ("0" * 64 + ".idx")).touch()
    (cache / "unpacked").symlink_to(tmp_path / "other")
    assert main(["cache", action]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "IDXFAST_CACHE can name another folder" in err
    assert len(os.listdir(tmp_path / "other")) == 1


def test_wrong_usage(capsys):
    for words in (["cache"], ["cache", "remove"]):
        with pytest.raises(SystemExit) as error:
            main(words)
        assert error.value.code == 2
