"""The drop-in module for Fashion-MNIST's own reader, against what that does."""

import gzip

import numpy as np
import pytest

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


def test_files_under_other_names_are_found(same, family, tmp_path):
    for source in family.raw.iterdir():
        (tmp_path / source.name.replace("-idx", ".idx")).write_bytes(source.read_bytes())
    same(mnist_reader.load_mnist(tmp_path, "t10k"), _flat(family.t10k))


def test_a_missing_file_is_named_as_the_original_would(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        mnist_reader.load_mnist(tmp_path, "t10k")
    assert caught.value.filename == str(tmp_path / "t10k-images-idx3-ubyte.gz")
