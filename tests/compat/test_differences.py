"""What differs between the originals and idxfast.compat, on purpose: one table, both sides tested."""

import gzip
import io
import os
import struct
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest

from idxfast.compat import emnist, keras, mlxtend, mnist, mnist_reader, mnists, python_mnist
from idxfast.compat import idx2numpy as idx2numpy_
from idxfast.compat import torchvision as torchvision_


class Difference(NamedTuple):
    """A call, and what each side makes of it: a value, or the name of an exception."""

    peer: str
    what: str
    call: Any
    theirs: Any
    ours: Any


def _sizes(module, folder, size):
    batches = module.MNIST(str(folder)).load_training_in_batches(size)
    return [(len(images), len(labels)) for images, labels in batches]


def _mismatched(module, folder):
    paths = [str(folder / f"{name}-ubyte") for name in ("train-images-idx3", "t10k-labels-idx1")]
    return len(module.MNIST().load(*paths)[1])


def _trailing(module, folder):
    labels = folder / "trailing"
    data = (folder / "t10k-labels-idx1-ubyte").read_bytes()
    labels.write_bytes(data + b"\1")
    return len(module.MNIST().load(str(folder / "t10k-images-idx3-ubyte"), str(labels))[1])


def _after_gzip_open(module, folder):
    with gzip.open(folder.with_name("packed") / "t10k-labels-idx1-ubyte.gz") as file:
        module.convert_from_file(file)
        return file.tell()


def _pack_magic(module, folder):
    module.label_packer(str(folder), "magic", [1], magic=7)
    return (folder / "magic").read_bytes()[:4]


def _message(module):
    with pytest.raises(module.FormatError) as caught:
        module.convert_from_string(b"\0\0")
    return str(caught.value)


def _pair(folder, suffix=""):
    return [str(folder / f"train-{what}-ubyte{suffix}") for what in ("images-idx3", "labels-idx1")]


def _int16(module, folder):
    path = folder / "int16"
    path.write_bytes(b"\0\0\x0b\1\0\0\0\2\0\1\1\0")
    return module.read_idx_file(str(path)).tolist()


def _keras(module, folder):
    """Fashion-MNIST's training images, from a folder in place of Keras's own."""
    home = folder.with_name("keras")
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "fashion-mnist").symlink_to(folder)
    found = {"get_file": lambda name, **_: str(folder / name)}
    with (
        mock.patch.dict(os.environ, KERAS_HOME=str(home)),
        mock.patch.dict(module.load_data.__globals__, found),
    ):
        return module.load_data()[0][0]


def _tensor(module, folder, data, **options):
    path = folder / "tensor"
    path.write_bytes(data)
    return module.read_sn3_pascalvincent_tensor(str(path), **options).tolist()


def _torchvision_set(module, folder, **files):
    """How many images and labels a set has if some of its files are replaced."""
    raw = folder.with_name("MNIST") / "raw"
    raw.mkdir(parents=True)
    for path in folder.glob("*-ubyte"):
        name = files.get(path.name.partition("-idx")[0].replace("-", "_"), path.name)
        (raw / path.name).write_bytes((folder / name).read_bytes())
    dataset = module.MNIST(str(folder.parent))
    return len(dataset.data), len(dataset.targets)


HUGE = b"\0\0\x08\4" + b"\xff" * 16
MASKED = np.ma.masked_equal(np.array([1, 2], np.uint8), 2)

