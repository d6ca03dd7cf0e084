"""open: an IDX file, to be read in parts."""

from __future__ import annotations

import operator
from typing import Literal, cast, overload

from ..containers.stated import state
from ..format import Header
from ..lazy.idx_file import IdxFile
from ..threads.count import check_threads
from ..typing import Path, ReadableFile
from ..writing.appending import IdxAppender

CACHE_BYTES = 256 << 20


@overload
def open(
    file: ReadableFile,
    mode: Literal["r"] = "r",
    *,
    cache_bytes: int = CACHE_BYTES,
    threads: int | None = None,
    header: Header | None = None,
    offset: int | None = None,
) -> IdxFile: ...
@overload
def open(
    file: Path, mode: Literal["a"], *, cache_bytes: int = CACHE_BYTES, threads: int | None = None
) -> IdxAppender: ...
def open(
    file: ReadableFile | Path,
    mode: Literal["r", "a"] = "r",
    *,
    cache_bytes: int = CACHE_BYTES,
    threads: int | None = None,
    header: Header | None = None,
    offset: int | None = None,
) -> IdxFile | IdxAppender:
    """Open an IDX file as an array-like that reads only what is asked for, or to add items.

    Parameters
    ----------
    file
        As for `load`; with ``mode="a"``, the path of a raw or seekable gzip file (see `append`).
        Raw and seekable gzip files are read in parts. Any other compressed file is unpacked when it
        is first read, and kept in memory. If the array of an ordinary gzip file is larger than
        `cache_bytes`, the first read decodes and verifies the whole file, and notes where decoding
        can begin. This takes as long as `load`, but little memory. From then on, the file is read
        in parts, too. Anything that is not a file on disk, such as bytes or a pipe, is read as a
        whole when it is opened, however large it is. Of a file behind a URL, only the parts that
        are needed are requested. A seekable gzip file behind a URL is read in blocks only if it has
        the tables of `save`, and otherwise as an ordinary gzip file. A file behind a URL is read as
        a whole when it is opened if its server gives no ranges, or nothing that tells versions
        apart (ETag, Last-Modified), or if it is a member of an archive. Its array may then be no
        larger than `cache_bytes`.
    mode : {"r", "a"}
        "r" to read the file, "a" to add items to it.
    cache_bytes : int, optional
        The most bytes of unpacked data that this process keeps in memory, for all open files
        together. The data that were used least recently are dropped first.
    threads : int, optional
        As for `load`; used when a file is unpacked or verified as a whole, for reads of several MiB
        from an ordinary gzip file, and when items are compressed.
    header : Header, optional
    offset : int, optional
        As for `load`; only to read.

    Returns
    -------
    IdxFile or IdxAppender

    Raises
    ------
    IdxError
        If the file does not start with an IDX header, or its size does not agree with the header.
        If another header would explain the size, the message ends with the call of `load` that
        states that header.
    SizeError
        If a file on disk or behind a URL is neither raw nor gzip, or can only be read as a whole,
        and its array is larger than `cache_bytes`.
    OSError
        If the file cannot be opened or read, or the network fails.
    ImportError
        If `file` is a URL and the package that reads it is not installed; the message names it.
    """
    if threads is not None:
        check_threads(threads)
    if mode == "a":
        if header is not None or offset is not None:
            raise ValueError("header= and offset= are for reading, not for mode='a'")
        return IdxAppender(cast("Path", file), threads)
    if mode != "r":
        raise ValueError(f"mode is {mode!r}, neither 'r' nor 'a'")
    limit = operator.index(cache_bytes)
    if limit < 0:
        raise ValueError(f"cache_bytes is {limit}, not 0 or more")
    return IdxFile(file, limit, threads, state(header, offset))
