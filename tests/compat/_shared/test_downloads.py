"""What the drop-in modules download, if it is not there."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from idxfast import HashMismatchError, dumps
from idxfast.compat import keras, sklearn, tensorflow, torchvision
from idxfast.compat._shared import downloads
from idxfast.datasets import fetching

SETS = {
    "torchvision": lambda folder: torchvision.MNIST(folder.parents[1], download=True),
    "keras": lambda folder: keras.mnist.load_data(folder)[0],
    "sklearn": lambda folder: sklearn.fetch_openml(
        "mnist_784", data_home=folder.parent, return_X_y=True, as_frame=False
    ),
    "tensorflow": lambda folder: tensorflow.read_data_sets(folder, validation_size=0).train,
}


@pytest.fixture
def remote(family, publish):
    """The small set as MNIST, on the mirror."""
    publish("mnist", {path.name: path.read_bytes() for path in family.packed.iterdir()})


def test_a_folder_that_holds_the_files_is_taken(family, same, no_download):
    same(downloads.load_or_download("mnist", family.packed), (family.train, family.t10k))
    assert no_download == []


def test_what_a_folder_lacks_is_downloaded_into_it(family, same, remote, mirror, tmp_path):
    """A raw file that is there is not mixed with gzip files that were downloaded."""
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"other")
    same(downloads.load_or_download("mnist", tmp_path), (family.train, family.t10k))
    assert {path for path, _ in mirror.requests} == {
        f"mnist/{path.name}" for path in family.packed.iterdir()
    }


@pytest.mark.parametrize("name", SETS)
def test_what_is_swapped_once_it_was_downloaded_is_not_used(
    name, family, remote, torch_stub, tmp_path, monkeypatch
):
    """Another user who may write to the folder swaps the file."""
    folder = tmp_path / ("MNIST/raw" if name == "torchvision" else "mnist")
    put_in_place = fetching._put_in_place

    def put_and_swap(file, path, write_part, replace):
        put_in_place(file, path, write_part, replace)
        if path.name == "train-labels-idx1-ubyte.gz":
            path.write_bytes(gzip.compress(b"\0\0\x08\1\0\0\0\7" + bytes(7)))

    monkeypatch.setattr(fetching, "_put_in_place", put_and_swap)
    with pytest.raises(HashMismatchError, match=r"train-labels-idx1-ubyte\.gz: not the published"):
        SETS[name](folder)


def test_torchvision_loads_what_it_has_downloaded(family, same, publish, torch_stub, tmp_path):
    def check(dataset, images, labels):
        same(dataset.data.view(np.ndarray), images)
        same(dataset.targets.view(np.ndarray), labels.astype(np.int64))

    packed = {path.name: path.read_bytes() for path in family.packed.iterdir()}
    publish("kmnist", packed)
    check(torchvision.KMNIST(tmp_path, download=True), *family.train)
    check(torchvision.KMNIST(tmp_path, train=False, download=True), *family.t10k)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        letters = {f"emnist-letters-{n.replace('t10k', 'test')}": packed[n] for n in packed}
        for name, data in letters.items():
            members.writestr(f"gzip/{name}", data)
    publish("emnist-letters", letters, archive.getvalue())
    options = {"split": "letters", "train": False, "download": True}
    check(torchvision.EMNIST(tmp_path, **options), *family.t10k)
    table = np.arange(24, dtype=np.uint8).reshape(3, 8)
    qmnist = {
        "qmnist-test-images-idx3-ubyte.gz": packed["t10k-images-idx3-ubyte.gz"],
        "qmnist-test-labels-idx2-int.gz": gzip.compress(dumps(table)),
        "qmnist-test-labels-idx1-ubyte.gz": gzip.compress(dumps(table[:, 0].copy())),
    }
    publish("qmnist", qmnist)
    for what in ("test", "test10k"):
        root = tmp_path / what
        check(torchvision.QMNIST(root, what, download=True), family.t10k[0], table)