DIFFERENCES = [
    Difference(
        "idx2numpy", "a .gz file by its name",
        lambda m, d: m.convert_from_file(_pair(d.with_name("packed"), ".gz")[0]).shape,
        "FormatError", (7, 4, 5),
    ),
    Difference(
        "idx2numpy", "arrays are writable",
        lambda m, d: m.convert_from_file(_pair(d)[0]).flags.writeable, False, True,
    ),
    Difference(
        "idx2numpy", "a byte-swapped array is written",
        lambda m, d: m.convert_to_string(np.array([1, 258], ">i2"))[8:],
        "FormatError", b"\0\1\1\2",
    ),
    Difference(
        "idx2numpy", "an array without a dimension is written",
        lambda m, d: m.convert_to_string(np.array(7, np.uint8)), "ValueError", b"\0\0\x08\0\7",
    ),
    Difference(
        "idx2numpy", "a masked array", lambda m, d: m.convert_to_string(MASKED),
        "TypeError", "FormatError",
    ),
    Difference(
        "idx2numpy", "a header of less than four bytes is refused in words",
        lambda m, d: _message(m), "<class 'struct.error'>", "Incomplete magic number.",
    ),
    Difference(
        "idx2numpy", "impossible sizes", lambda m, d: m.convert_from_string(HUGE),
        "OverflowError", "FormatError",
    ),
    Difference(
        "idx2numpy", "where a file from gzip.open is left",
        lambda m, d: _after_gzip_open(m, d), 11, 0,
    ),
    Difference(
        "mnist", "a header cut short in its dimensions",
        lambda m, d: m.parse_idx(io.BytesIO(b"\0\0\x08\2\0\0\0\1")), "error", "IdxDecodeError",
    ),
    Difference(
        "mnist", "no dimension", lambda m, d: m.parse_idx(io.BytesIO(b"\0\0\x08\0\7")).tolist(),
        "TypeError", 7,
    ),
    Difference(
        "mnist", "part of an element too many",
        lambda m, d: m.parse_idx(io.BytesIO(b"\0\0\x0b\1\0\0\0\1\0\1\0")),
        "ValueError", "IdxDecodeError",
    ),
    Difference(
        "mnist", "gzip under a name that does not say so",
        lambda m, d: m.download_and_parse_mnist_file("hidden", str(d)).tolist(),
        "IdxDecodeError", [1],
    ),
    Difference(
        "python-mnist", "no empty batch at the end", lambda m, d: _sizes(m, d, 7),
        [(7, 7), (0, 0)], [(7, 7)],
    ),
    Difference(
        "python-mnist", "no batch larger than the set", lambda m, d: _sizes(m, d, 9),
        [(9, 7), (0, 0)], [(7, 7)],
    ),
    Difference(
        "python-mnist", "any string equal to numpy",
        lambda m, d: type(m.MNIST(str(d), return_type="num" + "py".lower()).load_testing()[0]),
        "MNISTException", np.ndarray,
    ),
    Difference(
        "python-mnist", "images and labels of different number",
        lambda m, d: _mismatched(m, d), 3, "IdxError",
    ),
    Difference(
        "python-mnist", "bytes after the labels", lambda m, d: _trailing(m, d),
        4, "TrailingDataError",
    ),
    Difference(
        "python-mnist", "another magic number is not packed", lambda m, d: _pack_magic(m, d),
        struct.pack(">I", 7), "ValueError",
    ),
    Difference(
        "python-mnist", "import *", lambda m, d: exec(f"from {m.__name__} import *", {}), "TypeError", None,
    ),
    Difference(
        "mlxtend", "images that are not of 784 pixels",
        lambda m, d: m.loadlocal_mnist(*_pair(d))[0].shape, "ValueError", (7, 20),
    ),
    Difference(
        "mlxtend", "labels cut short",
        lambda m, d: len(m.loadlocal_mnist(str(d / "images"), str(d / "cut"))[1]),
        1, "TruncatedError",
    ),
    Difference(
        "Fashion-MNIST's reader", "arrays are writable",
        lambda m, d: m.load_mnist(d.with_name("wide"))[0].flags.writeable, False, True,
    ),
    Difference(
        "Fashion-MNIST's reader", "images that are not of 784 pixels",
        lambda m, d: m.load_mnist(d.with_name("packed"))[0].shape, "ValueError", (7, 20),
    ),
    Difference(
        "Fashion-MNIST's reader", "files that are not gzip",
        lambda m, d: m.load_mnist(d.with_name("wide"), "raw")[0].shape, "BadGzipFile", (2, 784),
    ),
    Difference(
        "Fashion-MNIST's reader", "a file of labels in place of images",
        lambda m, d: m.load_mnist(d.with_name("wide"), "odd")[0].shape, (1, 784), "FormatError",
    ),
    Difference(
        "Keras", "arrays are writable",
        lambda m, d: _keras(m, d.with_name("wide")).flags.writeable, False, True,
    ),
    Difference(
        "Keras", "images of another size", lambda m, d: _keras(m, d.with_name("packed")).shape,
        "ValueError", (7, 4, 5),
    ),
    Difference(
        "torchvision", "a .gz file by its name",
        lambda m, d: _tensor(m, d, gzip.compress(b"\0\0\x08\1\0\0\0\1\7")), "AssertionError", [7],
    ),
    Difference(
        "torchvision", "an open file",
        lambda m, d: m.read_label_file(io.BytesIO(b"\0\0\x08\1\0\0\0\1\7")).tolist(),
        "TypeError", [7],
    ),
    Difference(
        "torchvision", "four dimensions",
        lambda m, d: _tensor(m, d, b"\0\0\x08\4" + b"\0\0\0\1" * 4 + b"\7"),
        "AssertionError", [[[[7]]]],
    ),
    Difference(
        "torchvision", "a type that there is not",
        lambda m, d: _tensor(m, d, b"\0\0\x0a\1\0\0\0\1\7"), "KeyError", "FormatError",
    ),
    Difference(
        "torchvision", "bytes that are missing",
        lambda m, d: _tensor(m, d, b"\0\0\x08\1\0\0\0\2\7"), "AssertionError", "TruncatedError",
    ),
    Difference(
        "torchvision", "bytes that are missing, not strict",
        lambda m, d: _tensor(m, d, b"\0\0\x08\1\0\0\0\2\7", strict=False),
        "RuntimeError", "TruncatedError",
    ),
    Difference(
        "torchvision", "images and labels of different number",
        lambda m, d: _torchvision_set(m, d, train_labels="t10k-labels-idx1-ubyte"),
        (7, 3), "IdxError",
    ),
    Difference(
        "torchvision", "a base of torch's",
        lambda m, d: "VisionDataset" in [base.__name__ for base in m.MNIST.__mro__], True, False,
    ),
    Difference(
        "emnist", "arrays are writable",
        lambda m, d: m.parse_idx(b"\0\0\x08\1\0\0\0\1\7").flags.writeable, False, True,
    ),
    Difference(
        "emnist", "gzip is parsed",
        lambda m, d: m.parse_idx(gzip.compress(b"\0\0\x08\1\0\0\0\1\7")).tolist(),
        "ValueError", [7],
    ),
    Difference(
        "emnist", "no dimension", lambda m, d: m.parse_idx(b"\0\0\x08\0\7").tolist(), "ValueError", 7,
    ),
    Difference(
        "emnist", "bytes that are missing", lambda m, d: m.parse_idx(b"\0\0\x08\1\0\0\0\2\7"),
        "ValueError", "TruncatedError",
    ),
    Difference(
        "emnist", "no bytes", lambda m, d: m.parse_idx(b""), "IndexError", "TruncatedError",
    ),
    Difference(
        "mnists", "numbers of two bytes", lambda m, d: _int16(m, d), [256, 1], [1, 256],
    ),
    Difference(
        "mnists", "arrays are writable",
        lambda m, d: m.read_idx_file(_pair(d)[0]).flags.writeable, False, True,
    ),
]  # fmt: skip

