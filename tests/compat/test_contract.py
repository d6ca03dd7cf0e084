"""What all loaders promise: one table, each promise tested for each loader.

The files of each loader, test_LOADER.py, hold what is special to it.
"""

import bz2
import functools
import gc
import gzip
import lzma
import os
import pkgutil
import warnings
import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from idxfast import FetchError, IdxError, compat
from idxfast.compat import (
    emnist,
    keras,
    mlxtend,
    mnist,
    mnist_reader,
    mnists,
    pylearn2,
    python_mnist,
)
from idxfast.compat import idx2numpy as idx2numpy_
from idxfast.compat import sklearn as sklearn_
from idxfast.compat import tensorflow as tensorflow_
from idxfast.compat import torchvision as torchvision_

COUNTS = {"train": 7, "t10k": 3}
CONTENTS = {"images": "images-idx3-ubyte", "labels": "labels-idx1-ubyte"}


class Form(NamedTuple):
    """How a file is packed, and what its name becomes."""

    pack: Callable[[bytes], bytes]
    suffix: str = ""
    dot: bool = False

    def name(self, kind, content):
        """The name of a file of a kind, with images or labels."""
        name = CONTENTS[content].replace("-idx", ".idx") if self.dot else CONTENTS[content]
        return f"{kind}-{name}{self.suffix}"


_gzip = functools.partial(gzip.compress, mtime=0)
FORMS = {
    "raw": Form(bytes),
    "gzip": Form(_gzip, ".gz"),
    "gzip without .gz": Form(_gzip),
    "raw with .gz": Form(bytes, ".gz"),
    "raw with a dot": Form(bytes, dot=True),
    "gzip with a dot": Form(_gzip, ".gz", dot=True),
    "xz": Form(lzma.compress, ".xz"),
    "bzip2": Form(bz2.compress, ".bz2"),
}
# For loaders that look for MNIST's own names, and for loaders that take any path.
USUAL = ("raw", "gzip", "gzip without .gz", "raw with .gz")
ANY = tuple(FORMS)


class Loader(NamedTuple):
    """A loader, and what it promises.

    Attributes
    ----------
    name : str
        The original's name, and, after a colon, which of its readers.
    ours : module
    load : function of (module, folder, kind, form)
        Calls ours or the original, and returns images and labels. The kind is "train" or "t10k".
    images : (dtype, shape) or list
        The dtype of the images, and the shape of one of them; or list if they are lists.
    labels : dtype or list
    forms : tuple of str
        The names in FORMS of what it reads.
    originals : tuple of str
        The names in FORMS of what the original reads, too.
    missing : type
        The error if a file is missing.
    folder : str
        Where it looks for files, below the home folder.
    archive : str
        Where it looks for EMNIST's zip file.
    is_transposed : bool
        Whether it returns images transposed.
    is_pair : bool
        Whether it loads images and labels together.
    is_verified : bool
        Whether it loads only the published files.
    """

    name: str
    ours: Any
    load: Callable[..., Any]
    images: Any = ("uint8", (28, 28))
    labels: Any = "uint8"
    forms: tuple[str, ...] = USUAL
    originals: tuple[str, ...] = ()
    missing: type[Exception] = FileNotFoundError
    folder: str = "files"
    archive: str = ""
    is_transposed: bool = False
    is_pair: bool = True
    is_verified: bool = False


def _paths(folder, kind, form):
    return [str(folder / form.name(kind, content)) for content in CONTENTS]


def _python_mnist(m, folder, kind, form, return_type):
    loader = m.MNIST(str(folder), return_type=return_type, gz=form.suffix == ".gz")
    return loader.load_training() if kind == "train" else loader.load_testing()


def _tensorflow(m, folder, kind, form):
    sets = m.read_data_sets(folder, dtype=np.uint8, validation_size=0)
    data = sets.train if kind == "train" else sets.test
    return data.images, data.labels


def _extract(m, folder, kind, form):
    with (
        open(folder / form.name(kind, "images"), "rb") as images,
        open(folder / form.name(kind, "labels"), "rb") as labels,
    ):
        return m.extract_images(images), m.extract_labels(labels)


def _sklearn(m, folder, kind, form):
    data, target = m.fetch_openml(
        "mnist_784", data_home=folder.parent, return_X_y=True, as_frame=False
    )
    part = slice(None, 7) if kind == "train" else slice(7, None)
    return data[part], target[part]


def _torchvision(m, folder, kind, form, name="MNIST", **options):
    dataset = getattr(m, name)(str(folder.parents[1]), train=kind == "train", **options)
    return dataset.data, dataset.targets


def _mnists(dataset, kind):
    if kind == "train":
        return dataset.train_images(), dataset.train_labels()
    return dataset.test_images(), dataset.test_labels()


