"""The drop-in modules for mlxtend and for Fashion-MNIST's own reader."""

import gzip

import numpy as np
import pytest

from idxfast import IdxError
from idxfast.compat import mlxtend, mnist_reader


def _flat(arrays):
    return arrays[0].reshape(len(arrays[0]), -1), arrays[1]


@pytest.mark.parametrize("kind", ["train", "t10k"])
def test_mnist_reader(same, family, kind):
    arrays = mnist_reader.load_mnist(family.packed, kind)
    same(arrays, _flat(getattr(family, kind)))
    assert all(array.flags.writeable for array in arrays)


def test_mnist_reader_reads_training_images_unless_told(same, family):
    same(mnist_reader.load_mnist(str(family.packed)), _flat(family.train))


def test_mnist_reader_on_published_files(same, published):
    with (
        gzip.open(published / "t10k-images-idx3-ubyte.gz") as images,
        gzip.open(published / "t10k-labels-idx1-ubyte.gz") as labels,
    ):
        expected = (
            np.frombuffer(images.read(), np.uint8, offset=16).reshape(10_000, 784),
            np.frombuffer(labels.read(), np.uint8, offset=8),
        )
    same(mnist_reader.load_mnist(published, "t10k"), expected)


def test_mlxtend(same, published, tmp_path):
    theirs = pytest.importorskip("mlxtend.data")
    paths = []
    for what in ("images-idx3", "labels-idx1"):
        packed = published / f"t10k-{what}-ubyte.gz"
        paths.append(str(tmp_path / packed.stem))
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    arrays = mlxtend.loadlocal_mnist(*paths)
    same(arrays, theirs.loadlocal_mnist(*paths))
    assert all(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("folder", ["raw", "packed"])
def test_mlxtend_on_images_of_any_size(same, family, folder):
    paths = sorted(getattr(family, folder).glob("train-*"))
    same(mlxtend.loadlocal_mnist(*paths), _flat(family.train))


def test_images_and_labels_belong_together(family):
    images = family.raw / "train-images-idx3-ubyte"
    labels = family.raw / "t10k-labels-idx1-ubyte"
    with pytest.raises(IdxError, match="expected 7, found 3"):
        mlxtend.loadlocal_mnist(images, labels)
