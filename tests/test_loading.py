"""A published set as arrays, by its name."""

import gzip

import numpy as np
import pytest

from idxfast import load_dataset
from idxfast.datasets import catalogue, load
from idxfast.format import Header
from idxfast.names import find_pair


@pytest.fixture
def sets(mirror, oracle, monkeypatch):
    """Two sets that differ in their name alone, and a split in EMNIST's manner."""
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
