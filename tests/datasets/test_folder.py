"""Images and labels together, from a directory."""

import bz2
import gzip
import lzma
import os

import pytest

from idxfast import ChecksumError, FormatError, IdxError, load, load_dataset


@pytest.fixture
def put(tmp_path, oracle):
    """Write an IDX file, compressed as its name says; return its unpacked content."""

    def put(name, code, shape, payload=None):
        data = oracle.pack(code, shape, payload)
        packers = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}
        pack = packers.get(name.rpartition(".")[2], bytes)
        (tmp_path / name).write_bytes(pack(data))
        return data

    return put


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"),
        ("{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"),
        ("{}-images.idx3-ubyte", "{}-labels.idx1-ubyte.gz"),
        ("{}-images-idx3-ubyte.xz", "{}-labels-idx1-ubyte.bz2"),
        ("X_kannada_MNIST_{}-idx3-ubyte.gz", "y_kannada_MNIST_{}-idx1-ubyte.gz"),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [("train", "train"), ("test", "t10k"), ("t10k", "test")])
def test_images_and_labels_are_those_of_the_kind(images, labels, kind, name, put, tmp_path, oracle):
    expected = put(images.format(name), 8, (5, 4, 3)), put(labels.format(name), 8, (5,))
    put(images.format("other"), 8, (2, 4, 3))
    put(labels.format("other"), 8, (2,))
    for directory in (tmp_path, str(tmp_path), os.fsencode(tmp_path)):
        for array, data in zip(load_dataset(directory, kind), expected, strict=True):
            oracle.check(array, data)


def test_the_default_is_train(put, tmp_path, oracle):
    images = put("train-images-idx3-ubyte", 8, (5, 4, 3))
    put("train-labels-idx1-ubyte", 8, (5,))
    put("t10k-images-idx3-ubyte", 8, (2, 4, 3))
    put("t10k-labels-idx1-ubyte", 8, (2,))
    oracle.check(load_dataset(tmp_path)[0], images)


def test_qmnist(put, tmp_path, oracle):
    put("qmnist-test-images-idx3-ubyte.gz", 8, (5, 28, 28))
    table = put("qmnist-test-labels-idx2-int.gz", 0x0C, (5, 8))
    put("qmnist-test-labels-idx1-ubyte.gz", 8, (5,))
    put("xnist-images-idx3-ubyte.xz", 8, (6, 28, 28))
    more = put("xnist-labels-idx2-int.xz", 0x0C, (6, 8))
    oracle.check(load_dataset(tmp_path, "test")[1], table)
    oracle.check(load_dataset(tmp_path, "xnist")[1], more)


# 256 images are transposed at once.
@pytest.mark.parametrize("count", [0, 1, 256, 300])
def test_emnist_is_upright_unless_asked(count, put, tmp_path, oracle):
    data = put("emnist-letters-train-images-idx3-ubyte.gz", 8, (count, 28, 28))
    labels = bytes(1 + i % 26 for i in range(count))
    put("emnist-letters-train-labels-idx1-ubyte.gz", 8, (count,), labels)
    stored, found = load_dataset(tmp_path, upright=False)
    oracle.check(stored, data)
    assert found.tobytes() == labels
    upright, found = load_dataset(tmp_path)
    assert upright.tobytes() == b"".join(
        data[16 + 784 * i + x + 28 * y :][:1]
        for i in range(count)
        for x in range(28)
        for y in range(28)
    )
    assert upright.flags.c_contiguous
    assert upright.flags.writeable
    assert found.tobytes() == labels


@pytest.mark.parametrize("form", ["emnist.{}", "emnist_{}", "EMNIST-{}", ".emnist-{}"])
def test_emnist_is_upright_however_its_name_is_written(form, put, tmp_path):
    data = put(form.format("letters-test-images-idx3-ubyte.gz"), 8, (1, 28, 28))
    put(form.format("letters-test-labels-idx1-ubyte.gz"), 8, (1,))
    images, _ = load_dataset(tmp_path, "test")
    assert images.tobytes() == bytes(data[16 + x + 28 * y] for x in range(28) for y in range(28))


def test_others_are_left_as_they_are(put, tmp_path, oracle):
    data = put("kmnist-train-images-idx3-ubyte", 8, (5, 28, 28))
    put("kmnist-train-labels-idx1-ubyte", 8, (5,))
    oracle.check(load_dataset(tmp_path)[0], data)


def test_emnist_that_is_not_square_is_left_as_it_is(put, tmp_path, oracle):
    data = put("emnist-letters-train-images-idx3-ubyte", 8, (5, 4, 3))
    put("emnist-letters-train-labels-idx1-ubyte", 8, (5,))
    oracle.check(load_dataset(tmp_path)[0], data)


@pytest.mark.parametrize("shape", [(4,), (6,), (), (0,), (4, 5)])
def test_labels_have_to_be_as_many_as_images(shape, put, tmp_path):
    put("train-images-idx3-ubyte.gz", 8, (5, 4, 3))
    put(f"train-labels-idx{len(shape)}-ubyte.gz", 8, shape)
    with pytest.raises(IdxError, match="not as many labels") as caught:
        load_dataset(tmp_path)
    error = caught.value
    assert not isinstance(error, FormatError)
    assert error.filename == str(tmp_path / f"train-labels-idx{len(shape)}-ubyte.gz")
    assert (error.expected, error.found) == (5, shape[0] if shape else "no row")


def test_images_have_to_be_countable(put, tmp_path):
    put("train-images-idx0-ubyte", 8, ())
    put("train-labels-idx0-ubyte", 8, ())
    with pytest.raises(IdxError, match="not as many labels"):
        load_dataset(tmp_path)


def test_a_damaged_file(put, tmp_path):
    put("train-images-idx3-ubyte.gz", 8, (5, 4, 3))
    put("train-labels-idx1-ubyte.gz", 8, (5,))
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ChecksumError):
        load_dataset(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs descriptors by name")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_opened_once(pack, oracle):
    data = oracle.pack(8, (5, 4))
    reading, writing = os.pipe()
    os.write(writing, pack(data))
    os.close(writing)
    with open(reading, "rb"):
        oracle.check(load(f"/dev/fd/{reading}"), data)


def test_a_directory_of_the_name_is_no_file(put, tmp_path):
    put("train-images-idx3-ubyte", 8, (5, 4, 3))
    (tmp_path / "train-labels-idx1-ubyte").mkdir()
    with pytest.raises(FileNotFoundError, match="there are: none at all"):
        load_dataset(tmp_path)


def test_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_dataset(tmp_path / "missing")