OURS = {
    "idx2numpy": idx2numpy_,
    "mnist": mnist,
    "python-mnist": python_mnist,
    "mlxtend": mlxtend,
    "Fashion-MNIST's reader": mnist_reader,
    "Keras": keras.fashion_mnist,
    "torchvision": torchvision_,
    "emnist": emnist,
    "mnists": mnists,
}


@pytest.fixture
def folder(family, tmp_path):
    """The small set, raw and packed, and some odd files."""
    for name in ("raw", "packed"):
        (tmp_path / name).mkdir()
        for path in getattr(family, name).iterdir():
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    raw = tmp_path / "raw"
    (raw / "hidden").write_bytes(gzip.compress(b"\0\0\x08\1\0\0\0\1\1"))
    (raw / "images").write_bytes(struct.pack(">IIII", 2051, 1, 28, 28) + bytes(784))
    (raw / "cut").write_bytes(struct.pack(">II", 2049, 2) + b"\1")
    wide = tmp_path / "wide"
    wide.mkdir()
    images = struct.pack(">IIII", 2051, 2, 28, 28) + bytes(2 * 784)
    labels = struct.pack(">II", 2049, 2) + b"\1\2"
    # In "odd", the file of images is one of labels, as long as a file of one image.
    content = {
        "raw": (images, labels),
        "odd": (struct.pack(">II", 2049, 792) + bytes(792), struct.pack(">II", 2049, 1) + b"\1"),
        **dict.fromkeys(("train", "t10k"), (images, labels)),
    }
    for kind, pair in content.items():
        for what, data in zip(("images-idx3", "labels-idx1"), pair, strict=True):
            packed = data if kind == "raw" else gzip.compress(data)
            (wide / f"{kind}-{what}-ubyte.gz").write_bytes(packed)
    return raw


def _outcome(call, module, folder):
    try:
        return call(module, folder)
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: f"{d.peer}: {d.what}")
def test_ours(folder, difference):
    if difference.peer == "torchvision":
        pytest.importorskip("torch")
    assert _outcome(difference.call, OURS[difference.peer], folder) == difference.ours


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: f"{d.peer}: {d.what}")
def test_theirs(original, folder, difference):
    module = original(difference.peer)
    assert _outcome(difference.call, module, folder) == difference.theirs
