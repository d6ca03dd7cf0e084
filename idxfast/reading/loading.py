"""load, loads, read_header: the order in which a file is read.

First the header is parsed. Then its claim is compared with the bytes that are there: the size of a
raw file has to agree, and a gzip file has to be large enough for the array at the highest ratio
that DEFLATE can reach. Only then is an array allocated. For everything else, memory grows as bytes
arrive.
"""

from __future__ import annotations

import operator
from typing import Any, SupportsIndex

import numpy as np

from ..containers import recognise
from ..containers.gzip import SMALL
from ..containers.part import find_part
from ..containers.request import Request
from ..containers.stated import state
from ..format import Header
from ..storage.inputs import open_bytes, open_source
from ..storage.source import FileSource, Progress
from ..threads.count import check_threads
from ..typing import BytesLike, ReadableFile
from .mapping import map_file


def load(
    file: ReadableFile,
    *,
    start: SupportsIndex | None = None,
    stop: SupportsIndex | None = None,
    out: np.ndarray[Any, Any] | None = None,
    mmap_mode: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_bytes: int | None = None,
    header: Header | None = None,
    offset: int | None = None,
) -> np.ndarray[Any, Any]:
    """Read an IDX file, or some of its rows, into an array.

    The file may be raw, gzip, xz or bzip2, or in a zip or tar file.

    Parameters
    ----------
    file : str, PathLike, int, bytes-like or binary file object
        A path, a descriptor, the content of a file, or a file open for reading, which is read
        from its current position to its end. With fsspec installed, also any URL that fsspec
        knows, including chained ones. Bytes are always content, never a path: `os.fsdecode` makes
        a str of a path in bytes. The container is recognised by the file's content, whatever its
        name. From Python 3.14 on, Zstandard files are read as xz and bzip2 files are. If a zip or
        tar file holds several IDX files, ``"zip://name::file.zip"`` or ``"tar://name::file.tar"``
        names one. Local archives do not need fsspec. A tar file may be compressed. An archive from
        a pipe is read into memory as a whole. From a pipe, a tar file should be in gzip: a raw one
        is recognised only if its first 262 bytes have arrived. If a pipe or another stream is
        refused, up to 64 MiB more may be read to find an explanation.
    start, stop : int, optional
        Read only ``array[start:stop]``, the elements along the first axis from `start` to before
        `stop`. All of them have to exist. To read several parts of a file, use `open`. Of a raw
        file, only this part is read. Of a seekable gzip file, only this part is decoded. Any other
        compressed file is decoded from its beginning to `stop`, because its data cannot be decoded
        otherwise. Nothing after `stop` is looked at. So unless `stop` is the end of the file, the
        data of a gzip member that goes on after `stop` are not verified, nor are the last data that
        xz and bzip2 unpack. A pipe is read as far as needed, or a little further if compressed. An
        open file that knows its size keeps its position.
    out : ndarray, optional
        Where to put the data: a writable, C-contiguous array of their shape and dtype (in native
        byte order), not in the memory that `file` is read from. After an error its content
        is undefined.
    mmap_mode : {"r", "c", "r+"}, optional
        Map a file on disk instead of reading it: for reading, copy-on-write, or for writing to the
        file. The payload of a raw file is not touched, with or without `start` and `stop`. A
        compressed file is unpacked and verified once, into the folder ``unpacked`` of the user's
        cache (see Notes). All processes of the user map the unpacked file. "r+" is refused for
        compressed files. A named member of an archive cannot be mapped. The array is in the file's
        byte order: big-endian, unless `header` states another. The mapping, an `mmap.mmap`, lives
        as long as the array. If another process shortens a mapped file, the system kills the
        reader. Without `mmap_mode`, nothing is ever mapped.
    threads : int, optional
        The most threads to use; if not given, one for each core that the process may use, at most
        8. Small files, xz and bzip2 are read on one thread. The result, or the error, is the same
        with any number.
    progress : callable, optional
        Called as ``progress(done, total)`` with bytes of the unpacked file, header included, always
        in the thread that called `load`. An exception from it ends the reading. Mapping calls it
        only while a file is unpacked.
    max_bytes : int, optional
        The most bytes that the array may take, for services that read other people's files; a
        larger array is a `SizeError`. If not given, a raw file can take no more than its own size,
        and a gzip file no more than 1,032 times its size, but an xz or bzip2 file may unpack to
        many thousand times its size. Unpacking itself may take another 128 MiB for xz, because
        the file says how much memory it needs; a file that needs more is refused. If gzip comes
        from a pipe, or from an object that is read in order, little more than `max_bytes`
        compressed bytes are read: an array in very many small members may be refused although it
        would fit. A raw file is mapped whatever the limit, because a mapping takes no memory.
    header : Header, optional
        What the file holds, in place of its own header, which is ignored. The shape may be any that
        numpy has. The dtype may be boolean, integer or floating point of at most 8 bytes, in any
        byte order (``"<i8"``). The size of the file is checked as for its own header. The member of
        an archive is chosen as it is without `header`.
    offset : int, optional
        With `header`, where the payload starts, in bytes from the start of the unpacked file. By
        default, the payload starts after as many bytes as an IDX header of this shape has.

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
    IndexError
        Unless 0 <= start <= stop <= the number of rows.
    IdxError
        If the file is not a whole, undamaged IDX file; see its subclasses. If another header would
        explain the size of the file, the message ends with the call that states that header. All
        checksums of gzip, xz and bzip2 are verified, and nothing is allocated on the word of a
        header. A raw file has no checksum: only a change of its size is noticed. An xz file may be
        made without a checksum, too.
    OSError
        If the file cannot be opened or read, the network fails, or the cache of unpacked files
        cannot be used.
    ImportError
        If `file` is a URL and the package that reads it is not installed; the message names it.

    Notes
    -----
    The environment variable ``IDXFAST_CACHE`` names the user's cache. By default it is a folder
    ``idxfast`` where the system keeps caches. The unpacked files in it take at most 10 GiB, and at
    most a tenth of the disk space that would be free without them. The files that were used least
    recently are removed first. A file that is too large for the cache is a `SizeError`. When an
    unpacked file is used again, its size and its header are checked, but not its payload.
    """
    if threads is not None:
        check_threads(threads)
    if max_bytes is not None:
        max_bytes = _checked_limit(max_bytes)
    # Calls that state no header should not become slower.
    stated = None if header is None and offset is None else state(header, offset)
    if mmap_mode is not None:
        if out is not None:
            raise ValueError("mmap_mode and out= conflict: a mapping makes no copy of the data")
        array = map_file(file, mmap_mode, stated, threads, progress, max_bytes)
        return array if start is None and stop is None else _rows(array, start, stop)
    with open_source(file, small=SMALL) as source:
        request = Request(out, threads, progress, max_bytes, start, stop, stated)
        array = recognise.read(source, request)
        if isinstance(source, FileSource):
            source.check_descriptor()
        if start is None and stop is None:
            source.consume()
        return array


