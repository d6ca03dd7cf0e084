"""patch, unpatch: installed loaders that read through idxfast, and come back unharmed."""

import gzip
import io
import sys
from array import array
from types import ModuleType

import numpy as np
import pytest

from idxfast.compat import _patching, _replacements, patch, unpatch


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    yield
    unpatch()


@pytest.fixture
def idx2numpy():
    return pytest.importorskip("idx2numpy")


@pytest.fixture
def mnist():
    module = pytest.importorskip("mnist")
    if not hasattr(module, "parse_idx"):
        pytest.skip("the package mnist is another one")
    return module


@pytest.fixture
def package(python_mnist):
    with python_mnist.imported() as package:
        yield package


def _came_from_us(function):
    return function.__module__.startswith("idxfast.")


def test_idx2numpy(idx2numpy, oracle, same):
    data = oracle.pack(0x0C, (2, 3))
    expected = idx2numpy.convert_from_string(data)
    names = ("convert_from_file", "convert_from_string", "convert_to_file", "convert_to_string")
    originals = [getattr(idx2numpy, name) for name in names]
    with patch("idx2numpy"):
        for module in (idx2numpy, idx2numpy.converters):
            assert all(_came_from_us(getattr(module, name)) for name in names)
        same(idx2numpy.convert_from_string(data), expected)
        same(idx2numpy.convert_from_file(io.BytesIO(data)), expected)
        assert idx2numpy.convert_to_string(expected) == data
        with pytest.raises(idx2numpy.FormatError, match=r"^Superfluous data detected\.$") as caught:
            idx2numpy.convert_from_string(data + b"\0")
        assert caught.value.__cause__.offset == len(data)
    assert [getattr(idx2numpy, name) for name in names] == originals


def test_mnist(mnist, published, same):
    name = "t10k-labels-idx1-ubyte.gz"
    expected = mnist.download_and_parse_mnist_file(name, target_dir=str(published))
    with patch("mnist"):
        assert _came_from_us(mnist.parse_idx)
        same(mnist.download_and_parse_mnist_file(name, target_dir=str(published)), expected)
        with pytest.raises(mnist.IdxDecodeError, match=r"two zero bytes. Found 0x102"):
            mnist.parse_idx(io.BytesIO(b"\1\2\3\4"))
    assert not _came_from_us(mnist.parse_idx)


@pytest.mark.parametrize("kind", ["lists", "numpy"])
def test_python_mnist(package, family, same, tmp_path, kind):
    # Made before: its class is changed, not replaced.
    loader = package.MNIST(str(family.packed), "rounded_binarized", kind, gz=True)
    expected = loader.load_training()
    batches = list(loader.load_training_in_batches(3))
    original = package.MNIST.load_training
    with patch("python-mnist"):
        assert _came_from_us(package.MNIST.load_training)
        same(loader.load_training(), expected)
        for one, other in zip(loader.load_training_in_batches(3), batches, strict=True):
            same(one, other)
        package.label_packer(str(tmp_path), "labels", [1, 2])
        assert _came_from_us(package.packer.label_packer)
    assert package.MNIST.load_training is original
    assert (tmp_path / "labels").read_bytes() == b"\0\0\x08\1\0\0\0\2\1\2"
    same(loader.load_training(), expected)


@pytest.mark.parametrize("name", ["load", "opener", "process_images", "process_labels"])
def test_subclasses_of_python_mnist(package, family, same, name):
    base = vars(package.MNIST)[name]
    calls = []

    def method(self, *arguments, **options):
        calls.append(arguments)
        return getattr(package.MNIST, name)(self, *arguments, **options)

    loader = type("Changed", (package.MNIST,), {name: method})(str(family.raw))
    expected, expected_calls = loader.load_training(), calls[:]
    with patch("python-mnist"):
        assert vars(package.MNIST)[name] is not base
        calls.clear()
        same(loader.load_training(), expected)
        assert calls == expected_calls


def test_mlxtend(family, same):
    data = pytest.importorskip("mlxtend.data")
    paths = sorted(map(str, family.packed.glob("train-*")))
    original = data.loadlocal_mnist
    with patch("mlxtend"):
        images, labels = data.loadlocal_mnist(*paths)
    same((images, labels), (family.train[0].reshape(7, -1), family.train[1]))
    assert data.loadlocal_mnist is original


def test_torchvision(tmp_path, oracle):
    theirs = pytest.importorskip("torchvision.datasets.mnist")
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(oracle.pack(0x08, (2, 3, 4))))
    with patch("torchvision"):
        assert theirs.read_image_file(str(path)).shape == (2, 3, 4)
    assert not _came_from_us(theirs.read_sn3_pascalvincent_tensor)


