"""The drop-in module for pylearn2's reader: its results are compared with the facts about the original."""

import gzip
import io

import numpy as np
import pytest

from idxfast import IdxError
from idxfast.compat import pylearn2


def test_images_and_labels(family, same):
    images, labels = family.train
    folder = family.raw
    same(pylearn2.read_mnist_images(str(folder / "train-images-idx3-ubyte")), images)
    same(pylearn2.read_mnist_labels(str(folder / "train-labels-idx1-ubyte")), labels)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("uint8", lambda images: images),
        ("bool", lambda images: images > 127),
        (np.int64, lambda images: images.astype(np.int64)),
        (np.dtype("f4"), lambda images: images.astype(np.float32) / np.float32(255)),
        ("float64", lambda images: images / 255),
        (
            "complex64",
            lambda images: images.astype(np.complex64) / 255,
        ),
    ],
    ids=["uint8", "bool", "int64", "float32", "float64", "complex64"],
)
def test_types(family, same, dtype, expected):
    path = family.raw / "train-images-idx3-ubyte"
    same(pylearn2.read_mnist_images(path, dtype), expected(family.train[0]))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_open_file_stays_open(family, same, pack):
    file = io.BytesIO(b"before" + pack((family.raw / "t10k-labels-idx1-ubyte").read_bytes()))
    file.seek(6)
    same(pylearn2.read_mnist_labels(file), family.t10k[1])
    assert not file.closed


def test_another_file_is_refused(family):
    magics = {"images-idx3": pylearn2.MNIST_IMAGE_MAGIC, "labels-idx1": pylearn2.MNIST_LABEL_MAGIC}
    reads = {"images-idx3": pylearn2.read_mnist_labels, "labels-idx1": pylearn2.read_mnist_images}
    for what, magic in magics.items():
        path = family.raw / f"train-{what}-ubyte"
        assert path.read_bytes()[:4] == magic.to_bytes(4, "big")
        with pytest.raises(IdxError, match="not a file of"):
            reads[what](path)
