"""load, loads, read_header: the order in which a file is read.

First the header is parsed. Then what it announces is held against the bytes that are there: the
size of a raw file has to agree, a gzip file has to be large enough for what DEFLATE can do, and
for what cannot tell its size memory grows as bytes arrive. Only then is an array allocated.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import allocate, as_payload, check_out
from .cores import choose_threads
from .errors import FormatError, TrailingDataError, TruncatedError
from .format import MAX_HEADER_SIZE, Header, parse, swapped_hint
from .gzip.container import MAGIC
from .gzip.inflate import read_prefix
from .gzip.reader import MAX_RATIO, decode
from .gzip.team import Progress
from .native.members import decode_member
from .native.memory import swap
from .source import FileSource, MemorySource, Source, StreamSource, open_source

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .source import File

# A raw file is read so much at a time, so that bytes are swapped while they are in cache.
CHUNK = 512 << 10
# A file of so many bytes is read at once, and decoded in one call if it is gzip and unpacks to so
# many, before its header is looked at.
SMALL = 64 << 10
SMALL_UNPACKED = 512 << 10
# The first guess of the size of what cannot tell it.
FIRST_GUESS = 1 << 20

_ACCESS = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY, "r+": mmap.ACCESS_WRITE}


def load(
    file: File,
    *,
    out: np.ndarray[Any, Any] | None = None,
    mmap_mode: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray[Any, Any]:
    """Read an IDX file, raw or gzip, into an array.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path, a descriptor, the content of a file, or a file open for reading, which is read
        from where it stands to its end. With fsspec installed, also a URL. Whether it is gzip is
        seen from its content, whatever its name.
    out : ndarray, optional
        Where to put the data: a writable, C-contiguous array of the file's shape and dtype (in
        native byte order). After an error its content is undefined.
    mmap_mode : {"r", "c", "r+"}, optional
        Map a raw file instead of reading it: for reading, copy-on-write, or for writing to the
        file. The payload is not touched. The array is in the file's byte order, big-endian, and
        its ``base`` is the mapping. If another process shortens a mapped file, the system kills
        the reader; without `mmap_mode` nothing is ever mapped.
    threads : int, optional
        The most threads to use. Today one is used.
    progress : callable, optional
        Called as ``progress(done, total)`` with bytes of the unpacked file, header included.

    Returns
    -------
    ndarray
        Of the file's shape and type, C-contiguous, writable, 64-byte aligned, in native byte
        order; or `out`.

    Raises
    ------
    IdxError
        If the file is not a whole, undamaged IDX file; see its subclasses. The checksums of gzip
        are always verified, and nothing is allocated on the word of a header. A raw file has no
        checksum: of damage to it, only a change of the size is noticed.
    OSError
        If it cannot be opened or read.
    """
    threads = choose_threads(threads)
    if mmap_mode is not None:
        return _map(file, mmap_mode, out)
    with open_source(file, small=SMALL) as source:
        array = _read(source, out, threads, progress)
        if not isinstance(source, StreamSource):
            source.consume()
        return array


def loads(
    data: Buffer, *, out: np.ndarray[Any, Any] | None = None, threads: int | None = None
) -> np.ndarray[Any, Any]:
    """Read the content of an IDX file, raw or gzip, from memory.

    Parameters
    ----------
    data : bytes-like
        All of the file.
    out, threads
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
    threads = choose_threads(threads)
    with MemorySource(data, f"<{type(data).__name__}>") as source:
        return _read(source, out, threads, None)


