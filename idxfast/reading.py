"""load, loads, read_header: the order in which a file is read.

First the header is parsed. Then what it announces is held against the bytes that are there: the
size of a raw file has to agree, a gzip file has to be large enough for what DEFLATE can do, and
for what cannot tell its size memory grows as bytes arrive. Only then is an array allocated.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import raw, streams
from .arrays import allocate, as_payload, bytes_of, check_out, new_array, to_native
from .errors import IdxError, SizeError, TruncatedError
from .format import MAX_HEADER_SIZE, Header, parse
from .gzip.container import MAGIC
from .gzip.prefix import read_prefix
from .gzip.reader import MAX_RATIO, decode, spare
from .native.members import decode_member
from .native.memory import fill
from .opening import open_source
from .source import FileSource, MemorySource, Progress, Source, StreamSource
from .threads import check_threads
from .typing import BytesLike, ReadableFile

# A file of so many bytes is read at once, and decoded in one call if it is gzip and unpacks to so
# many, before its header is looked at.
SMALL = 64 << 10
SMALL_UNPACKED = 512 << 10


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
        from where it stands to its end. With fsspec installed, also a URL. Whether it is gzip is
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
    IdxError
        If the file is not a whole, undamaged IDX file; see its subclasses. The checksums of gzip
        are always verified, and nothing is allocated on the word of a header. A raw file has no
        checksum: of damage to it, only a change of the size is noticed.
    OSError
        If it cannot be opened or read.
    """
    check_threads(threads)
    if mmap_mode is not None:
        return _map(file, mmap_mode, out)
    with open_source(file, small=SMALL) as source:
        array = _read(source, _Options(out, threads, progress, max_bytes))
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
    with MemorySource(data, f"<{type(data).__name__}>") as source:
        return _read(source, _Options(out, threads, None, max_bytes))


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
            start = streams.read_start(source)
            if start[:2] != MAGIC:
                return parse(start, source.name)
            return streams.read_header(source, start)
        start = source.read(0, MAX_HEADER_SIZE)
        if start[:2] == MAGIC:
            start = read_prefix(source, MAX_HEADER_SIZE)
        return parse(start, source.name)


class _Options(NamedTuple):
    """What the caller of `load` asked for."""

    out: np.ndarray[Any, Any] | None
    threads: int | None
    progress: Progress | None
    max_bytes: int | None

    def parse(self, start: bytes, filename: str) -> Header:
        """Parse a header, and hold it against the caller's limit."""
        header = parse(start, filename)
        if self.max_bytes is not None and header.nbytes > self.max_bytes:
            raise SizeError(
                "the array is larger than max_bytes allows",
                filename=filename,
                offset=4,
                expected=f"at most {self.max_bytes:,} bytes",
                found=header.nbytes,
            )
        return header

    def destination(self, header: Header, filename: str) -> np.ndarray[Any, Any]:
        """The caller's array, if it fits, or a new one."""
        if self.out is None:
            return new_array(header, filename)
        check_out(self.out, header, filename)
        return self.out


def _read(source: Source | StreamSource, options: _Options) -> np.ndarray[Any, Any]:
    progress = options.progress
    if isinstance(source, StreamSource):
        start = streams.read_start(source)
        if start[:2] != MAGIC:
            header = options.parse(start, source.name)
            array = streams.read_payload(source, header, options.out, progress)
            return to_native(array, header)
        source = streams.read_all(source, start, options.max_bytes)
    is_small = source.size <= SMALL
    start = source.read(0, SMALL if is_small else MAX_HEADER_SIZE)
    if start[:2] != MAGIC:
        header = options.parse(start, source.name)
        raw.check_size(source, header)
        array = options.destination(header, source.name)
        raw.read_payload(source, header, array, options.threads, progress)
        return array
    content = decode_member(start, SMALL_UNPACKED) if is_small else None
    if content is not None:
        header = options.parse(content, source.name)
        if header.offset + header.nbytes == len(content):
            array = options.destination(header, source.name)
            fill(array, content, header.offset)
            if progress is not None:
                progress(len(content), len(content))
            return to_native(array, header)
    return _read_gzip(source, options)


def _read_gzip(source: Source, options: _Options) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any]
    header: Header

    def prepare(prefix: bytes) -> tuple[memoryview, int, int]:
        nonlocal array, header
        header = options.parse(prefix, source.name)
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
        if options.out is not None:
            array = options.destination(header, source.name)
            return bytes_of(array), header.offset, total
        nbytes = header.nbytes + spare(source, total)
        memory = allocate(nbytes, source.name, before=header.offset)
        array = as_payload(memory, header, header.offset)
        return memoryview(memory), 0, total

    decode(source, prepare, options.threads, options.progress)
    return to_native(array, header)


def _map(file: ReadableFile, mode: str, out: object) -> np.ndarray[Any, Any]:
    raw.check_mode(mode)
    if out is not None:
        raise ValueError("mmap_mode makes no copy of the data that out= could take")
    with open_source(file, "r+b" if mode == "r+" else "rb") as source:
        if not isinstance(source, FileSource):
            raise _unmappable(source.name, "something else")
        start = source.read(0, MAX_HEADER_SIZE)
        if start[:2] == MAGIC:
            raise _unmappable(source.name, "a gzip file: load it, or unpack it first")
        return raw.map_payload(source, parse(start, source.name), mode)


def _unmappable(filename: str, found: str) -> IdxError:
    return IdxError(
        "only a raw file on disk can be mapped",
        filename=filename,
        offset=0,
        expected="a raw IDX file",
        found=found,
    )
