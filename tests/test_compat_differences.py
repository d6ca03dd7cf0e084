"""What differs between the originals and idxfast.compat, on purpose: one table, both sides tested."""

import gzip
import importlib
import io
import struct
from typing import Any, NamedTuple

import numpy as np
import pytest

from idxfast.compat import idx2numpy as idx2numpy_
from idxfast.compat import mlxtend, mnist, mnists, python_mnist


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
    "mnists": mnists,
}
THEIRS = {"mlxtend": "mlxtend.data", "mnists": "mnists.utils"}


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
    return raw


@pytest.fixture
def theirs(request, difference):
    if difference.peer == "python-mnist":
        with request.getfixturevalue("python_mnist").imported() as package:
            package.MNISTException = package.loader.MNISTException
            yield package
        return
    module = pytest.importorskip(THEIRS.get(difference.peer, difference.peer))
    if difference.peer == "mnist" and not hasattr(module, "parse_idx"):
        pytest.skip("the package mnist is another one")
    yield importlib.import_module(module.__name__)


def _outcome(call, module, folder):
    try:
        return call(module, folder)
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: f"{d.peer}: {d.what}")
def test_difference(theirs, folder, difference):
    assert _outcome(difference.call, OURS[difference.peer], folder) == difference.ours
    assert _outcome(difference.call, theirs, folder) == difference.theirs
