"""The loaders that are compared, as functions of one signature.

Each function imports its package itself. A package that is missing can thus be named and skipped
(`usable`), and every loader pays for an import statement. A package that accepts the unpacked size
as a hint gets it, so that each is measured at its best.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from idx import Array, read_shape, view
from python_mnist import loader

Loader = Callable[[Path], Array]


def idxfast(path: Path) -> Array:
    """Load on one thread, as the others do."""
    import idxfast

    return idxfast.load(path, threads=1)


def idxfast_two(path: Path) -> Array:
    """Load on two threads."""
    import idxfast

    return idxfast.load(path, threads=2)


def idxfast_default(path: Path) -> Array:
    """Load on as many threads as idxfast chooses."""
    import idxfast

    return idxfast.load(path)


def idxfast_mapped(path: Path) -> Array:
    """Map without reading the payload."""
    import idxfast

    return idxfast.load(path, mmap_mode="r")


def stdlib_gzip(path: Path) -> Array:
    """Unpack with gzip.open, as Fashion-MNIST's own reader does."""
    with gzip.open(path) as file:
        return view(file.read())


def stdlib_zlib(path: Path) -> Array:
    """Unpack with one call of zlib."""
    data = path.read_bytes()
    return view(zlib.decompress(data, 31, _unpacked_size(data)))


def isal(path: Path) -> Array:
    """Unpack with one call of ISA-L."""
    from isal import isal_zlib

    data = path.read_bytes()
    return view(isal_zlib.decompress(data, 31, _unpacked_size(data)))


def zlib_ng(path: Path) -> Array:
    """Unpack with one call of zlib-ng."""
    from zlib_ng import zlib_ng

    data = path.read_bytes()
    return view(zlib_ng.decompress(data, 31, _unpacked_size(data)))


def deflate(path: Path) -> Array:
    """Unpack with one call of libdeflate, through the package deflate."""
    import deflate

    return view(deflate.gzip_decompress(path.read_bytes()))


def imagecodecs(path: Path) -> Array:
    """Unpack with one call of libdeflate, through imagecodecs, into a new array."""
    import imagecodecs

    data = path.read_bytes()
    out = np.empty(_unpacked_size(data), np.uint8)
    imagecodecs.gzip_decode(data, out=out.data)
    return view(out.data)


def rapidgzip(path: Path, threads: int = 1) -> Array:
    """Unpack with rapidgzip; 0 threads mean one for each core."""
    import rapidgzip

    with rapidgzip.open(str(path), parallelization=threads) as file:
        return view(file.read())


def fromfile(path: Path) -> Array:
    """Read the header with struct and the payload with np.fromfile."""
    with path.open("rb") as file:
        shape = read_shape(file)
        return np.fromfile(file, np.uint8).reshape(shape)


def memmap(path: Path) -> Array:
    """Read the header with struct and map the payload with np.memmap."""
    with path.open("rb") as file:
        shape = read_shape(file)
        return np.memmap(file, np.uint8, "r", offset=file.tell(), shape=shape)


def idx2numpy(path: Path) -> Array:
    """Load through idx2numpy, which takes a .gz as an open file."""
    import idx2numpy

    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        array: Array = idx2numpy.convert_from_file(file)
    return array


def mnist(path: Path) -> Array:
    """Load through mnist (datapythonista), which downloads only files that are missing."""
    import mnist

    array: Array = mnist.download_and_parse_mnist_file(path.name, target_dir=str(path.parent))
    return array


def mnists(path: Path) -> Array:
    """Load through the function with which mnists reads each file of a data set."""
    from mnists.utils import read_idx_file

    array: Array = read_idx_file(str(path))
    return array


def python_mnist(path: Path) -> Array:
    """Load 28 by 28 images, and the labels beside them, through python-mnist.

    python-mnist loads only pairs of files; the labels are 1/784 of the bytes. With
    return_type="numpy", the pixels become lists of int first, and then an array of int64.
    """
    images = path.with_suffix("")
    reader = loader().MNIST(return_type="numpy", gz=path.suffix == ".gz")
    pixels, _ = reader.load(str(images), str(labels_beside(images)))
    array: Array = reader.process_images(pixels)
    return array.reshape(-1, 28, 28)


def mlxtend(path: Path) -> Array:
    """Load 28 by 28 images, and the labels beside them, through mlxtend, which loads only pairs."""
    from mlxtend.data import loadlocal_mnist

    images: Array = loadlocal_mnist(str(path), str(labels_beside(path)))[0]
    return images.reshape(-1, 28, 28)


def usable(
    loaders: Mapping[str, Loader], path: Path, expected: Array
) -> tuple[dict[str, Loader], dict[str, str]]:
    """Call each loader once, and check shape and values.

    Returns
    -------
    found : dict
        The loaders whose packages are installed.
    skipped : dict
        The reason for each loader that was skipped.
    """
    found, skipped = {}, {}
    for name, load in loaders.items():
        try:
            array = load(path)
        except ImportError as error:
            skipped[name] = str(error)
            continue
        assert np.array_equal(array, expected), f"{name} gives other values"
        found[name] = load
    return found, skipped


def labels_beside(images: Path) -> Path:
    """Return the path of the labels file that belongs to an images file."""
    return images.with_name(images.name.replace("images-idx3", "labels-idx1"))


def _unpacked_size(data: bytes) -> int:
    """Read the unpacked size from the gzip trailer."""
    return int.from_bytes(data[-4:], "little")


GZIP: dict[str, Loader] = {
    "idxfast": idxfast,
    "idxfast, 2 threads": idxfast_two,
    "idxfast, default threads": idxfast_default,
    "gzip": stdlib_gzip,
    "zlib": stdlib_zlib,
    "isal": isal,
    "zlib-ng": zlib_ng,
    "deflate": deflate,
    "imagecodecs": imagecodecs,
    "rapidgzip": rapidgzip,
    "rapidgzip, all cores": partial(rapidgzip, threads=0),
    "idx2numpy": idx2numpy,
    "mnist": mnist,
    "mnists": mnists,
}

RAW: dict[str, Loader] = {
    "idxfast": idxfast,
    "idxfast, 2 threads": idxfast_two,
    "idxfast, default threads": idxfast_default,
    "idxfast, mapped": idxfast_mapped,
    "np.fromfile": fromfile,
    "np.memmap": memmap,
    "idx2numpy": idx2numpy,
    "mnist": mnist,
    "mnists": mnists,
}

GZIP_IMAGES = GZIP | {"python-mnist": python_mnist}
RAW_IMAGES = RAW | {"python-mnist": python_mnist, "mlxtend": mlxtend}
