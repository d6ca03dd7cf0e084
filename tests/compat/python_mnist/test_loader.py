"""The class that loads MNIST, against python-mnist itself."""

import io
import random
import shutil
import struct
from array import array
from pathlib import Path

import numpy as np
import pytest

import idxfast
from idxfast import IdxError
from idxfast.compat import python_mnist as ours

MODES = ("vanilla", "randomly_binarized", "rounded_binarized")
OPTIONS = [(mode, kind) for mode in MODES for kind in ("lists", "numpy")]


@pytest.fixture(scope="module")
def theirs(python_mnist):
    return python_mnist.loader()


@pytest.fixture(scope="module")
def emnist(tmp_path_factory, family):
    """The small set under the names that EMNIST's digits have."""
    folder = tmp_path_factory.mktemp("emnist")
    for kind, stem in (("train", "train"), ("test", "t10k")):
        for what in ("images-idx3", "labels-idx1"):
            source = family.packed / f"{stem}-{what}-ubyte.gz"
            shutil.copy(source, folder / f"emnist-digits-{kind}-{what}-ubyte.gz")
    return folder


def _seeded(function):
    """A result, and the next numbers of both generators after it, from a known seed."""
    random.seed(3)
    np.random.seed(3)
    return function(), random.random(), np.random.random()


def _lists(arrays):
    images, labels = arrays
    return [image.ravel().tolist() for image in images], array("B", labels.tobytes())


def test_loading(same, family):
    loader = ours.MNIST(str(family.raw))
    same(loader.load_training(), _lists(family.train))
    same(loader.load_testing(), _lists(family.t10k))
    same((loader.train_images, loader.train_labels), _lists(family.train))
    same((loader.test_images, loader.test_labels), _lists(family.t10k))


def test_files_are_not_unpacked_in_python(same, family, monkeypatch):
    """Only an `opener` that replaces the class's own is called, because gzip.open is slow."""
    loader = ours.MNIST(str(family.packed), gz=True)
    monkeypatch.delattr("gzip.open")
    same(loader.load_training(), _lists(family.train))


@pytest.mark.parametrize(("mode", "kind"), OPTIONS)
def test_loading_as_the_original_does(theirs, same, family, mode, kind):
    results = [
        _seeded(module.MNIST(str(family.packed), mode, kind, gz=True).load_training)
        for module in (ours, theirs)
    ]
    same(*results)


@pytest.mark.parametrize(("mode", "kind"), OPTIONS)
def test_published_files(theirs, same, published, mode, kind):
    def load(module):
        loader = module.MNIST(str(published), mode, kind, gz=True)
        paths = [str(published / name) for name in (loader.test_img_fname, loader.test_lbl_fname)]
        images, labels = loader.load(*paths, [9_900, 100])
        return _seeded(lambda: loader.process_images(images)), loader.process_labels(labels)

    same(load(ours), load(theirs))


@pytest.mark.parametrize("kind", ["lists", "numpy"])
def test_emnist_comes_upright(theirs, same, emnist, family, kind):
    results = []
    for module in (ours, theirs):
        loader = module.MNIST(str(emnist), return_type=kind)
        loader.select_emnist()
        assert loader.gz
        assert loader.emnistRotate
        results.append((loader.load_training(), loader.load_testing()))
    same(*results)
    upright = family.train[0].transpose(0, 2, 1).reshape(7, -1)
    assert np.array_equal(results[0][0][0], upright)


@pytest.mark.parametrize("batch", [[0, 3], [5, 2], [2, 0]])
def test_load_a_batch(theirs, same, family, batch):
    paths = [str(family.raw / f"train-{what}-ubyte") for what in ("images-idx3", "labels-idx1")]
    result = ours.MNIST().load(*paths, batch=batch)
    same(result, theirs.MNIST().load(*paths, batch=batch))
    start, stop = batch[0], sum(batch)
    same(result, _lists((family.train[0][start:stop], family.train[1][start:stop])))


@pytest.mark.parametrize("batch", [(0, 3), [1], 3])
def test_a_batch_is_a_list_of_two(theirs, batch):
    for module in (ours, theirs):
        with pytest.raises(ValueError, match="batch should be a 1-D list"):
            module.MNIST().load("", "", batch)


