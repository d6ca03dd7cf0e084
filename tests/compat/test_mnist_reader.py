"""The drop-in module for Fashion-MNIST's own reader, against what that does."""

import gzip

import numpy as np

from idxfast.compat import mnist_reader


def _flat(arrays):
    return arrays[0].reshape(len(arrays[0]), -1), arrays[1]


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
