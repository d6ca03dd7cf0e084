"""In place of mnist (datapythonista's): ``import idxfast.compat.mnist as mnist``.

What differs:

- gzip, xz and bzip2 files are recognised by their content, whatever their names say.
- The initial value of `datasets_url` is the address of a server that no longer offers MNIST. Unless
  this value is changed, files come from the mirrors that `idxfast.datasets.fetch` uses, and are
  verified.
- By default, files are in the system's folder for temporary files, which all users share. A file
  there that is not this user's own is a PermissionError.
- A failed download leaves no file that would be taken for MNIST the next time. If a script has put
  a function of its own in place of `urlretrieve`, it is called as by the original, with the URL and
  the path, and nothing is verified.
- Whatever is wrong with an IDX file is an `IdxDecodeError`, never an error of struct or reduce. If
  compressed data are damaged or cut short, the error is an `idxfast.IdxError`, which is a
  ValueError, too; for damaged gzip data it is also an OSError, and for gzip data that are cut short
  an EOFError.
- Files without dimensions are read. The cause of an error tells how many bytes are missing or
  superfluous.

If nothing has been read from a file that `gzip.open` has opened, the file beneath is decoded, and
the gzip file is left at its start.
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
from ..storage import outputs
from ..storage.regular import open_regular
from ._shared import downloads, files
from ._shared.files import Array
from ._shared.magic import wrong_magic
from ._shared.ownership import check_file

__all__ = [
    "IdxDecodeError",
    "datasets_url",
    "download_and_parse_mnist_file",
    "download_file",
    "parse_idx",
    "temporary_dir",
    "test_images",
    "test_labels",
    "train_images",
    "train_labels",
]

__version__ = "0.2.2"

_urlretrieve = urlretrieve
_CHUNK = 1 << 20
_FIRST_URL = "http://yann.lecun.com/exdb/mnist/"
datasets_url = _FIRST_URL
"""The address to download files from. Scripts may set it."""

temporary_dir = tempfile.gettempdir
"""Returns the folder for files if no other is named. Scripts may replace it."""


class IdxDecodeError(ValueError):
    """Not a whole IDX file. The cause is an `idxfast.IdxError` with the place."""


def download_file(fname: str, target_dir: str | None = None, force: bool = False) -> str:
    """The path of a file of MNIST, which is downloaded if it is missing.

    Parameters
    ----------
    fname : str
    target_dir : str, optional
        By default `temporary_dir()`.
    force : bool, optional
        Download the file even if it is there. With the initial `datasets_url`, a published file
        that is there is kept.

    Raises
    ------
    OSError
        If MNIST has no such file, or it cannot be downloaded.
    PermissionError
        If the default folder is open to others, and the file in it is not this user's own.
    """
    path = _path(fname, target_dir)
    if os.path.isfile(path) and not force:
        with _opened(path, target_dir):
            return path
    if urlretrieve is not _urlretrieve:
        urlretrieve(urljoin(datasets_url, fname), path)
        return path
    if datasets_url == _FIRST_URL:
        downloads.download_file("mnist", fname, path)
        return path
    with tempfile.TemporaryDirectory() as own:
        partial = os.path.join(own, "partial")
        urlretrieve(urljoin(datasets_url, fname), partial)
        with open(partial, "rb") as file:
            # Written to a new file first: another process may be downloading to the same path.
            outputs.write(path, iter(functools.partial(file.read, _CHUNK), b""))
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
    IdxError
        If it is compressed, and the compressed data are damaged or cut short.
    """
    try:
        return files.load(fd)
    except IdxError as error:
        if error.part == "container":
            raise
        raise IdxDecodeError(_message(error)) from error


def download_and_parse_mnist_file(
    fname: str, target_dir: str | None = None, force: bool = False
) -> Array:
    """Read a file of MNIST, which is downloaded if it is missing, as by `download_file`."""
    path = _path(fname, target_dir)
    if os.path.isfile(path) and not force:
        with _opened(path, target_dir) as file:
            return parse_idx(file)
    if datasets_url == _FIRST_URL and urlretrieve is _urlretrieve:
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
    """Open a file that is there. In the default folder, it must be this user's own."""
    with open_regular(path) as file:
        if not target_dir:
            check_file(file, os.path.dirname(path))
        yield file


def _message(error: IdxError) -> str:
    """The original's message, with ours after it where the original states numbers of bytes."""
    magic = wrong_magic(error)
    if magic and error.part == "type":
        return f"Unknown data type 0x{magic[2]:02x} in IDX file"
    if magic:
        zeros = int.from_bytes(magic[:2], "big")
        return f"Invalid IDX file, file must start with two zero bytes. Found 0x{zeros:02x}"
    is_cut_short = isinstance(error, TruncatedError) and error.part == "dimensions"
    if error.part in ("start", "type") or is_cut_short:
        return "Invalid IDX file, file empty or does not contain a full header."
    return f"IDX file has wrong number of items. {error}"