@pytest.mark.parametrize("kind", ["lists", "numpy"])
@pytest.mark.parametrize("size", [2, 3])
def test_batches(theirs, same, family, size, kind):
    loaders = [module.MNIST(str(family.raw), return_type=kind) for module in (ours, theirs)]
    batches = [list(loader.load_training_in_batches(size)) for loader in loaders]
    for one, other in zip(*batches, strict=True):
        same(one, other)
    same(loaders[0].train_images, loaders[1].train_images)
    assert [len(labels) for _, labels in batches[0]] == {2: [2, 2, 2, 1], 3: [3, 3, 1]}[size]


@pytest.mark.parametrize("size", [1.0, "3", True, None])
def test_a_batch_size_is_an_int(theirs, family, size):
    for module in (ours, theirs):
        with pytest.raises(ValueError, match="batch_size must be a int number"):
            next(module.MNIST(str(family.raw)).load_training_in_batches(size))


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_is_positive(family, size):
    with pytest.raises(ValueError, match="batch_size"):
        next(ours.MNIST(str(family.raw)).load_training_in_batches(size))


def test_options(theirs):
    for module in (ours, theirs):
        with pytest.raises(AssertionError, match=r"selected mode 'grey' not in \('vanilla', "):
            module.MNIST(mode="grey")
        with pytest.raises(AssertionError, match=r"selected return_type 'set' not in \('lists', "):
            module.MNIST(return_type="set")
        for name in ("mode", "return_type"):
            with pytest.raises(AttributeError):
                setattr(module.MNIST(), name, "vanilla")
    assert vars(ours.MNIST("p", MODES[1], "numpy", True)) == vars(
        theirs.MNIST("p", MODES[1], "numpy", True)
    )


@pytest.mark.parametrize(("width", "threshold"), [(28, 200), (5, 100), (3, 0)])
def test_display(theirs, family, width, threshold):
    pixels = family.train[0][0].ravel().tolist()
    drawn = ours.MNIST.display(pixels, width, threshold)
    assert drawn == theirs.MNIST.display(pixels, width, threshold)
    assert ours.MNIST.display([201, 200, 7], width=2) == "\n@.\n."


def test_opener(family):
    for folder in ("raw", "packed"):
        loader = ours.MNIST(gz=folder == "packed")
        with loader.opener(str(getattr(family, folder) / loader.test_lbl_fname), "rb") as file:
            assert file.read(4) == b"\0\0\x08\1"


# What a script may replace, in a class of its own: each is called as the original calls it.
CHANGES = {
    "load": lambda self, base, *paths, **batch: [part[1:] for part in base(*paths, **batch)],
    "opener": lambda self, base, path, mode: base(path.replace("train", "t10k"), mode),
    "process_images": lambda self, base, images: [[pixel + 256 for pixel in images[0]]],
    "process_images_to_lists": lambda self, base, images: base([*images[::-1], images[0]]),
    "process_images_to_numpy": lambda self, base, images: base([*images[::-1], images[0]]),
    "process_labels": lambda self, base, labels: base(labels[::-1] + labels[:1]),
}


def _changed(original, name):
    base = getattr(original, name)
    replaced = {
        name: lambda self, *rest, **names: CHANGES[name](self, base.__get__(self), *rest, **names)
    }
    return type("Changed", (original,), replaced)


@pytest.mark.parametrize("kind", ["lists", "numpy"])
@pytest.mark.parametrize("folder", ["raw", "packed"])
@pytest.mark.parametrize("name", CHANGES)
def test_methods_of_a_subclass(theirs, same, family, name, folder, kind):
    def load(module):
        changed = _changed(module.MNIST, name)
        loader = changed(str(getattr(family, folder)), return_type=kind, gz=folder == "packed")
        return loader.load_training(), loader.load_testing()

    same(load(ours), load(theirs))


@pytest.mark.parametrize("name", CHANGES)
def test_batches_of_a_subclass(same, family, name):
    loader = _changed(ours.MNIST, name)(str(family.raw))
    images, labels = zip(*loader.load_training_in_batches(10), strict=True)
    same((images[0], labels[0]), loader.load_training())
    assert len(images) == 1


def test_a_method_of_one_instance(same, family):
    loader = ours.MNIST(str(family.raw))
    loader.process_labels = list
    labels = loader.load_training()[1]
    same(labels, family.train[1].tolist())
    assert all(type(label) is int for label in labels)


