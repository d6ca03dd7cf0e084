"""The drop-in module for mnists, against mnists itself."""

import gzip
import os
import tempfile
import zipfile

import numpy as np
import pytest

from idxfast import IdxError
from idxfast.compat import mnists as ours

PARTS = ("train_images", "train_labels", "test_images", "test_labels")
SPLITS = ("Balanced", "ByClass", "ByMerge", "Digits", "Letters")


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("mnists")


@pytest.fixture(scope="module")
def emnist(tmp_path_factory, family):
    """A folder with a zip file like EMNIST's, of which each split is the small set."""
    folder = tmp_path_factory.mktemp("emnist")
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for path in family.packed.iterdir():
            name = path.name.replace("t10k", "test")
            for split in SPLITS:
                archive.write(path, f"gzip/emnist-{split.lower()}-{name}")
    return str(folder)


def _parts(dataset):
    return tuple(getattr(dataset, part)() for part in PARTS)


@pytest.mark.parametrize(
    "name", ["MNIST", "FashionMNIST", "KMNIST", "K49", "FMNIST", "KuzushijiMNIST", "Kuzushiji49"]
)
def test_classes(theirs, name):
    one, other = getattr(ours, name), getattr(theirs, name)
    assert one.__name__ == other.__name__
    assert one.classes == other.classes


@pytest.mark.parametrize("name", SPLITS)
def test_classes_of_emnist(theirs, emnist, name):
    one = getattr(ours.EMNIST(emnist, download=False), name)
    other = getattr(theirs.EMNIST(emnist, download=False), name)
    assert one.__name__ == other.__name__
    assert one.classes == other.classes


@pytest.mark.parametrize("folder", ["raw", "packed"])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_loading(same, family, no_download, name, folder):
    dataset = getattr(ours, name)(str(getattr(family, folder)))
    same(_parts(dataset), family.train + family.t10k)
    assert no_download == []


def test_published_files(theirs, same, published):
    one = ours.FashionMNIST(str(published), download=False)
    same(_parts(one), _parts(theirs.FashionMNIST(str(published), download=False)))


@pytest.mark.parametrize("code", [0x08, 0x09])
def test_read_idx_file(theirs, same, oracle, tmp_path, code):
    for name, data in (
        ("a", oracle.pack(code, (2, 3))),
        ("b.gz", gzip.compress(oracle.pack(code, (4,)))),
    ):
        (tmp_path / name).write_bytes(data)
        path = str(tmp_path / name)
        same(ours.read_idx_file(path), theirs.utils.read_idx_file(path))


def test_nothing_is_loaded_unless_told(theirs, published):
    for module in (ours, theirs):
        dataset = module.FashionMNIST(str(published), download=False, load=False)
        with pytest.raises(RuntimeError, match="loaded"):
            dataset.test_labels()
        dataset.load()
        assert dataset.test_labels().shape == (10_000,)


def test_files_that_are_not_there(theirs, tmp_path):
    for module in (ours, theirs):
        with pytest.raises(RuntimeError, match="download=True"):
            module.MNIST(str(tmp_path), download=False)


def test_default_folder():
    dataset = ours.KMNIST(download=False, load=False)
    assert dataset.target_dir == os.path.join(tempfile.gettempdir(), "mnists", "KMNIST")


@pytest.mark.parametrize(
    ("options", "asked"),
    [({}, 1), ({"download": False, "force_download": True}, 1), ({"download": False}, 0)],
)
def test_downloading(tmp_path, no_download, options, asked):
    ours.KMNIST(str(tmp_path), load=False, **options)
    assert no_download == [("kmnist", str(tmp_path))] * asked


@pytest.mark.parametrize("name", SPLITS)
def test_emnist_comes_upright(same, emnist, family, no_download, name):
    dataset = getattr(ours.EMNIST(emnist), name)()
    down = 1 if name == "Letters" else 0
    same(
        _parts(dataset),
        tuple(
            array.swapaxes(1, 2) if array.ndim == 3 else array - down
            for array in family.train + family.t10k
        ),
    )
    assert no_download == []
    assert os.listdir(emnist) == ["gzip.zip"]


def test_emnist_as_it_is_stored(same, emnist, family):
    dataset = ours.EMNIST(emnist, download=False).Digits(transpose=False)
    same(_parts(dataset), family.train + family.t10k)


def test_emnist_downloads_its_zip_file(tmp_path, no_download):
    split = ours.EMNIST(str(tmp_path)).Letters
    assert no_download == [("emnist-mnist", str(tmp_path))]
    with pytest.raises(RuntimeError, match=r"gzip\.zip"):
        split()


def test_files_of_emnist_that_were_unpacked(same, tmp_path, family):
    for path in family.packed.iterdir():
        name = path.name.replace("t10k", "test")
        (tmp_path / f"emnist-digits-{name}").write_bytes(path.read_bytes())
    dataset = ours.EMNIST(str(tmp_path), download=False).Digits(str(tmp_path), transpose=False)
    same(_parts(dataset), family.train + family.t10k)


def test_k49(same, tmp_path, family):
    arrays = family.train + family.t10k
    names = ("train-imgs", "train-labels", "test-imgs", "test-labels")
    for name, array in zip(names, arrays, strict=True):
        np.savez_compressed(tmp_path / f"k49-{name}.npz", array)
    same(_parts(ours.K49(str(tmp_path))), arrays)
    (tmp_path / "k49-test-imgs.npz").unlink()
    with pytest.raises(RuntimeError, match="k49-test-imgs"):
        ours.K49(str(tmp_path))


def test_images_and_labels_belong_together(tmp_path, family):
    other = {"train-labels-idx1-ubyte": "t10k-labels-idx1-ubyte"}
    for path in family.raw.iterdir():
        source = family.raw / other.get(path.name, path.name)
        (tmp_path / path.name).write_bytes(source.read_bytes())
    with pytest.raises(IdxError, match="not as many"):
        ours.MNIST(str(tmp_path))
