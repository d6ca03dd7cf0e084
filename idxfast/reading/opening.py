"""open: an IDX file, to be read in parts."""

from __future__ import annotations

import operator

from ..lazy.idx_file import IdxFile
from ..threads.count import check_threads
from ..typing import ReadableFile

CACHE_BYTES = 256 << 20


def open(
    file: ReadableFile, *, cache_bytes: int = CACHE_BYTES, threads: int | None = None
) -> IdxFile:
    """Open an IDX file as an array-like that reads only what is asked for.

    Parameters
    ----------
    file
        As for `load`. Raw and seekable gzip files on disk are read in parts. Any other compressed
        file is unpacked when it is first read, and kept in memory. If the array of an ordinary gzip
        file is larger than `cache_bytes`, the first read verifies the file and notes where decoding
        can begin. This takes as long as `load` but little memory; from then on, the file is read in
        parts, too. What is not a file on disk, such as bytes, a pipe or a URL, is read as a whole
        when it is opened, however large it is.
    cache_bytes : int, optional
        The most bytes of unpacked data that this process keeps in memory, for all open files
        together. The data that were used least recently go first.
    threads : int, optional
        As for `load`; used when a file is unpacked or verified as a whole.

    Returns
    -------
    IdxFile

    Raises
    ------
    IdxError
        If the file does not start with an IDX header, or its size does not agree with the header.
    SizeError
        If a file on disk is neither raw nor gzip, and its array is larger than `cache_bytes`.
    OSError
        If the file cannot be opened or read.
    """
    if threads is not None:
        check_threads(threads)
    limit = operator.index(cache_bytes)
    if limit < 0:
        raise ValueError(f"cache_bytes is {limit}, not 0 or more")
    return IdxFile(file, limit, threads)
