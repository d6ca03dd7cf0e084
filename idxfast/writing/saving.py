"""save, dumps: arrays to IDX files."""

from __future__ import annotations

import contextlib
import operator
import os
import sys
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from ..format import CODES, Header, pack
from ..gzip.writer import Content, encode_blocks, encode_member
from ..storage import sink
from ..storage.opening import is_url
from ..threads.count import check_threads, choose_threads
from ..typing import Buffer, Memory, WritableFile

DEFAULT_LEVEL = 6
MAX_LEVEL = 12  # libdeflate's
# Elements converted at a time, in cache.
CHUNK = 64 << 10

# The smallest IDX type that holds the values of another; of 64-bit integers, what labels need.
_NEAREST = {
    "bool": "uint8",
    "uint16": "int32",
    "uint32": "float64",
    "int64": "int32",
    "uint64": "int32",
    "float16": "float32",
    np.dtype(np.longdouble).name: "float64",
}


def save(
    file: WritableFile,
    array: Any,
    *,
    compresslevel: int | None = None,
    seekable: bool = False,
    threads: int | None = None,
) -> None:
    """Write an array as an IDX file.

    Parameters
    ----------
    file : str, bytes, PathLike, int or binary file object
        Where to. A path that ends in ``.gz`` is compressed, any other is not. A file at the path
        is replaced in one step when the new one is whole, so it may be the one that `array` is
        mapped from; a symbolic link stays, and what it points to is replaced. Its permissions
        stay, and its group and owner where the system allows that. In a folder that other users may
        write to, their symbolic links and pipes are a PermissionError, and their files' permissions
        are not taken over. A descriptor and a file object are written to from where they stand, and
        stay open.
    array : array_like
        Of one of the six types of IDX (uint8, int8, int16, int32, float32, float64), in any byte
        order and memory layout.
    compresslevel : int, optional
        0 (stored) to 12 (smallest); 6 if not given. For a descriptor or a file object, giving it
        (or `seekable`) is what asks for compression.
    seekable : bool, optional
        Compress in blocks (BGZF, as bgzip does), from which any part can be read alone.
    threads : int, optional
        The most threads to use; if not given, one for each core that may be used, 8 at the most.
        What is not `seekable` is compressed on more than one only as far as runs are enough
        (below).

    Raises
    ------
    TypeError
        If the array has another type; the message names the nearest one. Or if `file` is nothing
        to write to, or a number is not whole.
    SizeError
        If a dimension does not fit into 32 bits.
    ValueError
        If there is no such level, it is given for a path that is not compressed, or `file` is a
        URL.
    OSError
        If writing fails; then a file at the path is as it was.

    Notes
    -----
    Equal arrays give equal files: the gzip header holds neither time nor name.

    What compresses images are runs of equal pixels and a code for the others, and to look for these
    alone is much faster than to look for all that repeats. Of more than 1 MB, samples show whether
    that is enough: up to level 6 if it takes up at most 3% more, above if it takes up no more. Then
    all of the data are watched for repeats as well. From the megabyte before the first that repeats
    itself, the rest is searched as a whole; with `seekable`, each such megabyte is searched by
    itself. Of fewer bytes, and where the samples say so, all that repeats is searched for.

    Levels 1 to 6 are the same: a faster search would make some data several times as large. From
    level 7 on, the smallest outcome of several searches is taken, which takes longer.
    """
    check_threads(threads)
    level = _checked_level(compresslevel)
    asked = compresslevel is not None or seekable
    compressed = asked
    if isinstance(file, (str, bytes, os.PathLike)):
        path = os.fsdecode(file)
        if is_url(path):
            raise ValueError(
                f"{path!r} is a URL; open it, and give compresslevel if it is to be gzip: "
                "with fsspec.open(url, 'wb') as file: idxfast.save(file, array)"
            )
        compressed = path.lower().endswith(".gz")
        if asked and not compressed:
            raise ValueError(
                f"compresslevel and seekable are for names that end in .gz, which {path!r} does not"
            )
    array = _checked(array)
    header = _header_of(array)
    if compressed:
        content = _content(header, array)
        encoded = (
            encode_blocks(content, level, choose_threads(threads))
            if seekable
            else encode_member(content, level, choose_threads(threads))
        )
        with contextlib.closing(encoded):
            sink.write(file, encoded)
    else:
        sink.write(file, _raw(header, array))


