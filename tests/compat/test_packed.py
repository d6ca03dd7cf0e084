"""A set that `idxfast pack` has made, in our replacements and in their originals.

mnists, emnist and sklearn's OpenML are not among them: they read published sets alone.
"""

import gzip
import importlib
import os

import numpy as np
import pytest

from idxfast.images.conversion import Conversion
from idxfast.images.listing import list_folder
from idxfast.images.packing import pack

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder whose MNIST/raw holds 20 training and 10 test images of 10 classes."""
    from PIL import Image

    root = tmp_path_factory.mktemp("root")
    for number in range(30):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 30, 3), np.uint8)
        path = root / "pictures" / str(number % 10) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    listing = list_folder(str(root / "pictures"))
    pack(listing, str(root / "MNIST" / "raw"), Conversion(), per_class=2)
    return root


@pytest.fixture
def raw(root):
    return root / "MNIST" / "raw"


@pytest.fixture
def expected(raw, oracle):
    """The training images, and their labels, by an oracle."""
    arrays = []
    for name in (IMAGES, LABELS):
        _, shape, payload = oracle.read((raw / name).read_bytes())
        arrays.append(np.frombuffer(payload, np.uint8).reshape(shape))
    assert [array.shape for array in arrays] == [(20, 28, 28), (20,)]
    return arrays


def check(images, labels, expected):
    images = np.asarray(images)
    assert np.array_equal(images.reshape(20, 28, 28), expected[0])
    assert np.array_equal(np.asarray(labels), expected[1])


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("idxfast.compat.idx2numpy", "convert_from_file"),
        ("idx2numpy", "convert_from_file"),
        ("idxfast.compat.mnist", "parse_idx"),
        ("mnist", "parse_idx"),
    ],
)
def test_readers_of_open_files(module, function, raw, expected):
    read = getattr(pytest.importorskip(module), function)
    arrays = []
    for name in (IMAGES, LABELS):
        with gzip.open(raw / name) as file:
            arrays.append(read(file))
    check(*arrays, expected)


def test_mnist_reader(raw, expected):
    reader = importlib.import_module("idxfast.compat.mnist_reader")
    check(*reader.load_mnist(str(raw), "train"), expected)
    assert reader.load_mnist(str(raw), "t10k")[0].shape == (10, 784)


def test_python_mnist(raw, expected):
    reader = importlib.import_module("idxfast.compat.python_mnist")
    check(*reader.MNIST(str(raw), gz=True).load_training(), expected)


def test_the_original_python_mnist(python_mnist, raw, expected):
    data = python_mnist.loader().MNIST(str(raw), gz=True)
    check(*data.load_training(), expected)


@pytest.mark.parametrize("module", ["idxfast.compat.mlxtend", "mlxtend.data"])
def test_mlxtend(module, raw, tmp_path, expected):
    """The original takes unpacked files alone."""
    reader = pytest.importorskip(module)
    for name in (IMAGES, LABELS):
        (tmp_path / name).write_bytes(gzip.decompress((raw / name).read_bytes()))
    check(*reader.loadlocal_mnist(str(tmp_path / IMAGES), str(tmp_path / LABELS)), expected)


def test_tensorflow(raw, expected):
    reader = importlib.import_module("idxfast.compat.tensorflow")
    data = reader.read_data_sets(str(raw), validation_size=0, dtype=np.uint8)
    check(data.train.images, data.train.labels, expected)
    assert data.test.images.shape == (10, 784)


def test_keras(raw, tmp_path, expected, monkeypatch):
    reader = importlib.import_module("idxfast.compat.keras")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    os.symlink(raw, tmp_path / "datasets" / "fashion-mnist")
    check(*reader.fashion_mnist.load_data()[0], expected)


@pytest.mark.parametrize("module", ["idxfast.compat.torchvision", "torchvision.datasets"])
def test_torchvision(module, root, raw, expected):
    """The original wants unpacked files beside the packed ones."""
    pytest.importorskip("torch", reason="needs the package torch")
    reader = pytest.importorskip(module, reason="needs the package torchvision")
    if not module.startswith("idxfast"):
        for path in raw.glob("*.gz"):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    data = reader.MNIST(str(root))
    check(data.data, data.targets, expected)
    assert len(reader.MNIST(str(root), train=False)) == 10
