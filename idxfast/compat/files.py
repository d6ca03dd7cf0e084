"""What the modules beside this one share: local files, and what is wrong with one."""

from __future__ import annotations

import contextlib
import errno
import gzip
import math
import os
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import reading
from ..directory import check_counts
from ..errors import FormatError, GzipError, IdxError, TrailingDataError, TruncatedError

Array = np.ndarray[Any, Any]

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
EMNIST = "gzip.zip"

# What zipfile raises, depending on which byte of a file is wrong; NotImplementedError is one, too.
# It has imported the decompressors that this Python has.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError),
    getattr(sys.modules.get("lzma"), "LZMAError", zlib.error),
    getattr(sys.modules.get("compression.zstd"), "ZstdError", zlib.error),
)


def load(file: Any) -> Array:
    """Load an IDX file as `idxfast.load` does, through a file of the gzip module if need be.

    Of what `gzip.open` gave, and nobody has read from yet, the file beneath is loaded, which is
    several times as fast. Afterwards it stands at its start again, not at its end.
    """
    unread = type(file) is gzip.GzipFile and file.readable() and not file.tell()
    beneath: Any = getattr(file, "fileobj", None) if unread else None
    # gzip reads whatever has read, and ahead: where the file beneath stands tells whether it has
    # begun.
    if not getattr(beneath, "seekable", bool)() or beneath.tell():
        return reading.load(file)
    try:
        return reading.load(beneath)
    finally:
        beneath.seek(0)


def big_endian(array: Array) -> Array:
    """The same values, in the same memory, in the byte order of IDX files."""
    if array.itemsize > 1 and sys.byteorder == "little":
        return array.byteswap(inplace=True).view(array.dtype.newbyteorder(">"))
    return array


def flat(images: Array) -> Array:
    """Images as rows of pixels."""
    return images.reshape(len(images), math.prod(images.shape[1:]))


def load_pair(images: Any, labels: Any) -> tuple[Array, Array]:
    """Load images, uint8 of three dimensions, and as many labels, uint8 of one.

    Raises
    ------
    FormatError
        If a file holds something else.
    IdxError
        If their numbers differ, or a file is damaged.
    """
    pair = load_typed(images, "images", 3), load_typed(labels, "labels", 1)
    check_counts(*pair, _name_of(labels))
    return pair


def load_typed(file: Any, what: Literal["images", "labels"], ndim: int) -> Array:
    """Load a file of uint8 that has to have so many dimensions."""
    array = load(file)
    if array.dtype != np.uint8 or array.ndim != ndim:
        raise FormatError(
            f"not a file of {what}",
            filename=_name_of(file),
            offset=2,
            expected=f"uint8 of {ndim} dimensions",
            found=f"{array.dtype.name} of {array.ndim}",
        )
    return array


def _name_of(file: Any) -> str:
    if isinstance(file, (str, os.PathLike)):
        return os.fsdecode(file)
    return str(getattr(file, "name", file))


def path_of(
    directory: str | os.PathLike[str], name: str, suffixes: tuple[str, ...] = ("", ".gz")
) -> str | None:
    """The path of a file, or of the same file packed, if it is there."""
    for suffix in suffixes:
        path = os.path.join(directory, name + suffix)
        if os.path.isfile(path):
            return path
    return None


def load_four(directory: str) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Load the training and the test pair of a folder that holds the four files of MNIST."""
    (train_images, train_labels), (test_images, test_labels) = (
        [path_of(directory, name) or os.path.join(directory, name) for name in pair]
        for pair in (TRAIN, TEST)
    )
    return load_pair(train_images, train_labels), load_pair(test_images, test_labels)


def find_or_fetch(name: str, directory: str | os.PathLike[str] | None) -> str:
    """The folder that holds the four files of a published set.

    Parameters
    ----------
    name : str
        The set, as `idxfast.datasets` calls it.
    directory : str or PathLike, optional
        If it holds the files, it is the answer and nothing else is looked at. If not, this is
        where they are downloaded to.
    """
    if directory is not None and all(path_of(directory, file) for file in TRAIN + TEST):
        return os.fspath(directory)
    return download(name, directory)


def download(name: str, directory: str | os.PathLike[str] | None) -> str:
    """The folder that a published set has been downloaded to."""
    from ..datasets import fetch  # type: ignore[attr-defined, unused-ignore]

    return os.fsdecode(fetch(name, directory))


def download_file(name: str, filename: str, path: str) -> None:
    """Have one file of a published set at a path: another file that stands there is replaced."""
    from ..datasets import fetching

    fetching.fetch_file(name, filename, path)


def download_emnist(path: str) -> None:
    """Have EMNIST's zip file at a path."""
    # Each of its sets names it.
    download_file("emnist-digits", EMNIST, path)


@contextlib.contextmanager
def open_zip(path: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; one that is damaged, as far as it is read, is an IdxError."""
    try:
        with zipfile.ZipFile(path) as opened:
            yield opened
    except (*_ZIP_ERRORS, OSError) as error:
        # zipfile seeks to wherever a damaged file says, even before its start.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise IdxError(f"the zip file cannot be read: {error}", filename=path) from error


def load_member(archive: str, member: str) -> Array:
    """Load an IDX file out of a zip file, like EMNIST's gzip.zip."""
    with open_zip(archive) as opened:
        content = opened.read(member)
    return reading.loads(content)


class Fault(NamedTuple):
    """Which part of a file is wrong, and the four bytes that it starts with, if it is these."""

    part: Literal["start", "zeros", "type", "dimensions", "payload", "end", "gzip"]
    magic: bytes = b""


def fault(error: IdxError) -> Fault:
    """Find which part of a file an error is about, for loaders with a message for each.

    The part "gzip" is what holds the others: the container, damaged or cut short.
    """
    if isinstance(error, GzipError):
        return Fault("gzip")
    if isinstance(error, FormatError) and isinstance(error.found, str):
        magic = bytes.fromhex(error.found)
        if len(magic) < 4:
            return Fault("start")
        return Fault("type" if magic[:2] == b"\0\0" else "zeros", magic)
    if not isinstance(error, TruncatedError):
        return Fault("end" if isinstance(error, TrailingDataError) else "dimensions")
    if error.reason.startswith("IDX header"):
        return Fault("start" if (error.offset or 0) < 4 else "dimensions")
    if error.reason.startswith("the payload"):
        return Fault("payload")
    return Fault("start" if error.found == "nothing" else "gzip")
