"""Why the size of a file does not fit its header."""

from __future__ import annotations

import struct

from ..errors import TrailingDataError, TruncatedError
from ..format import Header


def truncated(filename: str, header: Header, count: int) -> TruncatedError:
    """The error for a payload that ends after `count` bytes."""
    return TruncatedError(
        f"the payload ends at byte {count:,} of {header.nbytes:,}; "
        "the file is truncated or still downloading" + _swapped_hint(header, count),
        part="payload",
        filename=filename,
        offset=header.offset + count,
        expected=header.offset + header.nbytes,
        found=header.offset + count,
    )


def trailing(filename: str, header: Header, size: int | None) -> TrailingDataError:
    """The error for bytes after the payload of a file of `size` bytes, if its size is known."""
    total = header.offset + header.nbytes
    hint = "" if size is None else _swapped_hint(header, size - header.offset)
    return TrailingDataError(
        "more bytes follow the payload" + hint,
        part="end",
        filename=filename,
        offset=total,
        expected="the end of the file" if size is None else total,
        found="more" if size is None else size,
    )


def _swapped_hint(header: Header, nbytes: int) -> str:
    """A hint for a payload of the wrong size that little-endian dimensions would explain."""
    shape = struct.unpack(
        f"<{len(header.shape)}I", struct.pack(f">{len(header.shape)}I", *header.shape)
    )
    if shape != header.shape and Header(header.dtype, shape).nbytes == nbytes:
        return f"; its dimensions look byte-swapped: little-endian they read {shape}"
    return ""
