"""Whether a file is the published one.

The check depends on what has been published about the file:

- the hash of the file, SHA-256 or else MD5. If that hash differs, the hash of the unpacked content
  is checked instead, if it is known, because some mirrors compress the same content anew. The
  container has to be the one that the file's name says;
- if no hash has been published, that the file is a whole IDX file of the right type and shape, with
  the right checksum of gzip or xz, nothing missing and nothing left over.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..containers.gzip import MAGIC as GZIP_MAGIC
from ..containers.xz import MAGIC as XZ_MAGIC
from ..diagnosis.start import describe
from ..errors import FetchError, HashMismatchError, IdxError, SizeError
from ..format import Header, pack
from ..reading.loading import load
from ..storage.snapshot import Snapshot
from .catalogue import File

_MAGICS = {".gz": GZIP_MAGIC, ".xz": XZ_MAGIC, ".zip": b"PK\x03\x04"}
# How many bytes `describe` is given.
_START = 512


def verify(file: BinaryIO, known: File, url: str) -> None:
    """Refuse a file that is not the published one.

    Parameters
    ----------
    file : binary file
        Open for reading, and able to seek, under any name. It is read from its start, several
        times if need be.
    known : File
        What the file should be.
    url : str
        Where it came from, for messages.

    Raises
    ------
    HashMismatchError
        If the file has another hash.
    FetchError
        If the file is not in the container that its name says, like a page of HTML; or, if no
        hash has been published, if it is not a whole IDX file of the right type and shape.
    OSError
        If the file cannot be read.
    """
    _check_packing(file, known, url)
    if known.packed is not None:
        found = hash_file(file, _algorithm(known.packed))
        if found == known.packed:
            return
        if (
            known.header is None
            or known.raw is None
            or _hash_content(file, _algorithm(known.raw), known.header.nbytes) != known.raw
        ):
            raise HashMismatchError(url, known.packed, found, file.seek(0, os.SEEK_END))
    elif known.header is not None:
        _check_content(file, known.header, url)


def load_verified(path: str, known: File) -> np.ndarray[Any, Any]:
    """The array of a published file, from the very bytes that were verified.

    Raises
    ------
    FetchError, OSError
        As `verify` does.
    """
    content = Snapshot(path, known.limit)
    if len(content.getbuffer()) > known.limit:
        raise FetchError(f"{path}: more than the {known.limit:,} bytes that the file can have")
    verify(content, known, path)
    return _load_from_start(content)


def hash_file(file: BinaryIO, algorithm: str) -> str:
    """The hash of an open file from its start, with the algorithm's name and a colon before it."""
    file.seek(0)
    digest = hashlib.file_digest(
        file,  # type: ignore[arg-type]
        lambda: hashlib.new(algorithm, usedforsecurity=False),
    )
    return f"{algorithm}:{digest.hexdigest()}"


def _check_packing(file: BinaryIO, known: File, url: str) -> None:
    file.seek(0)
    start = file.read(_START)
    if not start.startswith(_MAGICS[Path(known.name).suffix]):
        found = describe(start) or (
            f"what starts with {start[:4].hex(' ')}" if start else "nothing"
        )
        raise FetchError(f"{url}: got {found}, not what {known.name} should be")


def _check_content(file: BinaryIO, header: Header, url: str) -> None:
    try:
        array = _load_from_start(file, header.nbytes)
    except SizeError as error:
        raise FetchError(f"{url}: got more than {header.dtype.name} {header.shape}") from error
    except IdxError as error:
        raise FetchError(f"{url}: {error.reason}") from error
    found = Header(array.dtype.newbyteorder(">"), array.shape)
    if found != header:
        raise FetchError(
            f"{url}: got {found.dtype.name} {found.shape}, not {header.dtype.name} {header.shape}"
        )


def _hash_content(file: BinaryIO, algorithm: str, limit: int) -> str | None:
    """The hash of an IDX file's content; None if it is damaged or larger than the limit."""
    try:
        array = _load_from_start(file, limit)
    except IdxError:
        return None
    dtype = array.dtype.newbyteorder(">")
    digest = hashlib.new(algorithm, pack(Header(dtype, array.shape)), usedforsecurity=False)
    digest.update(array.astype(dtype, copy=False))
    return f"{algorithm}:{digest.hexdigest()}"


def _load_from_start(file: BinaryIO, max_bytes: int | None = None) -> np.ndarray[Any, Any]:
    file.seek(0)
    return load(file, max_bytes=max_bytes)


def _algorithm(known: str) -> str:
    return known.partition(":")[0]