def read_header(file: File) -> Header:
    """Read the dtype and shape of an IDX file, raw or gzip, without its payload.

    Parameters
    ----------
    file
        As for `load`. A file object that knows its size is left where it stands.

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
            start = _read_start(source)
            if start[:2] != MAGIC:
                return parse(start, source.name)
            source = _in_memory(source, start)
        start = source.read(0, MAX_HEADER_SIZE)
        if start[:2] == MAGIC:
            start = read_prefix(source, MAX_HEADER_SIZE)
        return parse(start, source.name)


def _read(
    source: Source | StreamSource,
    out: np.ndarray[Any, Any] | None,
    threads: int,
    progress: Progress | None,
) -> np.ndarray[Any, Any]:
    if isinstance(source, StreamSource):
        start = _read_start(source)
        if start[:2] != MAGIC:
            return _read_stream(source, parse(start, source.name), out, progress)
        source = _in_memory(source, start)
    start = source.read(0, SMALL if source.size <= SMALL else MAX_HEADER_SIZE)
    if start[:2] != MAGIC:
        return _read_raw(source, parse(start, source.name), out, progress)
    if source.size <= SMALL:
        content = decode_member(start, SMALL_UNPACKED)
        if content is not None:
            header = parse(content, source.name)
            if header.offset + header.nbytes == len(content):
                array, data = _destination(header, out, source.name)
                data[:] = memoryview(content)[header.offset :]
                if progress is not None:
                    progress(len(content), len(content))
                return _to_native(array, header)
    return _read_gzip(source, out, threads, progress)


def _read_gzip(
    source: Source,
    out: np.ndarray[Any, Any] | None,
    threads: int,
    progress: Progress | None,
) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any]
    header: Header

    def prepare(prefix: bytes) -> tuple[memoryview, int]:
        nonlocal array, header
        header = parse(prefix, source.name)
        total = header.offset + header.nbytes
        if total > MAX_RATIO * source.size:
            raise TruncatedError(
                f"the header announces {header.nbytes:,} bytes, more than "
                f"{source.size:,} compressed bytes can hold",
                filename=source.name,
                offset=source.size,
                expected=total,
                found=f"at most {MAX_RATIO * source.size:,}",
            )
        if out is not None:
            check_out(out, header, source.name)
            array = out
            return _bytes_of(out), header.offset
        memory = allocate(header.nbytes, source.name, before=header.offset)
        array = as_payload(memory, header, header.offset)
        return memoryview(memory), 0

    decode(source, prepare, threads, progress)
    return _to_native(array, header)


def _read_raw(
    source: Source, header: Header, out: np.ndarray[Any, Any] | None, progress: Progress | None
) -> np.ndarray[Any, Any]:
    _check_size(source, header)
    array, data = _destination(header, out, source.name)
    swapped = array.dtype != header.dtype
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        count = source.read_into(chunk, header.offset + start)
        if count < len(chunk):
            raise _truncated(source.name, header, start + count)
        if swapped:
            swap(chunk, array.itemsize)
        if progress is not None:
            progress(header.offset + start + count, source.size)
    return array


def _read_stream(
    source: StreamSource,
    header: Header,
    out: np.ndarray[Any, Any] | None,
    progress: Progress | None,
) -> np.ndarray[Any, Any]:
    if out is None:
        memory = _read_growing(source, header.nbytes)
        count = len(memory)
    else:
        count = source.read_into(_destination(header, out, source.name)[1])
    if count < header.nbytes:
        raise _truncated(source.name, header, count)
    if source.read_into(memoryview(bytearray(1))):
        raise TrailingDataError(
            "more bytes follow the payload",
            filename=source.name,
            offset=header.offset + count,
            expected="the end of the file",
            found="more",
        )
    if progress is not None:
        progress(header.offset + count, header.offset + count)
    return _to_native(as_payload(memory, header, 0) if out is None else out, header)


def _map(file: File, mode: str, out: object) -> np.ndarray[Any, Any]:
    if mode not in _ACCESS:
        raise ValueError(f"mmap_mode is {mode!r}, not 'r', 'c' or 'r+'")
    if out is not None:
        raise ValueError("mmap_mode makes no copy of the data that out= could take")
    with open_source(file, "r+b" if mode == "r+" else "rb") as source:
        if not isinstance(source, FileSource):
            raise _unmappable(source.name, "something else")
        start = source.read(0, MAX_HEADER_SIZE)
        if start[:2] == MAGIC:
            raise _unmappable(source.name, "a gzip file: load it, or unpack it first")
        header = parse(start, source.name)
        _check_size(source, header)
        mapping, offset = source.map(_ACCESS[mode])
        return np.ndarray(header.shape, header.dtype, mapping, offset + header.offset)


def _read_start(source: StreamSource) -> bytes:
    """The header of a raw stream, as far as it is there, or the first 4 bytes of anything else."""
    start = bytearray(4)
    del start[source.read_into(memoryview(start)) :]
    if len(start) == 4 and start[:2] == b"\0\0":
        dimensions = bytearray(4 * start[3])
        start += dimensions[: source.read_into(memoryview(dimensions))]
    return bytes(start)


def _read_growing(
    source: StreamSource, limit: int | None = None, start: bytes = b""
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """`start` and what follows it, up to a limit; memory grows only as bytes arrive."""
    memory = allocate(FIRST_GUESS if limit is None else min(limit, FIRST_GUESS), source.name)
    memory[: len(start)] = memoryview(start)
    filled = len(start)
    while True:
        filled += source.read_into(memoryview(memory)[filled:])
        if filled < len(memory) or filled == limit:
            return memory[:filled]
        size = 2 * filled if limit is None else min(2 * filled, limit)
        larger = allocate(size, source.name)
        larger[:filled] = memory
        memory = larger


def _in_memory(source: StreamSource, start: bytes) -> MemorySource:
    """All of a compressed stream; `start` has been read already."""
    return MemorySource(_read_growing(source, None, start), source.name)


def _destination(
    header: Header, out: np.ndarray[Any, Any] | None, filename: str
) -> tuple[np.ndarray[Any, Any], memoryview]:
    """`out`, if it fits, or a new array; and its bytes."""
    if out is None:
        memory = allocate(header.nbytes, filename)
        return as_payload(memory, header, 0), memoryview(memory)
    check_out(out, header, filename)
    return out, _bytes_of(out)


def _bytes_of(array: np.ndarray[Any, Any]) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8))


def _to_native(array: np.ndarray[Any, Any], header: Header) -> np.ndarray[Any, Any]:
    """Swap the bytes of data that were read as they stand in the file, if they need it."""
    if array.dtype != header.dtype:
        swap(_bytes_of(array), array.itemsize)
    return array


def _check_size(source: Source, header: Header) -> None:
    """Hold what the header of a raw file announces against the size of the file."""
    total = header.offset + header.nbytes
    if source.size < total:
        raise _truncated(source.name, header, source.size - header.offset)
    if source.size > total:
        raise TrailingDataError(
            f"{source.size - total:,} bytes follow the payload"
            + swapped_hint(header, source.size - header.offset),
            filename=source.name,
            offset=total,
            expected=total,
            found=source.size,
        )


def _truncated(filename: str, header: Header, count: int) -> TruncatedError:
    return TruncatedError(
        f"the payload ends at byte {count:,} of {header.nbytes:,}; "
        "the file is truncated or still downloading" + swapped_hint(header, count),
        filename=filename,
        offset=header.offset + count,
        expected=header.offset + header.nbytes,
        found=header.offset + count,
    )


def _unmappable(filename: str, found: str) -> FormatError:
    return FormatError(
        "only a raw file on disk can be mapped",
        filename=filename,
        offset=0,
        expected="a raw IDX file",
        found=found,
    )