def dumps(array: Any, *, compresslevel: int | None = None) -> bytes:
    """The content of an IDX file, in memory.

    Parameters
    ----------
    array : array_like
        As for `save`.
    compresslevel : int, optional
        0 to 12 for gzip; not compressed if not given.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError, SizeError, ValueError
        As `save` does.
    """
    level = _checked_level(compresslevel)
    array = _checked(array)
    header = _header_of(array)
    if compresslevel is None:
        return b"".join([pack(header), array.astype(header.dtype, copy=False).tobytes()])
    return b"".join(encode_member(_content(header, array), level, 1))


def _checked_level(compresslevel: int | None) -> int:
    level = DEFAULT_LEVEL if compresslevel is None else operator.index(compresslevel)
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError(f"compresslevel is {level}, not 0 to {MAX_LEVEL}")
    return level


def _raw(header: Header, array: np.ndarray[Any, Any]) -> Iterator[Buffer]:
    yield pack(header)
    # Any layout comes out in C order, a buffer at a time; without copies where none are needed.
    chunks = np.nditer(  # type: ignore[call-overload]  # the stubs misspell "contig"
        array,
        ["external_loop", "buffered", "zerosize_ok"],
        ["readonly", "contig"],
        header.dtype,
        order="C",
        casting="equiv",
        buffersize=CHUNK,
    )
    for chunk in chunks:
        yield cast("np.ndarray[Any, Any]", chunk).view(np.uint8)


def _content(header: Header, array: np.ndarray[Any, Any]) -> Content:
    """The content of the file. No other thread can change the parts that are taken from it."""
    if array.flags.c_contiguous and array.dtype == header.dtype:
        return _Parts(pack(header), array.reshape(-1).view(np.uint8))
    content = np.empty(header.offset + header.nbytes, np.uint8)
    content[: header.offset] = memoryview(pack(header))
    np.ndarray(header.shape, header.dtype, content, header.offset)[...] = array
    return content


class _Parts:
    """The content of a file: a header, and an array whose bytes are already in the file's order.

    Parts are copies, because another thread may change the array between the making of the checksum
    and the encoding. To copy 47 MB piece by piece took 0.27 of the time that all at once took (the
    best of 11 each, in one process): a piece stays in the cache, a copy of all needs fresh memory.
    """

    def __init__(self, start: bytes, payload: Memory) -> None:
        self._start = np.frombuffer(start, np.uint8)
        self._payload = payload

    def __len__(self) -> int:
        return len(self._start) + len(self._payload)

    def __getitem__(self, part: slice) -> Memory:
        start, stop, _ = part.indices(len(self))
        size = len(self._start)
        copy = np.empty(max(stop - start, 0), np.uint8)
        head = self._start[start:stop]
        copy[: len(head)] = head
        copy[len(head) :] = self._payload[max(start - size, 0) : max(stop - size, 0)]
        return copy


def _checked(data: Any) -> np.ndarray[Any, Any]:
    """The array, if IDX has its type."""
    array: np.ndarray[Any, Any] = np.asanyarray(data)
    # numpy.ma is not imported for this: nobody has a masked array without it.
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())
    parts = data if isinstance(data, (list, tuple)) else ()
    if any(isinstance(part, masked) for part in (array, *parts)):
        raise TypeError("IDX has no masks: fill the masked array first, array.filled(...)")
    array = np.asarray(array)
    # Strings of any length have no byte order that could be asked for.
    if array.dtype.kind == "T" or array.dtype.newbyteorder(">") not in CODES:
        name = array.dtype.name
        nearest = _NEAREST.get(name)
        raise TypeError(
            f"IDX has no type for {name}; "
            + (
                f"the nearest is {nearest}: array.astype('{nearest}'), if the values fit"
                if nearest
                else "it has " + ", ".join(dtype.name for dtype in CODES)
            )
        )
    return array


def _header_of(array: np.ndarray[Any, Any]) -> Header:
    return Header(array.dtype.newbyteorder(">"), array.shape)
