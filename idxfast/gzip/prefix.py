"""A look at the first bytes of a stream, without decoding a whole segment: the standard library's
zlib can stop anywhere."""

from __future__ import annotations

import zlib

from ..errors import TruncatedError
from ..native.members import decode_members
from ..source import Source
from .container import TRAILER_SIZE
from .damage import RAW, damaged, reason_of
from .members import enter
from .segments import Feed

_PIECE = 4096


def read_prefix(source: Source, count: int) -> bytes:
    """The first bytes of the unpacked stream, as many as asked or all there are; unverified.

    Raises
    ------
    IdxError
        If the container or the compressed data are damaged that early.
    """
    feed = Feed(source, chunk=_PIECE)
    prefix = b""
    member = 1
    was_empty = False
    while len(prefix) < count:
        if was_empty:
            # There may be hundreds of thousands of empty members: with no space for data, they are
            # what one call decodes.
            feed.fill(_PIECE)
            data = feed.unread
            decoded, end, _ = decode_members(data, 0, len(data), bytearray(), 0)
            member += decoded
            feed.skip(end)
        if not enter(feed, source.name, member):
            break
        before = len(prefix)
        inflater = zlib.decompressobj(RAW)
        while not inflater.eof and len(prefix) < count:
            feed.fill(1)
            piece = feed.unread
            if not piece:
                raise TruncatedError(
                    f"the compressed data of gzip member {member} end early",
                    filename=source.name,
                    offset=feed.offset,
                    expected="more compressed data",
                    found="the end of the file",
                )
            try:
                prefix += inflater.decompress(piece, count - len(prefix))
            except zlib.error as error:
                reason = reason_of(error)
                raise damaged(source.name, member, reason, feed.offset) from None
            feed.skip(len(piece) - len(inflater.unconsumed_tail) - len(inflater.unused_data))
        feed.fill(TRAILER_SIZE)
        feed.skip(TRAILER_SIZE)  # or to the end, if that comes before
        member += 1
        was_empty = len(prefix) == before
    return prefix
