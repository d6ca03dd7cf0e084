"""A published data set as arrays, by its name."""

import gzip
import re

import numpy as np
import pytest

from idxfast import FetchError, HashMismatchError, load_dataset
from idxfast.datasets import catalogue, fetch, load, verifying
from idxfast.datasets.pairs import find_pair
from idxfast.format import Header


@pytest.fixture
def sets(mirror, oracle, monkeypatch):
    """Two sets that differ only in their name, and a split like EMNIST's."""
    raw = {}
    for name, prefix, test in (
        ("one", "", "t10k"),
        ("two", "", "t10k"),
        ("emnist-x", "emnist-x-", "test"),
    ):
        for kind, count in (("train", 7), (test, 3)):
            for what, shape in (("images-idx3", (count, 4, 4)), ("labels-idx1", (count,))):
                payload = bytes((len(raw) + i) % 256 for i in range(int(np.prod(shape))))
                file = f"{prefix}{kind}-{what}-ubyte.gz"
                raw[name, file] = oracle.pack(8, shape, payload)
                mirror.files[f"{name}/{file}"] = gzip.compress(raw[name, file])
        files = tuple(
            catalogue.File(file, Header(np.dtype("u1"), oracle.read(data)[1]))
            for (owner, file), data in raw.items()
            if owner == name
        )
        dataset = catalogue.Dataset(name, "", files, (f"{mirror.url}{name}/",), None, {}, None)
        monkeypatch.setitem(catalogue.datasets(), name, dataset)
    return raw


def test_another_set_is_another_name(sets, tmp_path, oracle):
    for name in ("one", "two"):
        for kind, word in (("train", "train"), ("test", "t10k"), ("t10k", "t10k")):
            images, labels = load(name, kind, tmp_path / name)
            oracle.check(images, sets[name, f"{word}-images-idx3-ubyte.gz"])
            oracle.check(labels, sets[name, f"{word}-labels-idx1-ubyte.gz"])


def test_a_set_by_another_spelling_and_by_its_split_is_in_the_same_folder(
    sets, tmp_path, oracle, monkeypatch
):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path))
    data = sets["emnist-x", "emnist-x-train-images-idx3-ubyte.gz"]
    oracle.check(load("EMNIST", split="X", upright=False)[0], data)
    assert fetch("Emnist", split="x") == fetch("emnist-x") == tmp_path / "emnist-x"
    oracle.check(load("ONE")[0], sets["one", "train-images-idx3-ubyte.gz"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["emnist-x", "one"]


def test_the_orientation_of_emnist(sets, tmp_path, oracle):
    data = sets["emnist-x", "emnist-x-train-images-idx3-ubyte.gz"]
    oracle.check(load("emnist-x", directory=tmp_path, upright=False)[0], data)
    images, _ = load("emnist-x", directory=tmp_path)
    assert images[2].tobytes() == bytes(data[48 + x + 4 * y] for x in range(4) for y in range(4))
    np.testing.assert_array_equal(images, load_dataset(tmp_path)[0])


def test_a_kind_that_the_set_has_not_is_refused_before_fetching(sets, mirror, tmp_path):
    with pytest.raises(FileNotFoundError, match="of kind 'dev'; there are: t10k, train"):
        load("one", "dev", tmp_path)
    with pytest.raises(ValueError, match="no data set 'three'"):
        load("three", "train", tmp_path)
    assert mirror.requests == []


@pytest.mark.parametrize("name", catalogue.datasets())
def test_every_published_set_has_its_kinds(name):
    names = [file.name for file in catalogue.datasets()[name].files]
    shapes = {file.name: file.header.shape for file in catalogue.datasets()[name].files}
    kinds = {"xnist": ["xnist"], "kannada-mnist": ["train", "test", "dig"]}
    for kind in kinds.get(name, ["train", "test", "t10k"]):
        images, labels = find_pair(names, kind, name)
        assert len(shapes[images]) == 3
        assert shapes[images][0] == shapes[labels][0]
        assert len(shapes[labels]) == (2 if "qmnist" in name or "xnist" in name else 1)


@pytest.fixture
def labels(mirror, publish, oracle, tmp_path):
    """A set, `tiny`: the path of its labels, and right and wrong labels, compressed to one size."""
    right = oracle.pack(8, (200,), bytes(range(200)))
    wrong = oracle.pack(8, (200,), bytes(range(200))[::-1])
    packed = [gzip.compress(data, 0, mtime=0) for data in (right, wrong)]
    images = gzip.compress(oracle.pack(8, (200, 28, 28)), mtime=0)
    publish(
        "tiny",
        {"train-images-idx3-ubyte.gz": images, "train-labels-idx1-ubyte.gz": packed[0]},
    )
    fetch("tiny", tmp_path)
    return tmp_path / "train-labels-idx1-ubyte.gz", *packed


@pytest.mark.parametrize("tries", [200])
def test_what_is_loaded_is_what_was_verified(tries, labels, swapping, tmp_path):
    """Meanwhile, another thread replaces the right labels by wrong ones, and back."""
    path, *contents = labels
    right = refused = 0
    with swapping(path, *contents):
        for _ in range(tries):
            try:
                found = load("tiny", directory=tmp_path)[1]
            except HashMismatchError:
                refused += 1
            else:
                assert found.tolist() == list(range(200))
                right += 1
    assert right and refused


def test_what_is_swapped_once_it_is_verified_does_not_matter(labels, monkeypatch):
    path, _, wrong = labels
    verify = verifying.verify

    def verify_and_swap(file, known, url):
        verify(file, known, url)
        path.write_bytes(wrong)

    monkeypatch.setattr(verifying, "verify", verify_and_swap)
    known = {file.name: file for file in catalogue.find("tiny").files}[path.name]
    assert verifying.load_verified(str(path), known).tolist() == list(range(200))
    assert path.read_bytes() == wrong


def test_a_damaged_file_of_the_pair_is_fetched_again_into_the_cache(
    labels, mirror, tmp_path, monkeypatch
):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    load("tiny")
    mirror.requests.clear()
    path = tmp_path / "cache" / "tiny" / "train-labels-idx1-ubyte.gz"
    path.write_bytes(labels[2])
    assert load("tiny")[1].tolist() == list(range(200))
    assert mirror.requests == [("tiny/train-labels-idx1-ubyte.gz", None)]
    assert path.read_bytes() == labels[1]


def test_a_file_that_is_longer_than_it_can_be_is_not_read_to_its_end(labels, tmp_path):
    path, right, _ = labels
    known = {file.name: file for file in catalogue.find("tiny").files}[path.name]
    path.write_bytes(right + bytes(10 << 20))
    with pytest.raises(FetchError, match=re.escape(str(path)) + ": more than the [0-9,]+ bytes"):
        verifying.load_verified(str(path), known)
