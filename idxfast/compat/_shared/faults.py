"""Which part of a file is wrong, for loaders with a message for each."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from ...errors import FormatError, GzipError, IdxError, TrailingDataError, TruncatedError

Part: TypeAlias = Literal["start", "zeros", "type", "dimensions", "payload", "end", "gzip"]


class Fault(NamedTuple):
    """Which part of a file is wrong, and the four bytes that it starts with, if it is these."""

    part: Part
    magic: bytes = b""


def fault(error: IdxError) -> Fault:
    """Find which part of a file an error is about, for loaders with a message for each.

    The part "gzip" is what holds the others: the container, damaged or cut short.
    """
    if isinstance(error, GzipError):
        return Fault("gzip")
    if isinstance(error, TrailingDataError):
        return Fault("end")
    if isinstance(error, TruncatedError):
        return Fault(_cut_part(error))
    # Its first four bytes are refused where the zeros, or the type, should have been.
    if isinstance(error, FormatError) and error.offset in (0, 2):
        magic = bytes.fromhex(error.found)
        if len(magic) < 4:
            return Fault("start")
        return Fault("type" if error.offset else "zeros", magic)
    return Fault("dimensions")


def _cut_part(error: TruncatedError) -> Part:
    """The part that a file ends in.

    Numbers do not tell: two dimensions that end after the first have the offset, and expect and
    find the bytes, of one dimension without a payload.
    """
    if error.reason.startswith("the payload"):
        return "payload"
    if error.reason.startswith("IDX header"):
        return "start" if (error.offset or 0) < 4 else "dimensions"
    return "start" if error.found == "nothing" else "gzip"
