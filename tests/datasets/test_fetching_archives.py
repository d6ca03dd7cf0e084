"""Sets whose files come out of an archive."""

import gzip
import io
import re
import zipfile

import numpy as np
import pytest

from idxfast import FetchError, load
from idxfast.datasets import catalogue, fetch, fetching
from idxfast.datasets.fetching import fetch_file
from idxfast.format import Header
from mirrors.sets import IMAGES, LABELS, PRIVATE, sha256, whole


def test_splits_come_out_of_one_archive(split, mirror, cache):
    root = cache.parent
    assert fetch("one") == root / "one"
    assert fetch("two") == root / "two"
    assert mirror.requests == [("gzip.zip", None)]
    for name in split:
        assert whole(root / name[:3], {name: split[name]})
    assert whole(root / "split", mirror.files)
    assert {path.name for path in root.parent.rglob("*")} == {
        "idxfast", "one", "two", "split", "gzip.zip", "one.gz", "two.gz", PRIVATE,
        "gzip.zip.lock", "one.gz.lock", "two.gz.lock",
    }  # fmt: skip


def test_a_split_in_a_directory_of_yours(split, mirror, tmp_path):
    fetch("one", tmp_path)
    assert whole(tmp_path, {"one.gz": split["one.gz"], **mirror.files})


def test_what_comes_out_of_an_archive_is_of_the_one_that_was_verified(
    split, tmp_path, oracle, monkeypatch
):
    """Of a file that has no hash of its own."""
    archives = []
    for value in (1, 2):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as members:
            raw = oracle.pack(8, (5, 4, 4), bytes([value]) * 80)
            members.writestr("gzip/one.gz", gzip.compress(raw, mtime=0))
        archives.append(data.getvalue())
    file = catalogue.File("gzip.zip", None, len(archives[0]), sha256(archives[0]))
    archive = catalogue.Archive("split", file, (), "gzip", "{split}.gz")
    files = (catalogue.File("one.gz", Header(np.dtype("u1"), (5, 4, 4))),)
    dataset = catalogue.Dataset("one", "", files, (), archive, {}, None)
    monkeypatch.setitem(catalogue.datasets(), "one", dataset)
    path = tmp_path / "gzip.zip"
    path.write_bytes(archives[0])
    verify = fetching.verify

    def verify_and_swap(opened, known, url):
        verify(opened, known, url)
        if known is file:
            (tmp_path / "other").write_bytes(archives[1])
            (tmp_path / "other").replace(path)

    monkeypatch.setattr(fetching, "verify", verify_and_swap)
    fetch("one", tmp_path)
    assert path.read_bytes() == archives[1]
    assert load(tmp_path / "one.gz").max() == 1


@pytest.mark.parametrize(
    ("member", "content", "reason"),
    [
        ("one.gz", None, "no item named 'gzip/one.gz'"),
        ("gzip/one.gz", gzip.compress(b"other"), "not the published file"),
    ],
)
def test_an_archive_without_the_file(member, content, reason, split, tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as members:
        members.writestr(member, content or split["one.gz"])
    (tmp_path / "gzip.zip").write_bytes(data.getvalue())
    file = catalogue.File("gzip.zip", None, len(data.getvalue()), sha256(data.getvalue()))
    old = catalogue.datasets()["one"]
    dataset = catalogue.Dataset(
        "one",
        "",
        old.files,
        (),
        catalogue.Archive("split", file, (), "gzip", "{split}.gz"),
        {},
        None,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalogue.datasets(), "one", dataset)
        member = re.escape(f"{tmp_path / 'gzip.zip'}/gzip/one.gz: ")
        with pytest.raises(FetchError, match=f"{member}.*{reason}"):
            fetch("one", tmp_path)
    assert not (tmp_path / "one.gz").exists()


def test_the_archive_alone(split, mirror, tmp_path):
    fetch_file("one", "gzip.zip", tmp_path / "splits.zip")
    assert whole(tmp_path, {"splits.zip": mirror.files["gzip.zip"]})


@pytest.mark.parametrize(("name", "known"), [("tiny", f"{IMAGES}, {LABELS}"), ("one", "gzip.zip")])
def test_a_file_that_the_mirrors_have_not(name, known, tiny, split, mirror, tmp_path):
    with pytest.raises(FetchError, match=f"^{name} has no file 'one.gz'; there are: {known}$"):
        fetch_file(name, "one.gz", tmp_path / "one.gz")
    assert mirror.requests == []
