"""Whether an array may be saved at the position of an open file: not after another array."""

from __future__ import annotations

import contextlib
import io
import os
from typing import Any

from ..containers.recognise import container_of, read_header
from ..errors import IdxError
from ..gzip.members import MAGIC
from ..storage.memory import MemorySource
from ..storage.pread import read_at
from ..storage.regular import open_regular

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

# How many bytes at the start of a file are looked at.
_LOOKED_AT = 64 << 10


def check_place(file: Any) -> None:
    """Refuse to write an array after an IDX file, as in mode "ab": no reader would find the array.

    Parameters
    ----------
    file : int or binary file object
        Where an array is to be saved. A file is not refused if its position cannot be found out, or
        its first bytes cannot be read.

    Raises
    ------
    IdxError
        If the file begins with an IDX file, raw or gzip, and would be written to after it.
    """
    if isinstance(file, io.TextIOBase):
        return  # writing to it raises an error
    position, start = 0, b""
    # If an error matters, writing to the file raises it again.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if isinstance(file, int) or type(file) in (io.FileIO, io.BufferedWriter):
            position, start = _look_at_descriptor(file)
        elif file.seekable() and file.readable():
            position, start = _look_at_object(file)
    if start[: len(MAGIC)] not in (b"\0\0", MAGIC):
        return
    source = MemorySource(start, _name_of(file))
    try:
        header = read_header(source)
    except IdxError:
        return
    is_raw = container_of(start).NAME == "raw"
    if is_raw and header.offset + header.nbytes > position:
        return
    raise IdxError(
        "the file holds an array already, and a second one after it would not be found: "
        "idxfast.append(path, array) adds items to the first",
        part="end",
        filename=source.name,
        offset=position,
        expected="the start of a file",
        found=f"the end of an array of shape {header.shape}",
    )


def _look_at_descriptor(file: Any) -> tuple[int, bytes]:
    """Where the next write goes, and the first bytes of the file; none if it goes to the start."""
    descriptor = file
    if not isinstance(file, int):
        file.flush()
        descriptor = file.fileno()
    position = before = os.lseek(descriptor, 0, os.SEEK_CUR)
    if _is_appending(descriptor):
        position = os.fstat(descriptor).st_size
    if position == 0:
        return 0, b""
    count = min(position, _LOOKED_AT)
    with contextlib.suppress(OSError):
        try:
            return position, read_at(descriptor, count, 0)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)  # reading may have moved the position
    # The descriptor may be for writing only.
    for path in (f"/proc/self/fd/{descriptor}", getattr(file, "name", None)):
        if isinstance(path, (str, bytes)):
            with contextlib.suppress(OSError), open_regular(os.fsdecode(path)) as again:
                if os.path.samestat(os.fstat(again.fileno()), os.fstat(descriptor)):
                    return position, again.read(count)
    return position, b""


def _look_at_object(file: Any) -> tuple[int, bytes]:
    """Where the next write goes, and the first bytes of the file; none if it goes to the start."""
    position = before = file.tell()
    if isinstance(file, io.BufferedRandom) and _is_appending(file.fileno()):
        position = file.seek(0, io.SEEK_END)
    if position == 0:
        return 0, b""
    try:
        file.seek(0)
        return position, bytes(file.read(min(position, _LOOKED_AT)))
    finally:
        file.seek(before)


def _is_appending(descriptor: int) -> bool:
    """Whether each write goes to the end of the file, wherever the position is."""
    return fcntl is not None and bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)


def _name_of(file: Any) -> str:
    if isinstance(file, int):
        return f"<descriptor {file}>"
    name = getattr(file, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else f"<{type(file).__name__}>"