def _emnist(m, folder, kind, form):
    return (
        m.extract_training_samples("digits")
        if kind == "train"
        else m.extract_test_samples("digits")
    )


LOADERS = [
    Loader(
        "idx2numpy", idx2numpy_,
        lambda m, *where: tuple(map(m.convert_from_file, _paths(*where))),
        forms=ANY, originals=("raw", "raw with .gz", "raw with a dot"), is_pair=False,
    ),
    Loader(
        "mnist", mnist,
        lambda m, folder, kind, form: tuple(
            m.download_and_parse_mnist_file(form.name(kind, what), str(folder)) for what in CONTENTS
        ),
        forms=ANY, originals=("raw", "gzip", "raw with a dot", "gzip with a dot"),
        missing=FetchError, is_pair=False,
    ),
    Loader(
        "python-mnist: lists", python_mnist, functools.partial(_python_mnist, return_type="lists"),
        list, list, originals=("raw", "gzip"),
    ),
    Loader(
        "python-mnist: numpy", python_mnist, functools.partial(_python_mnist, return_type="numpy"),
        ("int64", (784,)), originals=("raw", "gzip"),
    ),
    Loader(
        "Fashion-MNIST's reader", mnist_reader, lambda m, folder, kind, form: m.load_mnist(folder, kind),
        ("uint8", (784,)), forms=("gzip", "raw with .gz"), originals=("gzip",),
    ),
    Loader(
        "mlxtend", mlxtend, lambda m, *where: m.loadlocal_mnist(*_paths(*where)),
        ("uint8", (784,)), forms=ANY, originals=("raw", "raw with .gz", "raw with a dot"),
    ),
    Loader(
        "pylearn2", pylearn2,
        lambda m, *where: tuple(
            read(path) for read, path in zip(
                (m.read_mnist_images, m.read_mnist_labels), _paths(*where), strict=True
            )
        ),
        forms=ANY, is_pair=False,
    ),
    Loader(
        "Keras: mnist", keras.mnist,
        lambda m, folder, kind, form: m.load_data(folder)[kind == "t10k"], missing=FetchError,
    ),
    Loader(
        "Keras: fashion_mnist", keras.fashion_mnist,
        lambda m, folder, kind, form: m.load_data()[kind == "t10k"],
        missing=FetchError, folder="datasets/fashion-mnist",
    ),
    Loader(
        "TensorFlow: read_data_sets", tensorflow_, _tensorflow, ("uint8", (784,)),
        missing=FetchError,
    ),
    Loader(
        "TensorFlow: extract", tensorflow_, _extract, ("uint8", (28, 28, 1)), forms=ANY,
    ),
    Loader(
        "scikit-learn", sklearn_, _sklearn, ("int64", (784,)), "object", missing=FetchError,
        folder="mnist",
    ),
    Loader(
        "torchvision: MNIST", torchvision_, _torchvision, labels="int64", originals=("raw",),
        missing=RuntimeError, folder="MNIST/raw",
    ),
    Loader(
        "torchvision: KMNIST", torchvision_, functools.partial(_torchvision, name="KMNIST"),
        labels="int64", originals=("raw",), missing=RuntimeError, folder="KMNIST/raw",
    ),
    Loader(
        "torchvision: read", torchvision_,
        lambda m, *where: tuple(
            read(path) for read, path in zip(
                (m.read_image_file, m.read_label_file), _paths(*where), strict=True
            )
        ),
        labels="int64", forms=ANY, originals=("raw", "raw with .gz", "raw with a dot"),
        is_pair=False,
    ),
    Loader(
        "torchvision: EMNIST", torchvision_,
        functools.partial(_torchvision, name="EMNIST", split="digits"), labels="int64",
        forms=("gzip",), missing=RuntimeError, folder="EMNIST/raw", archive="EMNIST/raw/gzip.zip",
    ),
    Loader(
        "mnists: MNIST", mnists,
        lambda m, folder, kind, form: _mnists(m.MNIST(str(folder), download=False), kind),
        forms=("gzip",), missing=RuntimeError, is_verified=True,
    ),
    Loader(
        "mnists: read_idx_file", mnists,
        lambda m, *where: tuple(map(m.read_idx_file, _paths(*where))),
        forms=ANY, originals=("raw", "gzip", "raw with a dot", "gzip with a dot"), is_pair=False,
    ),
    Loader(
        "mnists: EMNIST", mnists,
        lambda m, folder, kind, form: _mnists(m.EMNIST(str(folder), download=False).Digits(), kind),
        forms=("gzip",), missing=RuntimeError, folder="EMNIST/raw", archive="EMNIST/raw/gzip.zip",
        is_transposed=True,
    ),
    Loader(
        "emnist", emnist, _emnist, forms=("gzip",), originals=("gzip",), missing=FetchError,
        archive=".cache/emnist/emnist.zip", is_transposed=True,
    ),
]  # fmt: skip
PAIRS = [loader for loader in LOADERS if loader.is_pair]
CASES = [(loader, form) for loader in LOADERS for form in loader.forms]
PLAIN = [(loader, form) for loader, form in CASES if form in ("raw", "gzip")]
ORIGINALS = [(loader, form) for loader in LOADERS for form in loader.originals]


