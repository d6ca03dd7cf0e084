"""`save` and `dumps`: write arrays as IDX files."""

from __future__ import annotations

import contextlib
import operator
import os
import sys
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from ..format import CODES, Header, pack
from ..gzip.seekable import encode_seekable
from ..gzip.writer import Content, encode_member
from ..storage import outputs
from ..storage.inputs import is_url
from ..threads.count import check_threads, choose_threads
from ..threads.importing import importing
from ..typing import Buffer, Memory, WritableFile
from .place import check_place

DEFAULT_LEVEL = 6
MAX_LEVEL = 12  # libdeflate's
# How many elements are converted at a time, so that they stay in cache.
CHUNK = 64 << 10
# How many bytes are written at a time if there is nothing to convert, so that Ctrl-C does not wait
# long. To save 47 MB in pieces of 64 KiB took 1.2 to 1.5 times as long.
STEP = 4 << 20


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
        The file to write. A path that ends in ``.gz`` is compressed, any other is not. A file at
        the path is replaced in one step once the new one is complete, so `array` may be mapped
        from it. If the path is a symbolic link, the link stays and its target is replaced. The new
        file takes over the old one's permissions, and its group and owner where the system allows
        that. In a folder that other users may write to, their symbolic links and pipes raise
        PermissionError, and their files' permissions are not taken over. Descriptors and file
        objects are written to from their current position, and stay open.
    array : array_like
        Of one of the six types of IDX (uint8, int8, int16, int32, float32, float64), in any byte
        order and memory layout.
    compresslevel : int, optional
        0 (stored) to 12 (smallest); by default 6. Descriptors and file objects are compressed if
        this or `seekable` is given.
    seekable : bool, optional
        Compress in blocks (BGZF, the format of bgzip), each of which can be read by itself. A block
        holds whole items, unless one item has more than 65,280 bytes. Tables at the end of the file
        list the sizes of the blocks, so that `open` reads any item without reading those before it.
    threads : int, optional
        The most threads to use; by default one for each core that may be used, at most 8. Without
        `seekable`, several threads are used only for data that are coded as runs (see Notes).

    Raises
    ------
    TypeError
        If IDX has no type for the array; the message names the smallest type that holds the values,
        if there is one. Also if `file` cannot be written to, or a number is not whole.
    SizeError
        If a dimension does not fit into 32 bits.
    ValueError
        If `compresslevel` is out of range or given for a path that is not compressed, or if `file`
        is a URL.
    IdxError
        If `file` is open and already holds an array before the place where it would be written to,
        as in mode "ab". `append` adds items to such a file.
    OSError
        If writing fails. A file at the path is then unchanged.

    Notes
    -----
    Equal arrays give equal files: the gzip header holds neither time nor name.

    Images compress mostly through runs of equal pixels and short codes for frequent values. Coding
    runs alone is much faster than searching for all repeated sequences. If the data have more than
    1 MB, samples show whether runs are enough. Up to level 6, runs are enough if they make the
    samples at most 3% larger than a search would. Above level 6, they must not make them larger.
    The data are then watched for repeated sequences. Without `seekable`, a search starts one
    megabyte before the first megabyte that has such sequences, and goes on to the end. With
    `seekable`, each megabyte that has them is searched by itself. Smaller data, and data for which
    runs are not enough, are searched from the start.

    Levels 1 to 6 are the same, because a faster search would make some data several times as large.
    From level 7 on, several searches are made and the smallest result is taken.
    """
    check_threads(threads)
    level = checked_level(compresslevel)
    asked = compresslevel is not None or seekable
    compressed = asked
    if isinstance(file, (str, bytes, os.PathLike)):
        path = os.fsdecode(file)
        if is_url(path):
            raise ValueError(
                f"{path!r} is a URL; open it, and give compresslevel to write gzip: "
                "with fsspec.open(url, 'wb') as file: idxfast.save(file, array)"
            )
        compressed = path.lower().endswith(".gz")
        if asked and not compressed:
            raise ValueError(
                f"compresslevel and seekable are for names that end in .gz, which {path!r} does not"
            )
    else:
        check_place(file)
    array = checked(array)
    header = _header_of(array)
    if compressed:
        count = choose_threads(threads)
        if seekable:
            payload = content_of(b"", header, array)
            encoded = encode_seekable(pack(header), payload, header.item_nbytes, level, count)
        else:
            encoded = encode_member(content_of(pack(header), header, array), level, count)
        with contextlib.closing(encoded):
            outputs.write(file, encoded)
    else:
        outputs.write(file, _raw(header, array))


def dumps(array: Any, *, compresslevel: int | None = None) -> bytes:
    """Return an array as the content of an IDX file.

    Parameters
    ----------
    array : array_like
        As for `save`.
    compresslevel : int, optional
        0 to 12 for gzip; by default the content is not compressed.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError, SizeError, ValueError
        As `save` does.
    """
    level = checked_level(compresslevel)
    array = checked(array)
    header = _header_of(array)
    if compresslevel is None:
        return b"".join([pack(header), array.astype(header.dtype, copy=False).tobytes()])
    return b"".join(encode_member(content_of(pack(header), header, array), level, 1))


def checked_level(compresslevel: int | None) -> int:
    """The level to compress at; ValueError or TypeError if it is none."""
    level = DEFAULT_LEVEL if compresslevel is None else operator.index(compresslevel)
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError(f"compresslevel is {level}, not 0 to {MAX_LEVEL}")
    return level


def _raw(header: Header, array: np.ndarray[Any, Any]) -> Iterator[Buffer]:
    yield pack(header)
    yield from payload(array, header.dtype)


def payload(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> Iterator[Memory]:
    """The bytes of an array, in C order and converted to this byte order, piece by piece."""
    if array.flags.c_contiguous and array.dtype == dtype:
        content = array.reshape(-1).view(np.uint8)
        for start in range(0, max(len(content), 1), STEP):
            yield content[start : start + STEP]
        return
    # The iterator converts any layout to C order, a buffer at a time, and copies only if it must.
    # For an array without dimensions, that of numpy 1.25 gives other bytes than the array has.
    chunks = np.nditer(  # type: ignore[call-overload]  # the stubs misspell "contig"
        np.atleast_1d(array),
        ["external_loop", "buffered", "zerosize_ok"],
        ["readonly", "contig"],
        dtype,
        order="C",
        casting="equiv",
        buffersize=CHUNK,
    )
    for chunk in chunks:
        yield cast("np.ndarray[Any, Any]", chunk).view(np.uint8)


def content_of(start: bytes, header: Header, array: np.ndarray[Any, Any]) -> Content:
    """Some bytes and then the payload. No other thread can change a slice after it is taken."""
    if array.flags.c_contiguous and array.dtype == header.dtype:
        return _BytesAndPayload(start, array.reshape(-1).view(np.uint8))
    content = np.empty(len(start) + header.nbytes, np.uint8)
    content[: len(start)] = memoryview(start)
    np.ndarray(header.shape, header.dtype, content, len(start))[...] = array
    return content


class _BytesAndPayload:
    """Some bytes, then those of an array, which are already in the file's order.

    Slices are copies, because another thread may change the array after a checksum is computed and
    before the data are encoded. Copying 47 MB piece by piece took 0.27 of the time of one copy
    (best of 11 each, in one process): a piece stays in cache, whereas a whole copy needs fresh
    memory.
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


def checked(data: Any) -> np.ndarray[Any, Any]:
    """The data as an array, if IDX has its type."""
    array = unmasked(data)
    if not has_type(array.dtype):
        with importing:
            from .types import advise  # needed for refusals alone

        raise TypeError(advise(array))
    return array


def has_type(dtype: np.dtype[Any]) -> bool:
    """Whether IDX has a type, in whatever byte order."""
    # Strings of variable length have no byte order, and newbyteorder raises.
    return dtype.kind != "T" and dtype.newbyteorder(">") in CODES


def unmasked(data: Any) -> np.ndarray[Any, Any]:
    """The data as an array; a masked one is refused with a TypeError."""
    array: np.ndarray[Any, Any] = np.asanyarray(data)
    # If numpy.ma has not been imported, there are no masked arrays.
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())
    parts = data if isinstance(data, (list, tuple)) else ()
    if any(isinstance(part, masked) for part in (array, *parts)):
        raise TypeError("IDX has no masks: fill the masked array first, array.filled(...)")
    return np.asarray(array)


def _header_of(array: np.ndarray[Any, Any]) -> Header:
    return Header(array.dtype.newbyteorder(">"), array.shape)
