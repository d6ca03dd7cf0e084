"""Compressed files, unpacked into the cache so that they can be mapped."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from typing import BinaryIO

import numpy as np

from ..containers import gzip
from ..containers.arrays import as_payload, bytes_of
from ..containers.header import check_limit, parse_header
from ..containers.ratio import check_ratio
from ..containers.request import Request
from ..containers.simple import Container
from ..containers.stated import StatedHeader
from ..errors import IdxError, SizeError
from ..format import MAX_HEADER_SIZE, Header, pack
from ..native.buffers import swap
from ..storage.identity import Version
from ..storage.source import FileSource
from ..storage.trust import may_others_write
from ..storage.unfinished import locked, new_file
from ..storage.unpacked import Record, UnpackedFiles, open_unpacked_files, record_name
from .hashing import Hasher, salted

# How often to try if other processes remove the entry before it can be opened, or change the
# compressed file's name or permissions while it is unpacked.
_TRIES = 5
# The largest dimension of an IDX file.
MAX_DIMENSION = 2**32 - 1


def open_unpacked(source: FileSource, container: Container, request: Request) -> FileSource:
    """Open the unpacked content of a compressed file, in the cache.

    A file that is not in the cache is unpacked into it first, and verified. If the caller states a
    header, the entry has the bytes of this payload instead of the whole content.

    Parameters
    ----------
    source : FileSource
    container : Container
        The container of the file.
    request : Request
        Its `threads` and `progress` are for the unpacking. `max_bytes` holds in any case.

    Raises
    ------
    SizeError
        If the array is larger than `max_bytes`, or than the cache may become.
    IdxError
        If the file is damaged, or is written to while it is unpacked.
    OSError
        If the cache cannot be used.
    """
    with open_unpacked_files() as cache:
        for _ in range(_TRIES):
            file = _find(source, request, cache) or _add(source, container, request, cache)
            if file is not None:
                return FileSource(file, source.name, os.fstat(file.fileno()).st_size, owned=True)
    raise OSError(
        errno.EBUSY, "other processes keep removing this file or its unpacked content", source.name
    )


def header_in(unpacked: FileSource, stated: StatedHeader | None) -> Header:
    """What the payload of an opened entry is, and where in the entry it starts."""
    header = parse_header(unpacked.read(MAX_HEADER_SIZE, 0), unpacked.name)
    return header if stated is None else StatedHeader(stated.dtype, stated.shape, header.offset)


def _find(source: FileSource, request: Request, cache: UnpackedFiles) -> BinaryIO | None:
    """Open the entry that the file's record names; None if there is no record that can be trusted.

    None, too, if there is no entry.
    """
    version = Version.of(source.fileno())
    name = _record_name(source, version, request.stated)
    record = cache.find(name) if version.is_conclusive else None
    if record is None:
        return None
    check_limit(request.stated or record.header, source.name, request.max_bytes)
    return cache.open(record)


def _add(
    source: FileSource, container: Container, request: Request, cache: UnpackedFiles
) -> BinaryIO | None:
    """Add the file to the cache and open the entry; None if that has to be tried again."""
    version = Version.settled(source.fileno())
    content = request.stated or container.read_header(source)
    check_limit(content, source.name, request.max_bytes)
    if container is gzip:
        check_ratio(source, content)
    header = content if request.stated is None else _header_of_bytes(content.nbytes)
    _check_space(header, source.name, cache)
    cache.sweep()
    name = _record_name(source, version, request.stated)
    with locked(cache.folder, name):
        file = _find(source, request, cache)
        if file is None:
            key = _find_key(source, version, request.stated, cache)
            if key is None:
                key = _unpack(source, container, header, request, version, cache)
            if key is None:
                return None
            record = Record(key, header, _path_of(source))
            # If there is no record, the next load only takes longer.
            with contextlib.suppress(OSError):
                cache.add_record(name, record)
            file = cache.open(record)
        return file


def _find_key(
    source: FileSource, version: Version, stated: StatedHeader | None, cache: UnpackedFiles
) -> str | None:
    """The key of an entry that was made from another file with the same content."""
    if _may_others_write_to(source) or not cache.knows_size(source.size):
        return None
    with Hasher(source, threads=1) as hasher:
        key = _key(hasher, stated)
    return key if _is_unchanged(source, version) and cache.has(key) else None


def _unpack(
    source: FileSource,
    container: Container,
    header: Header,
    request: Request,
    version: Version,
    cache: UnpackedFiles,
) -> str | None:
    """Unpack and verify a file, and make an entry of it; return its key.

    If the file may have been changed meanwhile, there is no entry and no key.
    """
    with (
        new_file(cache.folder, header.offset + header.nbytes) as (part, file),
        Hasher(source, request.threads) as hasher,
    ):
        try:
            _fill(file, source, container, header, request)
        except IdxError:
            _is_unchanged(source, version)
            raise
        os.fsync(file.fileno())
        key = _key(hasher, request.stated)
        if not _is_unchanged(source, version):
            return None
        if _may_others_write_to(source):
            key = salted(key, _record_name(source, version, request.stated))
        if not cache.has(key):
            cache.add(key, part, file)
    return key


def _fill(
    file: BinaryIO, source: FileSource, container: Container, header: Header, request: Request
) -> None:
    """Unpack a file straight into the memory of another one, so that nothing is held twice."""
    mapping = mmap.mmap(file.fileno(), header.offset + header.nbytes)
    mapping[: header.offset] = pack(header)
    content = request.stated or header
    payload = as_payload(np.frombuffer(mapping, np.uint8), content, header.offset)
    container.read(source, request._replace(out=payload))
    if not content.dtype.isnative:
        swap(bytes_of(payload), payload.itemsize)
    if os.name != "posix":
        # There, `fsync` alone does not write what is in a mapping.
        mapping.flush()


def _may_others_write_to(source: FileSource) -> bool:
    """Whether other users may write to the file, which then shares its entry with no other file.

    They could change a byte after it is decoded and before it is hashed. Then the entry would be
    wrong for other files with the same hash.
    """
    return may_others_write(os.fstat(source.fileno()))


def _record_name(source: FileSource, version: Version, stated: StatedHeader | None) -> str:
    payload = () if stated is None else (stated.offset, stated.nbytes)
    return record_name((*version, version.size - source.size, *payload))


def _key(hasher: Hasher, stated: StatedHeader | None) -> str:
    """The key of an entry: the hash of the compressed file, and which of its bytes are there."""
    digest = hasher.hexdigest()
    return digest if stated is None else salted(digest, f"{stated.offset} {stated.nbytes}")


def _header_of_bytes(nbytes: int) -> Header:
    """A header that announces `nbytes` bytes, or a few more if one dimension cannot hold them."""
    width = nbytes // MAX_DIMENSION + 1
    return Header(np.dtype("u1"), (-(-nbytes // width), width))


def _check_space(header: Header, filename: str, cache: UnpackedFiles) -> None:
    size, limit = header.offset + header.nbytes, cache.limit
    if size > limit:
        raise SizeError(
            "the unpacked file is larger than the cache may become: load the file without "
            "mmap_mode, or open it",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=f"at most {limit:,} bytes",
            found=size,
        )


def _is_unchanged(source: FileSource, before: Version) -> bool:
    """Whether a file is the same as before; False, too, if only its name may have changed.

    Raises
    ------
    IdxError
        If it has been written to.
    """
    found = Version.of(source.fileno())
    if found._replace(changed=before.changed) != before:
        raise IdxError(
            "the file has been written to while it was unpacked",
            part="container",
            filename=source.name,
            offset=min(found.size, before.size),
            expected=f"{before.size:,} bytes, last written to at {before.written:,} ns",
            found=f"{found.size:,} bytes, last written to at {found.written:,} ns",
        )
    return found == before


def _path_of(source: FileSource) -> str:
    """The absolute path of the file, or its name if there is no such path."""
    return os.path.abspath(source.name) if os.path.exists(source.name) else source.name