def test_an_opener_may_give_any_file(same, family):
    class FromMemory(ours.MNIST):
        def opener(self, path, mode):
            return io.BytesIO(Path(path).read_bytes())

    loader = FromMemory(str(family.raw))
    same(loader.load_testing(), _lists(family.t10k))
    loader.test_lbl_fname = loader.train_lbl_fname
    with pytest.raises(IdxError, match="not as many"):
        loader.load_testing()


def test_processing_takes_lists_and_leaves_them(same):
    images = [[0, 127, 128, 255]]
    loader = ours.MNIST(mode="rounded_binarized")
    same(loader.process_images(images), [[0, 0, 1, 1]])
    assert images == [[0, 127, 128, 255]]
    labels = [0, 9]
    assert loader.process_labels(labels) is labels
    assert labels == [0, 9]


def test_processing_leaves_other_numbers_as_they_are():
    assert ours.MNIST().process_images(np.array([[0.5, 300]])) == [[0.5, 300]]


def test_batches_of_images_and_labels_that_do_not_belong_together(family):
    loader = ours.MNIST(str(family.raw))
    loader.train_lbl_fname = loader.test_lbl_fname
    with pytest.raises(IdxError, match="not as many"):
        next(loader.load_training_in_batches(2))


def test_empty_sets(tmp_path):
    loader = ours.MNIST(str(tmp_path))
    header = struct.pack(">IIII", 2051, 0, 28, 28)
    (tmp_path / loader.train_img_fname).write_bytes(header)
    (tmp_path / loader.train_lbl_fname).write_bytes(struct.pack(">II", 2049, 0))
    assert loader.load_training() == ([], array("B"))
    assert list(loader.load_training_in_batches(5)) == []


@pytest.mark.parametrize("shape", [(3, 0, 0), (3, 0, 4), (3, 4, 0)], ids=str)
@pytest.mark.parametrize("kind", ["lists", "numpy"])
def test_images_without_pixels(tmp_path, kind, shape):
    loader = ours.MNIST(str(tmp_path), return_type=kind)
    path = tmp_path / loader.train_img_fname
    idxfast.save(path, np.empty(shape, np.uint8))
    idxfast.save(tmp_path / loader.train_lbl_fname, np.zeros(3, np.uint8))
    with pytest.raises(IdxError, match="the images have no pixels") as caught:
        loader.load_training()
    assert caught.value.filename == str(path)
    assert caught.value.found == f"{shape[1]} x {shape[2]}"


def test_no_images(tmp_path):
    loader = ours.MNIST(str(tmp_path))
    idxfast.save(tmp_path / loader.train_img_fname, np.empty((0, 28, 28), np.uint8))
    idxfast.save(tmp_path / loader.train_lbl_fname, np.empty(0, np.uint8))
    assert loader.load_training() == ([], array("B"))


def _renamed(family, folder):
    """The small set with dots in its names, beside folders that have the names with dashes."""
    for source in family.raw.iterdir():
        (folder / source.name.replace("-idx", ".idx")).write_bytes(source.read_bytes())
        (folder / source.name).mkdir()
        (folder / source.name / source.name).write_bytes(b"something else")


@pytest.mark.parametrize("gz", [False, True])
def test_files_under_other_names_are_found(gz, same, family, tmp_path):
    _renamed(family, tmp_path)
    loader = ours.MNIST(str(tmp_path), gz=gz)
    same(loader.load_training(), _lists(family.train))
    same(loader.load_testing(), _lists(family.t10k))
    (batch,) = loader.load_training_in_batches(100)
    same(batch, _lists(family.train))


def test_emnist_under_other_names_is_upright(same, emnist, family, tmp_path):
    for source in emnist.iterdir():
        shutil.copy(source, tmp_path / source.name.replace("-", "_"))
    loader = ours.MNIST(str(tmp_path), return_type="numpy")
    loader.select_emnist()
    images, labels = loader.load_testing()
    expected = family.t10k[0].transpose(0, 2, 1).reshape(3, -1).astype(np.int64)
    same((images, labels), (expected, family.t10k[1]))


def test_a_name_of_the_callers_own_is_not_replaced(family, tmp_path):
    _renamed(family, tmp_path)
    loader = ours.MNIST(str(tmp_path))
    with pytest.raises(OSError):
        loader.load(str(tmp_path / "train-images-idx3-ubyte"), str(tmp_path / "labels"))
    loader.train_img_fname, loader.train_lbl_fname = "mine-images", "mine-labels"
    with pytest.raises(FileNotFoundError, match="mine-images"):
        loader.load_training()
