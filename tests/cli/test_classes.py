"""Which labels belong to images, and what their classes are called."""

import gzip
import hashlib

import numpy as np
import pytest

from idxfast.cli.classes import caption, find_labels, names_of, read_labels, upright
from idxfast.datasets import catalogue
from idxfast.format import Header


@pytest.fixture
def write(tmp_path, oracle):
    def write(name, values, code=8):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        array = np.asarray(values, {8: "u1", 0x0C: ">i4"}[code])
        path.write_bytes(oracle.pack(code, array.shape, array.tobytes()))
        return str(path)

    return write


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
        ("X_test.idx", "y_test.idx"),
        ("emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"),
        ("images", "labels"),
    ],
)
def test_labels_beside_images(images, labels, write):
    path = write(images, np.zeros((3, 2, 2)))
    write("other-labels-idx1-ubyte", [9, 9, 9])
    assert find_labels(path, 3) is None
    beside = write(labels, [1, 0, 1])
    found = find_labels(path, 3)
    assert found.path == beside
    assert found.values.tolist() == [1, 0, 1]
    assert found.caption(0) == "1"


def test_labels_that_do_not_fit(write, tmp_path):
    path = write("train-images-idx3-ubyte", np.zeros((3, 2, 2)))
    write("train-labels-idx1-ubyte", [1, 0])
    assert find_labels(path, 3) is None
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"junk")
    assert find_labels(path, 3) is None
    write("train-labels-idx1-ubyte", [1, 0, 2])
    assert find_labels(path, 3) is not None
    assert find_labels(path, 4) is None
    write("train_labels-idx1-ubyte", [1, 0, 1])
    assert find_labels(path, 3) is None  # nothing tells which


def test_a_name_that_says_nothing(write):
    path = write("file", np.zeros((3, 2, 2)))
    write("labels", [1, 0, 1])
    assert find_labels(path, 3) is None


def test_a_table_of_labels_has_the_class_first(write):
    table = np.arange(16).reshape(2, 8)
    assert read_labels(write("qmnist-train-labels-idx2-int", table, 0x0C)).values.tolist() == [0, 8]
    with pytest.raises(ValueError, match="holds no labels"):
        read_labels(write("x", np.zeros((2, 3))))


def test_names_from_a_file_beside_them(write, tmp_path):
    path = write("labels", [1, 0])
    assert names_of(path, np.array([1, 0])) == {}
    (tmp_path / "classes.txt").write_text("cat\nd\u00f6g\n", "utf-8")
    assert names_of(path, np.array([1, 0])) == {0: "cat", 1: "d\u00f6g"}
    (tmp_path / "classes.txt").write_text("cat\n", "utf-8-sig")
    assert names_of(path, np.array([1, 0])) == {0: "cat"}
    (tmp_path / "classes.txt").write_bytes(b"\xff")
    assert names_of(path, np.array([1, 0])) == {}


@pytest.mark.parametrize("form", ["packed", "raw"])
def test_names_of_a_published_file(form, write, tmp_path, oracle, monkeypatch):
    content = oracle.pack(8, (3,), b"\1\2\1")
    packed = gzip.compress(content)
    digest = hashlib.sha256(packed if form == "packed" else content).hexdigest()
    file = catalogue.File("x.gz", Header(np.dtype("u1"), (3,)), **{form: f"sha256:{digest}"})
    dataset = catalogue.Dataset("tiny", "Tiny", (file,), (), None, {1: "a", 2: "b"}, None)
    monkeypatch.setitem(catalogue.datasets(), "tiny", dataset)
    path = tmp_path / "labels.gz"
    path.write_bytes(packed)
    assert names_of(str(path), np.array([1, 2, 1], np.uint8)) == {1: "a", 2: "b"}
    if form == "raw":
        assert names_of(write("labels", [1, 2, 1]), np.array([1, 2, 1], np.uint8))
    assert names_of(write("labels", [1, 2, 2]), np.array([1, 2, 2], np.uint8)) == {}


def test_names_of_real_files(published):
    path = str(published / "t10k-images-idx3-ubyte.gz")
    assert find_labels(path, 10_000).caption(0) == "9 Ankle boot"


def test_emnist_is_turned_upright():
    images = np.arange(12).reshape(3, 2, 2)
    turned = upright("/x/emnist-letters-train-images-idx3-ubyte.gz", images)
    np.testing.assert_array_equal(turned, images.transpose(0, 2, 1))
    assert upright("/emnist/train-images-idx3-ubyte.gz", images) is images


def test_captions():
    assert caption(3, {3: "Dress"}) == "3 Dress"
    assert caption(3, {3: "3"}) == caption(3, {}) == "3"
    assert caption(3, {3: "\x1b[31m"}) == r"3 \x1b[31m"


def test_long_names_are_shown_in_part():
    assert caption(3, {3: "x" * 1000}) == f"3 {'x' * 100}..."