def loads(
    data: BytesLike,
    *,
    out: np.ndarray[Any, Any] | None = None,
    threads: int | None = None,
    max_bytes: int | None = None,
    header: Header | None = None,
    offset: int | None = None,
) -> np.ndarray[Any, Any]:
    """Read the content of an IDX file from memory: raw, gzip, xz or bzip2, or in a zip or tar file.

    Parameters
    ----------
    data : bytes-like
        All of the file.
    out, threads, max_bytes, header, offset
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
    request = Request(out, threads, None, max_bytes, stated=state(header, offset))
    with open_bytes(data, f"<{type(data).__name__}>") as source:
        return recognise.read(source, request)


def read_header(file: ReadableFile) -> Header:
    """Read the dtype and shape of an IDX file, in any container, without its payload.

    Parameters
    ----------
    file
        As for `load`. A file object that knows its size keeps its position. From any other object,
        or a URL, only the header is read or, if the file is compressed, the few KB that hold it.
        There are two exceptions: a bzip2 file may need its first block, up to 900 KB, and a zip
        file is read as a whole.

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


def _rows(
    array: np.ndarray[Any, Any], start: SupportsIndex | None, stop: SupportsIndex | None
) -> np.ndarray[Any, Any]:
    part = find_part(Header(array.dtype, array.shape), start, stop)
    return array[part.row : part.row + part.header.shape[0]]


def _checked_limit(max_bytes: int) -> int:
    limit = operator.index(max_bytes)
    if limit < 0:
        raise ValueError(f"max_bytes is {limit}, not 0 or more")
    return limit
