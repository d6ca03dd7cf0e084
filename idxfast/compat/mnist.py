"""In place of mnist (datapythonista's): ``import idxfast.compat.mnist as mnist``.

What differs:

- Files are recognised as gzip by their content; a name that says otherwise does no harm.
- While `datasets_url` is its first value, a server that gives MNIST to nobody any more, files come
  from the mirrors that `idxfast.datasets.fetch` knows, and are verified as it does.
- By default files are in the folder for temporary files, which all users share. Of what others have
  put there, nothing is read: a PermissionError.
- A download that fails leaves no file behind that would be taken for MNIST the next time.
- Whatever is wrong with a file is an `IdxDecodeError`, never an error of struct or reduce, but for
  damaged gzip data, an `idxfast.GzipError`, a ValueError and an OSError, and gzip data that end
  early, an `idxfast.TruncatedError`, a ValueError and an EOFError.
- Files without a dimension are read. How many bytes are missing or too many is said by the cause.

Of a file from `gzip.open` that has not been read from, the file beneath is decoded, and it is left
at its start.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import urljoin
from urllib.request import urlretrieve

from ..errors import IdxError, TruncatedError
from ..storage import sink
from ..storage.regular import open_regular
from ._shared import downloads, files
from ._shared.faults import fault
from ._shared.files import Array
from ._shared.folders import check_file

__version__ = "0.2.2"

_CHUNK = 1 << 20
_FIRST_URL = "http://yann.lecun.com/exdb/mnist/"
datasets_url = _FIRST_URL
"""Where files are downloaded from; may be set."""

temporary_dir = tempfile.gettempdir
"""Returns the folder for files when no other is named; may be replaced."""


class IdxDecodeError(ValueError):
    """Not a whole IDX file. Its cause says where."""


def download_file(fname: str, target_dir: str | None = None, force: bool = False) -> str:
    """The path of a file of MNIST, which is downloaded if it is not there.

    Parameters
    ----------
    fname : str
    target_dir : str, optional
        By default `temporary_dir()`.
    force : bool, optional
        Download it even if it is there; from the first `datasets_url`, unless what is there is the
        published file.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be had; or if it is there by default, in a folder
        that is open to others, and is not this user's own.
    """
    path = _path(fname, target_dir)
    if os.path.isfile(path) and not force:
        with _opened(path, target_dir):
            return path
    if datasets_url == _FIRST_URL:
        downloads.download_file("mnist", fname, path)
        return path
    with tempfile.TemporaryDirectory() as own:
        partial = os.path.join(own, "partial")
        urlretrieve(urljoin(datasets_url, fname), partial)
        with open(partial, "rb") as file:
            # Others may download the same file now, or put something else in its place.
            sink.write(path, iter(functools.partial(file.read, _CHUNK), b""))
    return path


def parse_idx(fd: Any) -> Array:
    """Read an IDX file from an open binary file.

    Returns
    -------
    ndarray
        In native byte order, and writable.

    Raises
    ------
    IdxDecodeError
        If it is not a whole IDX file.
    """
    try:
        return files.load(fd)
    except IdxError as error:
        if fault(error).part == "gzip":
            raise
        raise IdxDecodeError(_message(error)) from error


def download_and_parse_mnist_file(
    fname: str, target_dir: str | None = None, force: bool = False
) -> Array:
    """Read a file of MNIST, which is downloaded if it is not there; see `download_file`."""
    path = _path(fname, target_dir)
    if os.path.isfile(path) and not force:
        with _opened(path, target_dir) as file:
            return parse_idx(file)
    if datasets_url == _FIRST_URL:
        return downloads.load_file("mnist", fname, path)
    return parse_idx(download_file(fname, target_dir=target_dir, force=force))


def train_images() -> Array:
    """The training images: uint8, (60000, 28, 28)."""
    return download_and_parse_mnist_file("train-images-idx3-ubyte.gz")


def test_images() -> Array:
    """The test images: uint8, (10000, 28, 28)."""
    return download_and_parse_mnist_file("t10k-images-idx3-ubyte.gz")


def train_labels() -> Array:
    """The labels of the training images: uint8, (60000,)."""
    return download_and_parse_mnist_file("train-labels-idx1-ubyte.gz")


def test_labels() -> Array:
    """The labels of the test images: uint8, (10000,)."""
    return download_and_parse_mnist_file("t10k-labels-idx1-ubyte.gz")


def _path(fname: str, target_dir: str | None) -> str:
    return os.path.join(target_dir or temporary_dir(), fname)


@contextlib.contextmanager
def _opened(path: str, target_dir: str | None) -> Iterator[BinaryIO]:
    """Open a file that is there; in the folder that nobody has named, only one's own."""
    with open_regular(path) as file:
        if not target_dir:
            check_file(file, os.path.dirname(path))
        yield file


def _message(error: IdxError) -> str:
    part, magic = fault(error)
    if part == "zeros":
        zeros = int.from_bytes(magic[:2], "big")
        return f"Invalid IDX file, file must start with two zero bytes. Found 0x{zeros:02x}"
    if part == "type":
        return f"Unknown data type 0x{magic[2]:02x} in IDX file"
    if part == "start" or (part == "dimensions" and isinstance(error, TruncatedError)):
        return "Invalid IDX file, file empty or does not contain a full header."
    return f"IDX file has wrong number of items. {error}"
