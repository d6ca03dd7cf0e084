"""The magic number of a file that is refused, for loaders whose messages show it."""

from __future__ import annotations

from ...errors import FormatError, IdxError


def wrong_magic(error: IdxError) -> bytes:
    """The first four bytes of a file, if they are why it is refused; otherwise no bytes.

    There are no bytes, either, if the file has fewer than four.
    """
    if not isinstance(error, FormatError) or error.part not in ("start", "type"):
        return b""
    magic = bytes.fromhex(error.found)
    return magic if len(magic) == 4 else b""
