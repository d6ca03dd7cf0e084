"""Whether a file is the published one.

What is checked depends on what has been published of it:

- the hash of the file, SHA-256 or else MD5; or, if it differs and the content's hash is known,
  that one: mirrors pack the same content anew. The packing has to be that of the file's name;
- with no hash at all, that it is a whole IDX file of the right type and shape: gzip's CRC-32 or
  xz's check, and nothing missing or left over.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..directory import load_file
from ..errors import FetchError, HashMismatchError, IdxError, SizeError
from ..format import Header, pack
from ..gzip.container import MAGIC as GZIP_MAGIC
from ..sniff import describe
from ..xz import MAGIC as XZ_MAGIC
from .catalogue import File

_MAGICS = {".gz": GZIP_MAGIC, ".xz": XZ_MAGIC, ".zip": b"PK\x03\x04"}
# As many bytes as `describe` looks at.
_START = 512


def verify(path: Path, file: File, url: str) -> None:
    """Refuse a file that is not the published one.

    Parameters
    ----------
    path : Path
        Where it is, under whatever name.
    file : File
        What it should be.
    url : str
        Where it came from, for messages.

    Raises
    ------
    HashMismatchError
        If it has another hash.
    FetchError
        If it is not even packed as its name says, like a page of HTML; or, with no hash
        published, if it is not a whole IDX file of the right type and shape.
    OSError
        If it cannot be read.
    """
    _check_packing(path, file, url)
    if file.packed is not None:
        found = hash_file(path, _algorithm(file.packed))
        if found == file.packed:
            return
        if (
            file.header is None
            or file.raw is None
            or _hash_content(path, _algorithm(file.raw), file.header.nbytes) != file.raw
        ):
            raise HashMismatchError(url, file.packed, found, path.stat().st_size)
    elif file.header is not None:
        _check_content(path, file.header, url)


def _check_packing(path: Path, file: File, url: str) -> None:
    with path.open("rb") as opened:
        start = opened.read(_START)
    if not start.startswith(_MAGICS[Path(file.name).suffix]):
        found = describe(start) or (
            f"what starts with {start[:4].hex(' ')}" if start else "nothing"
        )
        raise FetchError(f"{url}: got {found}, not what {file.name} should be")


def _check_content(path: Path, header: Header, url: str) -> None:
    try:
        array = load_file(str(path), max_bytes=header.nbytes)
    except SizeError as error:
        raise FetchError(f"{url}: got more than {header.dtype.name} {header.shape}") from error
    except IdxError as error:
        raise FetchError(f"{url}: {error.reason}") from error
    found = Header(array.dtype.newbyteorder(">"), array.shape)
    if found != header:
        raise FetchError(
            f"{url}: got {found.dtype.name} {found.shape}, not {header.dtype.name} {header.shape}"
        )


def hash_file(path: Path, algorithm: str) -> str:
    """The hash of a file, behind the algorithm's name and a colon."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return f"{algorithm}:{digest.hexdigest()}"


def _hash_content(path: Path, algorithm: str, limit: int) -> str | None:
    """The hash of an IDX file's content; None if it does not unpack, or to more than the limit."""
    try:
        array = load_file(str(path), max_bytes=limit)
    except IdxError:
        return None
    dtype = array.dtype.newbyteorder(">")
    digest = hashlib.new(algorithm, pack(Header(dtype, array.shape)), usedforsecurity=False)
    digest.update(array.astype(dtype, copy=False))
    return f"{algorithm}:{digest.hexdigest()}"


def _algorithm(known: str) -> str:
    return known.partition(":")[0]