def test_it_stays_until_unpatch(idx2numpy):
    patch("idx2numpy")
    assert _came_from_us(idx2numpy.convert_to_string)
    unpatch("idx2numpy")
    assert not _came_from_us(idx2numpy.convert_to_string)
    unpatch("idx2numpy")


def test_unpatch_takes_all_or_some(idx2numpy, mnist):
    patch("idx2numpy", "mnist")
    unpatch("mnist")
    assert _came_from_us(idx2numpy.convert_to_string)
    assert not _came_from_us(mnist.parse_idx)
    patch("mnist")
    unpatch()
    assert not _came_from_us(idx2numpy.convert_to_string)
    assert not _came_from_us(mnist.parse_idx)


def test_patching_twice_undoes_once(idx2numpy):
    original = idx2numpy.convert_to_string
    with patch("idx2numpy"):
        with patch("idx2numpy"):
            pass
        assert _came_from_us(idx2numpy.convert_to_string)
    assert idx2numpy.convert_to_string is original


def test_all_may_be_patched_already(idx2numpy, monkeypatch):
    monkeypatch.setattr(_replacements, "is_installed", lambda name: name == "idx2numpy")
    with patch():
        patch()
        assert _came_from_us(idx2numpy.convert_to_string)
    assert not _came_from_us(idx2numpy.convert_to_string)


def test_it_is_undone_after_an_exception(idx2numpy):
    with pytest.raises(KeyboardInterrupt), patch("idx2numpy"):
        raise KeyboardInterrupt
    assert not _came_from_us(idx2numpy.convert_to_string)


def test_without_names_all_that_are_installed(idx2numpy, mnist, monkeypatch):
    monkeypatch.setattr(_replacements, "is_installed", lambda name: name in ("idx2numpy", "mnist"))
    with patch():
        assert _came_from_us(idx2numpy.convert_to_string)
        assert _came_from_us(mnist.parse_idx)
    monkeypatch.setattr(_replacements, "is_installed", lambda name: False)
    with pytest.raises(ImportError, match="nothing to patch: none of idx2numpy, "):
        patch()


def test_which_package_is_installed_as_mnist(mnist, python_mnist):
    assert _replacements.is_installed("mnist")
    assert not _replacements.is_installed("python-mnist")
    with python_mnist.imported():
        assert _replacements.is_installed("python-mnist")
        assert not _replacements.is_installed("mnist")
        with pytest.raises(ImportError, match=r"mnist is not installed.*another package"):
            patch("mnist")
    with pytest.raises(ImportError, match=r"python-mnist is not installed.*another package"):
        patch("python_mnist")


def test_what_is_installed():
    assert _replacements.is_installed("numpy")
    assert not _replacements.is_installed("numpy_of_another_name")


@pytest.mark.parametrize("name", ["mnist", "python-mnist"])
def test_nothing_is_installed_as_mnist(name, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not _replacements.is_installed(name)


def test_a_name_that_is_not_known(idx2numpy):
    with pytest.raises(ValueError, match="cannot patch 'numpy', only idx2numpy, mnist, "):
        patch("idx2numpy", "numpy")
    assert not _came_from_us(idx2numpy.convert_to_string)


def test_a_name_that_is_not_installed(idx2numpy, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match="cannot patch mlxtend: "):
        patch("idx2numpy", "mlxtend")
    assert not _came_from_us(idx2numpy.convert_to_string)


def test_nothing_is_half_patched(idx2numpy, monkeypatch):
    stubborn = ModuleType("stubborn")

    def replacements():
        yield _replacements.Replacement(idx2numpy, "convert_to_string", len)
        yield _replacements.Replacement(stubborn, "missing", len)

    monkeypatch.setitem(_replacements.LOADERS, "mlxtend", replacements)
    original = idx2numpy.convert_to_string
    with pytest.raises(KeyError):
        patch("mlxtend")
    assert idx2numpy.convert_to_string is original
    assert not _patching._originals


def test_a_script_that_imported_a_name_before_keeps_it(idx2numpy, oracle):
    from idx2numpy import convert_from_string

    with patch("idx2numpy"):
        assert not _came_from_us(convert_from_string)
        from idx2numpy import convert_from_string

        assert _came_from_us(convert_from_string)


def test_results_are_of_the_packages_own_kind(package, family):
    with patch("python-mnist"):
        images, labels = package.MNIST(str(family.raw)).load_testing()
    assert type(images) is list
    assert type(images[0][0]) is int
    assert type(labels) is array
    assert np.array_equal(images, family.t10k[0].reshape(3, -1))
