"""The drop-in module for TensorFlow 1: its results are compared with the facts about the original."""

import gzip

import numpy as np
import pytest

import idxfast
from idxfast import FormatError
from idxfast.compat import tensorflow


def test_read_data_sets(family, same):
    sets = tensorflow.read_data_sets(family.packed, validation_size=2)
    assert sets._fields == ("train", "validation", "test")
    images, labels = family.train
    for part, pixels, expected in (
        (sets.train, images[2:], labels[2:]),
        (sets.validation, images[:2], labels[:2]),
        (sets.test, *family.t10k),
    ):
        flat = pixels.reshape(len(pixels), -1).astype(np.float32)
        same(part.images, flat * np.float32(1 / 255))
        same(part.labels, expected)
        assert part.num_examples == len(expected)


def test_options_of_read_data_sets(family, same):
    sets = tensorflow.read_data_sets(
        family.packed, one_hot=True, dtype=np.uint8, reshape=False, validation_size=0
    )
    same(sets.train.images, family.train[0][..., np.newaxis])
    same(sets.train.labels, np.eye(10)[family.train[1]])
    assert sets.validation.num_examples == 0


def test_types_of_tensorflow_are_known_by_what_numpy_calls_them(family):
    class Uint8:
        as_numpy_dtype = np.uint8

    sets = tensorflow.read_data_sets(family.packed, dtype=Uint8(), validation_size=0)
    assert sets.train.images.dtype == np.uint8


def test_other_types_are_refused(family):
    with pytest.raises(TypeError, match="expected uint8 or float32"):
        tensorflow.read_data_sets(family.packed, dtype=np.float64, validation_size=0)


@pytest.mark.parametrize("size", [-1, 8])
def test_validation_size(family, size):
    with pytest.raises(ValueError, match=f"between 0 and 7. Received: {size}"):
        tensorflow.read_data_sets(family.packed, validation_size=size)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (tensorflow.DEFAULT_SOURCE_URL, "mnist"),
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", "fashion-mnist"),
    ],
)
def test_read_data_sets_downloads_what_is_not_there(tmp_path, no_download, url, name):
    with pytest.raises(FileNotFoundError):
        tensorflow.read_data_sets(tmp_path, source_url=url)
    assert no_download == [(name, tmp_path)]


@pytest.mark.parametrize("url", ["http://localhost/", "mnits"])
def test_an_address_of_no_set(tmp_path, family, same, no_download, url):
    with pytest.raises(ValueError, match=f"^source_url is '{url}', which is not one of https://"):
        tensorflow.read_data_sets(tmp_path, source_url=url)
    # Where the files are there, it does not matter.
    sets = tensorflow.read_data_sets(family.packed, source_url=url, validation_size=0)
    same(sets.train.labels, family.train[1])
    assert no_download == []


@pytest.mark.parametrize(("one_hot", "label"), [(False, 0), (True, [1] + [0] * 9)])
def test_made_up_data(tmp_path, one_hot, label):
    data = tensorflow.read_data_sets(tmp_path, fake_data=True, one_hot=one_hot).train
    assert data.num_examples == 10_000
    assert data.next_batch(2, fake_data=True) == ([[1] * 784] * 2, [label] * 2)


@pytest.mark.parametrize("opener", [open, gzip.open])
def test_extract(family, same, capsys, opener):
    paths = sorted(family.packed.glob("train-*"))
    with opener(paths[0], "rb") as images, opener(paths[1], "rb") as labels:
        same(tensorflow.extract_images(images), family.train[0][..., np.newaxis])
        same(tensorflow.extract_labels(labels), family.train[1])
    with opener(paths[1], "rb") as labels:
        same(
            tensorflow.extract_labels(labels, one_hot=True, num_classes=12),
            np.eye(12)[family.train[1]],
        )
    assert capsys.readouterr().out.splitlines() == [
        f"Extracting {path}" for path in (paths[0], paths[1], paths[1])
    ]


def test_a_label_beyond_the_classes(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(b"\0\0\x08\1\0\0\0\3\0\x0a\1")
    with open(path, "rb") as labels, pytest.raises(IndexError, match="label 10 is not one of 10"):
        tensorflow.extract_labels(labels, one_hot=True)
    with open(path, "rb") as labels:
        assert tensorflow.extract_labels(labels, one_hot=True, num_classes=11).argmax(
            1
        ).tolist() == [0, 10, 1]
    path.write_bytes(b"\0\0\x08\1\0\0\0\0")
    with open(path, "rb") as labels:
        assert tensorflow.extract_labels(labels, one_hot=True, num_classes=0).shape == (0, 0)


def test_dense_to_one_hot(same):
    labels = np.array([3, 0, 4, 3], np.uint8)
    expected = np.zeros((4, 5))
    expected[0, 3] = expected[1, 0] = expected[2, 4] = expected[3, 3] = 1
    same(tensorflow.dense_to_one_hot(labels, 5), expected)
    same(tensorflow.dense_to_one_hot(labels.astype(np.int64).reshape(2, 2), 5), expected)
    assert tensorflow.dense_to_one_hot(labels).shape == (4, 10)
    same(tensorflow.dense_to_one_hot(labels[:0], 3), np.zeros((0, 3)))
    for wrong in (5, -1):
        with pytest.raises(IndexError, match=f"label {wrong} is not one of 5 classes"):
            tensorflow.dense_to_one_hot(np.array([0, wrong]), 5)


def test_load_mnist(tmp_path, family, same, monkeypatch):
    images = np.arange(6000, dtype=np.uint8).reshape(-1, 1, 1)
    for kind in ("train", "t10k"):
        idxfast.save(tmp_path / f"{kind}-images-idx3-ubyte.gz", images)
        idxfast.save(tmp_path / f"{kind}-labels-idx1-ubyte.gz", images.ravel())
    sets = tensorflow.load_mnist(tmp_path)
    assert [part.num_examples for part in sets] == [1000, 5000, 6000]
    same(sets.validation.labels, images[:5000].ravel())
    (tmp_path / "MNIST-data").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    same(tensorflow.load_mnist().test.images, sets.test.images)


def test_extract_wants_the_right_file(family):
    paths = sorted(family.packed.glob("train-*"))
    with open(paths[1], "rb") as labels, pytest.raises(FormatError, match="not a file of images"):
        tensorflow.extract_images(labels)
    with open(paths[0], "rb") as images, pytest.raises(FormatError, match="not a file of labels"):
        tensorflow.extract_labels(images)
