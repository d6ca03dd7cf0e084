"""load, loads, read_header: the order in which a file is read.

First the header is parsed. Then its claim is compared with the bytes that are there: the size of a
raw file has to agree, and a gzip file has to be large enough for the array at the highest ratio
that DEFLATE can reach. Only then is an array allocated. For everything else, memory grows as bytes
arrive.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..containers import recognise
from ..containers.gzip import SMALL
from ..containers.request import Request
from ..format import Header
from ..storage.inputs import open_bytes, open_source
from ..storage.source import Progress, StreamSource
from ..threads.count import check_threads
from ..typing import BytesLike, ReadableFile
from .mapping import map_file


def load(
    file: ReadableFile,
    *,
    out: np.ndarray[Any, Any] | None = None,
    mmap_mode: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_bytes: int | None = None,
) -> np.ndarray[Any, Any]:
    """Read an IDX file into an array: raw, gzip, xz or bzip2.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path, a descriptor, the content of a file, or a file open for reading, which is read
        from its current position to its end. With fsspec installed, also a URL. Bytes are always
        content, never a path: `os.fsdecode` makes a str of a path in bytes. The container is
        recognised by the file's content, whatever its name.
    out : ndarray, optional
        Where to put the data: a writable, C-contiguous array of the file's shape and dtype (in
        native byte order), not in the memory that `file` is read from. After an error its content
        is undefined.
    mmap_mode : {"r", "c", "r+"}, optional
        Map a raw file instead of reading it: for reading, copy-on-write, or for writing to the
        file. The payload is not touched. The array is in the file's byte order, big-endian. The
        mapping, an `mmap.mmap`, lives as long as the array. The system kills the reader if
        another process shortens a mapped file; without `mmap_mode` nothing is ever mapped.
    threads : int, optional
        The most threads to use; if not given, one for each core that the process may use, at most
        8. Small files, xz and bzip2 are read on one thread. The result, or the error, is the same
        with any number.
    progress : callable, optional
        Called as ``progress(done, total)`` with bytes of the unpacked file, header included, always
        in the thread that called `load`. An exception from it ends the reading.
    max_bytes : int, optional
        The most bytes that the array may take, for services that read other people's files; a
        larger array is a `SizeError`. If not given, a raw file can take no more than its own size,
        and a gzip file no more than 1,032 times its size, but an xz or bzip2 file may unpack to
        many thousand times its size. Unpacking itself may take another 128 MiB for xz, because
        the file says how much memory it needs; a file that needs more is refused. If gzip comes
        from a pipe, or from an object that is read in order, little more than `max_bytes`
        compressed bytes are read: an array in very many small members may be refused although it
        would fit. `mmap_mode` ignores the limit, because a mapping takes no memory.

    Returns
    -------
    ndarray
        Of the file's shape and type, C-contiguous, writable, 64-byte aligned, in native byte
        order; or `out`.

    Raises
    ------
    ValueError, TypeError
        If an option is invalid or conflicts with another. Also a TypeError if `file` cannot be read
        from, or `out` is no array.
    IdxError
        If the file is not a whole, undamaged IDX file; see its subclasses. All checksums of gzip,
        xz and bzip2 are verified, and nothing is allocated on the word of a header. A raw file has
        no checksum: only a change of its size is noticed. An xz file may be made without a
        checksum, too.
    OSError
        If the file cannot be opened or read.
    """
    if threads is not None:
        check_threads(threads)
    if mmap_mode is not None:
        if out is not None:
            raise ValueError("mmap_mode and out= conflict: a mapping makes no copy of the data")
        return map_file(file, mmap_mode)
    if max_bytes is not None:
        max_bytes = _checked_limit(max_bytes)
    with open_source(file, small=SMALL) as source:
        array = recognise.read(source, Request(out, threads, progress, max_bytes))
        if not isinstance(source, StreamSource):
            source.consume()
        return array


def loads(
    data: BytesLike,
    *,
    out: np.ndarray[Any, Any] | None = None,
    threads: int | None = None,
    max_bytes: int | None = None,
) -> np.ndarray[Any, Any]:
    """Read the content of an IDX file from memory: raw, gzip, xz or bzip2.

    Parameters
    ----------
    data : bytes-like
        All of the file.
    out, threads, max_bytes
        As for `load`.

    Returns
    -------
    ndarray
        As `load` does; never a view of `data`.

    Raises
    ------
    IdxError
        As `load` does.
    """
    if threads is not None:
        check_threads(threads)
    if max_bytes is not None:
        max_bytes = _checked_limit(max_bytes)
    with open_bytes(data, f"<{type(data).__name__}>") as source:
        return recognise.read(source, Request(out, threads, None, max_bytes))


def read_header(file: ReadableFile) -> Header:
    """Read the dtype and shape of an IDX file without its payload: raw, gzip, xz or bzip2.

    Parameters
    ----------
    file
        As for `load`. A file object that knows its size keeps its position. Of any other
        object, or a URL, no more is read than the header or, if compressed, the few KB that hold
        it; bzip2 may need its first block, up to 900 KB.

    Returns
    -------
    Header
        With `dtype` in the file's byte order, big-endian, and `shape`. Whether the payload is
        whole is not checked.

    Raises
    ------
    IdxError
        If the unpacked file does not start with an IDX header.
    OSError
        If the file cannot be opened or read.
    """
    with open_source(file) as source:
        return recognise.read_header(source)


def _checked_limit(max_bytes: int) -> int:
    limit = operator.index(max_bytes)
    if limit < 0:
        raise ValueError(f"max_bytes is {limit}, not 0 or more")
    return limit
