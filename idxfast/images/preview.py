"""What a notebook shows of an `IdxFile`: its first images."""

from __future__ import annotations

import math
import os
from typing import Any, Protocol

import numpy as np

from ..containers.packed import unpacked_start
from ..format import Header, parse
from ..storage.regular import open_regular
from .html import element, join
from .showing import grid

# The most bytes of images that are read, and the most images.
_MAX_BYTES = 64 << 10
_COUNT = 20
# Containers from which a part can be read alone. The first read of others verifies the whole file.
_IN_PARTS = ("raw", "memory", "seekable gzip")
_PACKED = ("gzip", "xz", "bzip2", "Zstandard")


class File(Protocol):
    """What is needed of an `IdxFile`, whose own module this one cannot import."""

    name: str
    container: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def read(self, start: int, stop: int, /) -> np.ndarray[Any, Any]: ...


def preview(file: File) -> str | None:
    """The first images of a file as HTML, and its description.

    Parameters
    ----------
    file : IdxFile

    Returns
    -------
    str or None
        None if the file holds no images, or its images are too large, or it would have to be read
        whole.

    Raises
    ------
    Exception
        Whatever reading a file can raise, or ImportError if Pillow is not installed.
    """
    size = math.prod(file.shape[1:]) * file.dtype.itemsize
    if len(file.shape) < 3 or not file.shape[0] or not 0 < size <= _MAX_BYTES:
        return None
    images = _read(file, min(_COUNT, file.shape[0], _MAX_BYTES // size))
    if images is None:
        return None
    captions = [str(number) for number in range(len(images))]
    return join(element("p", repr(file)), grid(images, captions, file.shape[0]))


def _read(file: File, count: int) -> np.ndarray[Any, Any] | None:
    """The first images, if they can be had without the rest."""
    if file.container in _IN_PARTS:
        return file.read(0, count)
    if file.container not in _PACKED or not os.path.isfile(file.name):
        return None
    with open_regular(file.name) as opened:
        header = Header(file.dtype, file.shape)
        first = Header(file.dtype, (count, *file.shape[1:]))
        start = unpacked_start(opened, header.offset + first.nbytes)
    found = parse(start, file.name)
    if found.shape != file.shape or found.dtype.newbyteorder("=") != file.dtype:
        return None
    payload = np.frombuffer(start, found.dtype, math.prod(first.shape), header.offset)
    return payload.reshape(first.shape).astype(file.dtype)