def by_name(value):
    return value.name if isinstance(value, Loader) else None


@pytest.fixture(scope="module")
def arrays():
    """Images and labels of a small set, by kind and content."""
    random = np.random.default_rng(11)
    return {
        (kind, content): random.integers(0, top, (count, *shape), np.uint8)
        for kind, count in COUNTS.items()
        for content, top, shape in (("images", 256, (28, 28)), ("labels", 10, ()))
    }


@pytest.fixture
def home(tmp_path, monkeypatch, oracle, arrays, request):
    """Put the set where a loader looks for it, with other content for some of its files."""
    for name in ("HOME", "USERPROFILE", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("IDXFAST_OFFLINE", "1")
    raw = {key: oracle.pack(8, array.shape, array.tobytes()) for key, array in arrays.items()}

    def place(loader, form, changed=None):
        if loader.ours is torchvision_:
            request.getfixturevalue("torch")
        content = {key: form.pack(data) for key, data in raw.items()}
        if loader.is_verified:
            names = {FORMS["gzip"].name(*key): data for key, data in content.items()}
            request.getfixturevalue("publish")("mnist", names)
            monkeypatch.setenv("IDXFAST_OFFLINE", "1")
        content |= changed or {}
        folder = tmp_path / loader.folder
        folder.mkdir(parents=True, exist_ok=True)
        if loader.archive:
            path = tmp_path / loader.archive
            path.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(path, "w") as archive:
                for key, data in content.items():
                    if data is not None:
                        archive.writestr(_member(*key), data)
        else:
            for key, data in content.items():
                if data is not None:
                    (folder / form.name(*key)).write_bytes(data)
        return folder

    return SimpleNamespace(place=place, raw=raw)


@pytest.fixture
def torch(request):
    """The real one, if it is installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        request.getfixturevalue("torch_stub")


def _member(kind, content):
    return f"gzip/emnist-digits-{kind.replace('t10k', 'test')}-{CONTENTS[content]}.gz"


def _file(loader, form, kind, content):
    """The file that a message has to name."""
    return _member(kind, content) if loader.archive else form.name(kind, content)


def _check(loader, result, arrays, kind):
    """Assert that the result has the right values, and the types that the loader promises."""
    images, labels = map(np.asarray, result)
    expected = arrays[kind, "images"]
    expected = expected.swapaxes(1, 2) if loader.is_transposed else expected
    assert np.array_equal(images.reshape(-1, 28, 28), expected)
    assert labels.astype(int).tolist() == arrays[kind, "labels"].tolist()
    if loader.images is list:
        assert type(result[0]) is type(result[0][0]) is list
        assert type(result[0][0][0]) is int
        assert result[1].typecode == "B"
        return
    dtype, shape = loader.images
    assert images.dtype == dtype
    assert images.shape[1:] == shape
    assert labels.dtype == loader.labels
    assert labels.ndim == 1
    assert images.flags.writeable and labels.flags.writeable


def _all_messages(error):
    """What an error says, and what its causes say."""
    messages = []
    while error is not None:
        messages.append(str(error))
        error = error.__cause__
    return "\n".join(messages)


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize(("loader", "form"), CASES, ids=by_name)
def test_values_and_types(home, arrays, loader, form, kind):
    folder = home.place(loader, FORMS[form])
    _check(loader, loader.load(loader.ours, folder, kind, FORMS[form]), arrays, kind)


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize(("loader", "form"), ORIGINALS, ids=by_name)
def test_the_original_gives_the_same(original, home, same, loader, form, kind):
    module = original(loader.name.partition(":")[0])
    folder = home.place(loader, FORMS[form])
    ours, theirs = (
        loader.load(module, folder, kind, FORMS[form]) for module in (loader.ours, module)
    )
    if loader.name.startswith("torchvision"):
        ours, theirs = (tuple(part.numpy() for part in parts) for parts in (ours, theirs))
    same(tuple(ours), tuple(theirs))


# Damaged files, from the content of a whole one and the function that packs it.
DAMAGE = {
    "empty": lambda raw, pack: b"",
    "another file": lambda raw, pack: pack(b"<html>no such file</html>"),
    "cut short": lambda raw, pack: pack(raw)[:-1],
    "cut short before it was packed": lambda raw, pack: pack(raw[:-1]),
    "more than the header announces": lambda raw, pack: pack(raw + b"\0"),
    "a type that there is not": lambda raw, pack: pack(b"\0\0\x0a" + raw[3:]),
    "impossible sizes": lambda raw, pack: pack(raw[:4] + b"\xff" * (4 * raw[3])),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize(("loader", "form"), PLAIN, ids=by_name)
def test_a_damaged_file_is_named(home, loader, form, content, damage):
    key = "train", content
    data = DAMAGE[damage](home.raw[key], FORMS[form].pack)
    folder = home.place(loader, FORMS[form], {key: data})
    with pytest.raises((IdxError, mnist.IdxDecodeError, idx2numpy_.FormatError)) as caught:
        loader.load(loader.ours, folder, "train", FORMS[form])
    assert _file(loader, FORMS[form], *key) in _all_messages(caught.value)


@pytest.mark.parametrize("loader", LOADERS, ids=by_name)
def test_gzip_with_a_wrong_checksum_is_refused(home, loader):
    if "gzip" not in loader.forms:
        pytest.skip("reads no gzip")
    for content in CONTENTS:
        packed = bytearray(_gzip(home.raw["train", content]))
        packed[-8] ^= 1
        folder = home.place(loader, FORMS["gzip"], {("train", content): bytes(packed)})
        with pytest.raises(IdxError) as caught:
            loader.load(loader.ours, folder, "train", FORMS["gzip"])
        assert _file(loader, FORMS["gzip"], "train", content) in str(caught.value)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("loader", LOADERS, ids=by_name)
def test_a_missing_file(home, loader, content):
    form = FORMS[loader.forms[0]]
    folder = home.place(loader, form, {("train", content): None})
    # The zip file is there, but a member of it is missing.
    missing = KeyError if loader.archive else loader.missing
    with pytest.raises(missing):
        loader.load(loader.ours, folder, "train", form)


@pytest.mark.parametrize(
    "loader",
    [loader for loader in LOADERS if loader.originals and loader.missing is not FetchError],
    ids=by_name,
)
def test_the_original_raises_the_same_if_a_file_is_missing(original, home, loader):
    module = original(loader.name.partition(":")[0])
    form = FORMS[loader.originals[0]]
    folder = home.place(loader, form, {("train", "labels"): None})
    with pytest.raises(loader.missing):
        loader.load(module, folder, "train", form)


@pytest.mark.parametrize("loader", [loader for loader in LOADERS if loader.archive], ids=by_name)
def test_a_missing_archive(home, tmp_path, loader):
    folder = home.place(loader, FORMS["gzip"])
    (tmp_path / loader.archive).unlink()
    with pytest.raises(loader.missing):
        loader.load(loader.ours, folder, "train", FORMS["gzip"])


@pytest.mark.parametrize("loader", PAIRS, ids=by_name)
def test_swapped_files_are_refused(home, loader):
    form = FORMS[loader.forms[0]]
    images, labels = (form.pack(home.raw["train", content]) for content in CONTENTS)
    swapped = {("train", "images"): labels, ("train", "labels"): images}
    folder = home.place(loader, form, swapped)
    with pytest.raises(ValueError) as caught:
        loader.load(loader.ours, folder, "train", form)
    assert _file(loader, form, "train", "images") in _all_messages(caught.value)


@pytest.mark.parametrize("loader", PAIRS, ids=by_name)
def test_images_and_labels_belong_together(home, loader):
    if loader.name == "TensorFlow: extract":
        pytest.skip("reads each file by itself")
    form = FORMS[loader.forms[0]]
    changed = {("train", "labels"): form.pack(home.raw["t10k", "labels"])}
    folder = home.place(loader, form, changed)
    message = "not the file of mnist" if loader.is_verified else "expected 7, found 3"
    with pytest.raises(IdxError, match=message):
        loader.load(loader.ours, folder, "train", form)


@pytest.mark.parametrize("is_damaged", [False, True])
@pytest.mark.parametrize("loader", LOADERS, ids=by_name)
def test_nothing_is_left_open_or_running(home, loader, is_damaged, request):
    form = FORMS[loader.forms[-1]]
    changed = {("train", "labels"): form.pack(home.raw["train", "labels"])[:-1]}
    folder = home.place(loader, form, changed if is_damaged else None)
    no_thread_is_left = request.getfixturevalue("no_thread_is_left")

    def load():
        try:
            loader.load(loader.ours, folder, "train", form)
        except (ValueError, idx2numpy_.FormatError):
            assert is_damaged
        else:
            assert not is_damaged

    load()
    gc.collect()
    opened = _opened()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(3):
            load()
        gc.collect()
    assert [warning.message for warning in caught] == []
    assert _opened() == opened
    no_thread_is_left()


def _opened():
    """How many descriptors are open, where the system tells."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def test_each_module_has_a_row():
    modules = {loader.ours.__name__.split(".")[2] for loader in LOADERS}
    assert modules == {
        module.name for module in pkgutil.iter_modules(compat.__path__) if module.name[0] != "_"
    }
