"""Measure each module of idxfast.compat against the loader that it replaces: same call, same file.

Run `python benchmarks/compat.py`, or add names to measure some loaders, as in
`python benchmarks/compat.py idx2numpy mnist`. Both loaders are called in turn in one run. A figure
is the original's time divided by ours, by best and by median samples. Loaders that are not
installed are named. Two originals are not measured: TensorFlow 1 runs on no current Python, and
scikit-learn's fetch_openml asks a server.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import importlib
import itertools
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import python_mnist
from contenders import labels_beside
from data import Files, prepare
from idx import Array, view
from measure import in_turn, machine, ratio, versions

from idxfast.compat import patch

Call = Callable[[], Any]


class Pair(NamedTuple):
    """The same call of an original and of ours, which aims to be `bar` times as fast."""

    what: str
    theirs: Call
    ours: Call
    bar: float = 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure idxfast.compat against the originals.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    names = parser.parse_args().names or list(PEERS)
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        print(f"machine: {machine()}\nversions: {versions()}\ndata: {files.source}, train files")
        print("\n| call | minimum | median | bar | holds |\n|---|---|---|---|---|")
        for name in names:
            try:
                pairs = list(PEERS[name](files))
            except (ImportError, FileNotFoundError) as error:
                print(f"| {name}: skipped, {error} | | | | |")
                continue
            for pair in pairs:
                print(_line(pair), flush=True)


def _line(pair: Pair) -> str:
    """Check that both return the same, measure them, and return a line of the table."""
    try:
        expected = pair.theirs()
    except TypeError as error:
        # emnist 0.0 fails on numpy 2.4.
        return f"| {pair.what}: the original fails here, {error} | | | | |"
    _compare(expected, pair.ours())
    del expected
    samples = in_turn({"theirs": pair.theirs, "ours": pair.ours}, rounds=7)
    found = ratio(samples["theirs"], samples["ours"])
    holds = "yes" if min(found) >= pair.bar else "NO"
    return f"| {pair.what} | {found.minimum:.1f} | {found.median:.1f} | {pair.bar:g} | {holds} |"


def _compare(theirs: Any, ours: Any) -> None:
    """Assert equal values, types and shapes, down to the items of tuples."""
    if isinstance(theirs, tuple):
        for pair in zip(theirs, ours, strict=True):
            _compare(*pair)
        return
    assert type(theirs) is type(ours)
    if isinstance(theirs, np.ndarray):
        assert theirs.dtype == ours.dtype
        assert np.array_equal(theirs, ours)
    else:
        # Tensors compare by element, lists as a whole.
        assert np.all(np.asarray(theirs == ours))


def _idx2numpy(files: Files) -> Iterator[Pair]:
    theirs, ours = _both("idx2numpy")
    # A new file each time, because truncating an old one takes longer than writing.
    numbers = itertools.count()

    def read(module: Any, path: Path) -> Array:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            array: Array = module.convert_from_file(file)
        return array

    def write(module: Any) -> None:
        path = files.raw_images.with_name(f"written-{next(numbers)}")
        module.convert_to_file(str(path), files.expected_images)

    yield from _patched("idx2numpy", "convert_from_file(raw)", theirs, ours, read, files.raw_images)
    yield from _patched(
        "idx2numpy", "convert_from_file(gzip.open)", theirs, ours, read, files.images
    )
    yield from _patched(
        "idx2numpy", "convert_from_file(int32)", theirs, ours, read, files.int32, under_patch=False
    )
    yield from _patched("idx2numpy", "convert_to_file", theirs, ours, write, bar=100)
    yield Pair(
        "idx2numpy convert_to_string",
        lambda: theirs.convert_to_string(files.expected_images),
        lambda: ours.convert_to_string(files.expected_images),
        100,
    )


def _mnist(files: Files) -> Iterator[Pair]:
    theirs, ours = _both("mnist")

    def read(module: Any, path: Path) -> Any:
        return module.download_and_parse_mnist_file(path.name, target_dir=str(path.parent))

    yield from _patched("mnist", "parse .gz", theirs, ours, read, files.images)
    yield from _patched("mnist", "parse raw", theirs, ours, read, files.raw_images)


def _python_mnist(files: Files) -> Iterator[Pair]:
    from idxfast.compat import python_mnist as ours

    theirs = python_mnist.loader()
    folder = str(files.raw_images.parent)

    def read(module: Any, **options: Any) -> Any:
        return module.MNIST(folder, **options).load_training()

    for what, options, bar in (
        ("lists", {}, 5),
        ("numpy", {"return_type": "numpy"}, 50),
        ("lists, rounded", {"mode": "rounded_binarized"}, 1),
        ("numpy, rounded", {"mode": "rounded_binarized", "return_type": "numpy"}, 1),
    ):
        call = functools.partial(read, **options)
        context = python_mnist.imported
        yield from _patched("python-mnist", what, theirs, ours, call, bar=bar, context=context)


def _mlxtend(files: Files) -> Iterator[Pair]:
    from idxfast.compat import mlxtend as ours

    theirs = importlib.import_module("mlxtend.data")
    labels = labels_beside(files.raw_images)

    def read(module: Any) -> Any:
        return module.loadlocal_mnist(str(files.raw_images), str(labels))

    yield from _patched("mlxtend", "loadlocal_mnist", theirs, ours, read)


def _torchvision(files: Files) -> Iterator[Pair]:
    from idxfast.compat import torchvision as ours

    theirs = importlib.import_module("torchvision.datasets.mnist")

    def read(module: Any) -> Any:
        return module.read_image_file(str(files.raw_images))

    yield from _patched("torchvision", "read_image_file", theirs, ours, read)


def _mnist_reader(files: Files) -> Iterator[Pair]:
    from idxfast.compat import mnist_reader as ours

    # Fashion-MNIST's own reader is a script in its repository. These lines do the same.
    def theirs() -> tuple[Array, Array]:
        with gzip.open(files.images) as images, gzip.open(labels_beside(files.images)) as labels:
            return view(images.read()).reshape(-1, 784), view(labels.read())

    yield Pair("mnist_reader load_mnist", theirs, lambda: ours.load_mnist(files.images.parent))


def _mnists(files: Files) -> Iterator[Pair]:
    from idxfast.compat import mnists as ours

    theirs = importlib.import_module("mnists.utils")
    yield Pair(
        "mnists read_idx_file",
        lambda: theirs.read_idx_file(str(files.images)),
        lambda: ours.read_idx_file(str(files.images)),
    )


def _emnist(files: Files) -> Iterator[Pair]:
    theirs, ours = _both("emnist")
    home = files.raw_images.parent
    archive = home / ".cache" / "emnist" / "emnist.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for what, path in (
            ("images-idx3", files.images),
            ("labels-idx1", labels_beside(files.images)),
        ):
            opened.write(path, f"gzip/emnist-mnist-train-{what}-ubyte.gz")

    def read(module: Any) -> Any:
        with mock.patch.dict(os.environ, HOME=str(home)):
            return module.extract_training_samples("mnist")

    yield Pair("emnist extract_training_samples", lambda: read(theirs), lambda: read(ours))


def _keras(files: Files) -> Iterator[Pair]:
    from idxfast.compat import keras as ours

    # Keras reads the name of its own folder from the environment when it is imported.
    home = files.raw_images.parent / "keras"
    os.environ["KERAS_HOME"] = str(home)
    theirs = importlib.import_module("keras.datasets.fashion_mnist")
    folder = home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    found = list(files.images.parent.glob("*-ubyte.gz"))
    if len(found) < 4:
        raise FileNotFoundError("it needs all four files")
    for path in found:
        (folder / path.name).symlink_to(path.resolve())
    yield Pair("keras fashion_mnist.load_data", theirs.load_data, ours.fashion_mnist.load_data)


PEERS: dict[str, Callable[[Files], Iterator[Pair]]] = {
    "idx2numpy": _idx2numpy,
    "mnist": _mnist,
    "python-mnist": _python_mnist,
    "mlxtend": _mlxtend,
    "torchvision": _torchvision,
    "mnist_reader": _mnist_reader,
    "mnists": _mnists,
    "emnist": _emnist,
    "keras": _keras,
}


def _both(name: str) -> tuple[Any, Any]:
    """Import a loader and our module of the same name."""
    return importlib.import_module(name), importlib.import_module(f"idxfast.compat.{name}")


def _patched(
    peer: str,
    what: str,
    theirs: Any,
    ours: Any,
    call: Callable[..., Any],
    *arguments: Any,
    bar: float = 1,
    under_patch: bool = True,
    context: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Iterator[Pair]:
    """Yield a call of both modules, and the original's call without and with `patch`."""

    def original() -> Any:
        return call(theirs, *arguments)

    def patched() -> Any:
        with ExitStack() as stack:
            stack.enter_context(context())
            stack.enter_context(patch(peer))
            return call(theirs, *arguments)

    yield Pair(f"{peer} {what}", original, lambda: call(ours, *arguments), bar)
    if under_patch:
        yield Pair(f"{peer} {what}, under patch", original, patched)


if __name__ == "__main__":
    main()
