"""A look at the first bytes of a stream, without decoding a whole segment: the standard library's
zlib can stop anywhere."""

from __future__ import annotations

import zlib

from ..errors import TruncatedError
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
    while len(prefix) < count and enter(feed, source.name, member):
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
    return prefix
