"""The original packages and small sets for both; as much of PyTorch as our classes need without it."""

import contextlib
import gzip
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def family(tmp_path_factory, oracle):
    """The four files of a small set, in folders `raw` and `packed`, and the arrays in them."""
    root = tmp_path_factory.mktemp("family")
    random = np.random.default_rng(5)
    arrays = {}
    for kind, count in (("train", 7), ("t10k", 3)):
        arrays[kind] = (
            random.integers(0, 256, (count, 4, 5), np.uint8),
            random.integers(0, 10, count, np.uint8),
        )
        for what, array in zip(("images-idx3", "labels-idx1"), arrays[kind], strict=True):
            content = oracle.pack(0x08, array.shape, array.tobytes())
            for folder, data in (("raw", content), ("packed", gzip.compress(content))):
                (root / folder).mkdir(exist_ok=True)
                suffix = ".gz" if folder == "packed" else ""
                (root / folder / f"{kind}-{what}-ubyte{suffix}").write_bytes(data)
    return SimpleNamespace(raw=root / "raw", packed=root / "packed", **arrays)


@pytest.fixture(scope="session")
def python_mnist():
    """The package python-mnist; the package mnist has the same import name, so this one is in a folder of its own."""
    if not (ROOT / "benchmarks" / ".cache" / "python-mnist").is_dir():
        pytest.skip("python-mnist is not in benchmarks/.cache: see benchmarks/python_mnist.py")
    path = ROOT / "benchmarks" / "python_mnist.py"
    spec = importlib.util.spec_from_file_location("python_mnist_in_its_folder", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def emnist_package(monkeypatch):
    """The package emnist, which wants arrays of one number to be numbers, as before numpy 2.4."""
    module = pytest.importorskip("emnist")
    monkeypatch.setattr(module, "int", lambda array: array.item(), raising=False)
    return module


@pytest.fixture
def no_download(monkeypatch):
    """The calls of `idxfast.datasets.fetch`, which returns the folder that it is given.

    Calls of `load` are recorded, too. It finds nothing.
    """
    asked = []

    def fetch(name, directory=None):
        asked.append((name, directory))
        return directory

    def load(name, kind, directory=None, **options):
        fetch(name, directory)
        raise FileNotFoundError(f"{name}: nothing of kind {kind}")

    monkeypatch.setattr("idxfast.datasets.fetch", fetch, raising=False)
    monkeypatch.setattr("idxfast.datasets.load", load, raising=False)
    return asked


def _same(ours, theirs):
    """Equal values, types and shapes, bit for bit, down to the items of tuples and lists."""
    if isinstance(theirs, tuple):
        assert len(ours) == len(theirs)
        for pair in zip(ours, theirs, strict=True):
            _same(*pair)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()
    else:
        assert type(ours) is type(theirs)
        assert ours == theirs


@pytest.fixture(scope="session")
def same():
    return _same


# What the extra `test` does not install is rarely there: Keras runs on a framework of several
# hundred MB, torchvision on PyTorch, and Fashion-MNIST's reader is a file of its repository.
MODULES = {
    "idx2numpy": "idx2numpy",
    "mnist": "mnist",
    "mlxtend": "mlxtend.data",
    "Fashion-MNIST's reader": "mnist_reader",
    "Keras": "keras.datasets.fashion_mnist",
    "torchvision": "torchvision.datasets.mnist",
    "mnists": "mnists.utils",
}


@pytest.fixture
def original(request):
    """Give an original package by its name, or skip the test if it is not installed."""
    with contextlib.ExitStack() as stack:

        def original(name):
            if name == "python-mnist":
                package = request.getfixturevalue("python_mnist").imported()
                package = stack.enter_context(package)
                package.MNISTException = package.loader.MNISTException
                return package
            if name == "emnist":
                return request.getfixturevalue("emnist_package")
            module = pytest.importorskip(MODULES[name])
            if name == "mnist" and not hasattr(module, "parse_idx"):
                pytest.skip("the package mnist is another one")
            return importlib.import_module(module.__name__)

        yield original


class Tensor(np.ndarray):
    """As much of torch's as the sets need."""

    clone = np.ndarray.copy

    def long(self):
        return self.astype(np.int64)


@pytest.fixture
def torch_stub(monkeypatch):
    """A module in place of torch, whether that is installed or not."""
    stub = ModuleType("torch")
    stub.uint8, stub.from_numpy = np.dtype("u1"), lambda array: array.view(Tensor)
    monkeypatch.setitem(sys.modules, "torch", stub)
