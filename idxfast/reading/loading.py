"""load, loads, read_header: the order in which a file is read.

First the header is parsed. Then what it announces is held against the bytes that are there: the
size of a raw file has to agree, a gzip file has to be large enough for what DEFLATE can do, and
for what cannot tell its size memory grows as bytes arrive. Only then is an array allocated.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..containers import gzip, raw, stream
from ..containers.arrays import to_native
from ..containers.request import Request
from ..format import MAX_HEADER_SIZE, Header, parse
from ..gzip.container import MAGIC
from ..storage.opening import open_bytes, open_source
from ..storage.source import Progress, Source, StreamSource
from ..threads.count import check_threads
from ..typing import BytesLike, ReadableFile
from .mapping import map_file

# A file of so many bytes is read at once.
SMALL = 64 << 10


def load(
    file: ReadableFile,
    *,
    out: np.ndarray[Any, Any] | None = None,
    mmap_mode: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_bytes: int | None = None,
) -> np.ndarray[Any, Any]:
    """Read an IDX file, raw or gzip, into an array.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path, a descriptor, the content of a file, or a file open for reading, which is read
        from where it stands to its end. With fsspec installed, also a URL. Bytes are always
        content, never a path: `os.fsdecode` makes a str of a path in bytes. Whether it is gzip is
        seen from its content, whatever its name.
    out : ndarray, optional
        Where to put the data: a writable, C-contiguous array of the file's shape and dtype (in
        native byte order). After an error its content is undefined.
    mmap_mode : {"r", "c", "r+"}, optional
        Map a raw file instead of reading it: for reading, copy-on-write, or for writing to the
        file. The payload is not touched. The array is in the file's byte order, big-endian; the
        mapping, an `mmap.mmap`, lives as long as it. If another process shortens a mapped file,
        the system kills the reader; without `mmap_mode` nothing is ever mapped.
    threads : int, optional
        The most threads to use; if not given, one for each core that the process may use, 8 at the
        most. Small files are read on one. The result, or the error, is the same with any number.
    progress : callable, optional
        Called as ``progress(done, total)`` with bytes of the unpacked file, header included, always
        in the thread that called `load`. What it raises ends the reading.
    max_bytes : int, optional
        The most bytes that the array may take, for services that read files of others; a larger
        one is a `SizeError`. If not given, the file's own size is the limit, for gzip 1,032 times
        that. Of gzip from a pipe, or from an object that is read in order, little more than so many
        compressed bytes are read: an array in very many small members may be refused although it
        would fit. With `mmap_mode` it is ignored, for a mapping takes no memory.

    Returns
    -------
    ndarray
        Of the file's shape and type, C-contiguous, writable, 64-byte aligned, in native byte
        order; or `out`.

    Raises
    ------
    ValueError, TypeError
        If an option is none, or does not go with another; TypeError, too, if `file` is nothing to
        read from, or `out` no array.
    IdxError
        If the file is not a whole, undamaged IDX file; see its subclasses. The checksums of gzip
        are always verified, and nothing is allocated on the word of a header. A raw file has no
        checksum: of damage to it, only a change of the size is noticed.
    OSError
        If it cannot be opened or read.
    """
    check_threads(threads)
    if mmap_mode is not None:
        if out is not None:
            raise ValueError("mmap_mode makes no copy of the data that out= could take")
        return map_file(file, mmap_mode)
    max_bytes = _checked_limit(max_bytes)
    with open_source(file, small=SMALL) as source:
        array = _read(source, Request(out, threads, progress, max_bytes))
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
    """Read the content of an IDX file, raw or gzip, from memory.

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
    check_threads(threads)
    max_bytes = _checked_limit(max_bytes)
    with open_bytes(data, f"<{type(data).__name__}>") as source:
        return _read(source, Request(out, threads, None, max_bytes))


def read_header(file: ReadableFile) -> Header:
    """Read the dtype and shape of an IDX file, raw or gzip, without its payload.

    Parameters
    ----------
    file
        As for `load`. A file object that knows its size is left where it stands; of another one,
        or a URL, no more is read than the header, or, if compressed, the few KB that hold it.

    Returns
    -------
    Header
        With `dtype` in the file's byte order, big-endian, and `shape`. Whether the payload is
        there and whole is not looked at.

    Raises
    ------
    IdxError
        If it does not start with an IDX header, raw or inside gzip.
    OSError
        If it cannot be opened or read.
    """
    with open_source(file) as source:
        if isinstance(source, StreamSource):
            start = stream.read_start(source)
            if start[:2] != MAGIC:
                return parse(start, source.name)
            return stream.read_header(source, start)
        start = source.read(0, MAX_HEADER_SIZE)
        return gzip.read_header(source) if start[:2] == MAGIC else parse(start, source.name)


def _checked_limit(max_bytes: int | None) -> int | None:
    limit = None if max_bytes is None else operator.index(max_bytes)
    if limit is not None and limit < 0:
        raise ValueError(f"max_bytes is {limit}, not 0 or more")
    return limit


def _read(source: Source | StreamSource, request: Request) -> np.ndarray[Any, Any]:
    if isinstance(source, StreamSource):
        start = stream.read_start(source)
        if start[:2] != MAGIC:
            header = request.parse(start, source.name)
            array = stream.read_payload(source, header, request.out, request.progress)
            return to_native(array, header)
        source = stream.read_all(source, start, request.max_bytes)
    is_small = source.size <= SMALL
    start = source.read(0, SMALL if is_small else MAX_HEADER_SIZE)
    if start[:2] == MAGIC:
        small = gzip.read_small(start, source.name, request) if is_small else None
        return gzip.read(source, request) if small is None else small
    header = request.parse(start, source.name)
    raw.check_size(source, header)
    array = request.destination(header, source.name)
    raw.read_payload(source, header, array, request.threads, request.progress)
    return array
