"""IDX files in containers that the standard library unpacks.

The compressed data are decoded in order, a piece at a time. Memory for the array grows as bytes
arrive, up to what the header announces: nothing is allocated on the word of a header.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import IdxError, TrailingDataError, TruncatedError
from ..format import Header
from ..storage.source import Source
from ..storage.streams import StreamSource
from . import in_order
from .request import Request

# Compressed bytes that are read at a time. The first piece is enough for an IDX header, unless the
# format has larger blocks; each further piece is twice as large as the one before, up to PIECE.
FIRST_PIECE = 4 << 10
PIECE = 64 << 10
# Bytes that are unpacked at a time: few enough that Ctrl-C does not wait long.
UNPACKED_PIECE = 256 << 10


class Decoder(Protocol):
    """What unpacks one compressed stream: `lzma.LZMADecompressor` or `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class Codec(NamedTuple):
    """A compressed format. A file holds one or more streams of it, one after another.

    Attributes
    ----------
    name : str
    magic : bytes
        What each stream starts with.
    error : type
        What `decompress` raises if the data are damaged.
    new_decoder : callable
        Makes a decoder for the next stream.
    padding : int
        Zero bytes may follow a stream, in multiples of this number; 0 if none may follow.
    fault : callable
        Says what is wrong with a stream that can be unpacked nevertheless; None if nothing is.
    """

    name: str
    magic: bytes
    error: type[Exception]
    new_decoder: Callable[[], Decoder]
    padding: int = 0
    fault: Callable[[Any], str | None] = lambda _decoder: None


def read(source: Source | StreamSource, codec: Codec, request: Request) -> np.ndarray[Any, Any]:
    """Read a whole file of a compressed format, to the end of its last stream."""
    unpacked = Unpacked(source, codec)
    stream = StreamSource(unpacked, source.name, owned=True)
    try:
        return in_order.read(stream, request._replace(unpacked_from=codec.name))
    except IdxError as error:
        is_wrong_size = isinstance(error, (TruncatedError, TrailingDataError))
        if is_wrong_size and error.position is None:
            # So far, the offset counts unpacked bytes.
            error.offset, error.position = unpacked.offset, error.offset
        if isinstance(source, StreamSource):
            stream.argument, stream.is_content = source.argument, source.is_content
            source.unpacked = stream, unpacked.streams
        else:
            stream.__exit__()
        raise


def read_header(source: Source | StreamSource, codec: Codec) -> Header:
    """Read the header alone; what follows it may be missing or damaged."""
    stream = StreamSource(Unpacked(source, codec), source.name, owned=False)
    return in_order.read_header(stream)


def import_module(name: str, what: str, filename: str) -> Any:
    """Import a module of the standard library that not every Python has.

    Raises
    ------
    IdxError
        If it is missing.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise IdxError(
            f"{what} files are read with the module {name}, which this Python was built without",
            part="container",
            filename=filename,
            offset=0,
            expected="a raw or gzip file",
            found=what,
        ) from error


class Unpacked:
    """The unpacked bytes of a compressed file, to be read in order.

    Parameters
    ----------
    source : Source or StreamSource
        Starts with a stream of the format.
    codec : Codec

    Attributes
    ----------
    streams : int
        How many streams have been entered.
    """

    def __init__(self, source: Source | StreamSource, codec: Codec) -> None:
        self._source = source
        self._codec = codec
        self._decoder = codec.new_decoder()
        self.streams = 1
        self._size = FIRST_PIECE
        self._piece = b""  # read, and not yet given to the decoder
        self._fed = 0  # the offset in the file of what the decoder was given last
        self._offset = 0  # the offset in the file of what is read next
        self._position = 0  # how many bytes have been unpacked

    def read(self, size: int) -> bytes:
        """The next bytes, at least one and at most `size`; none at the end of the file.

        Raises
        ------
        IdxError
            If the compressed data are damaged.
        TruncatedError
            If the file ends inside a stream.
        TrailingDataError
            If something else follows the last stream.
        """
        while not self._decoder.eof or self._enter():
            data = self._decode(min(size, UNPACKED_PIECE))
            if data:
                self._position += len(data)
                return data
        return b""

    @property
    def may_wait(self) -> bool:
        """As for `StreamSource`."""
        return isinstance(self._source, StreamSource) and self._source.may_wait

    @property
    def has_arrived(self) -> bool:
        """As for `StreamSource`: whether a byte can be unpacked from what has been read."""
        return not (self._decoder.eof or self._decoder.needs_input)

    @property
    def offset(self) -> int:
        """How many bytes of the file have been read, without those after the current stream."""
        return self._offset - len(self._decoder.unused_data)

    def close(self) -> None:
        """Free the decoder's memory, even if an error refers to this object."""
        self._decoder = self._codec.new_decoder()

    def _decode(self, size: int) -> bytes:
        packed = b""
        if self._decoder.needs_input:
            packed, self._piece = self._piece or self._fetch(), b""
            if not packed:
                raise TruncatedError(
                    f"{self._codec.name} stream {self.streams} is cut short; "
                    "the file is truncated or still downloading",
                    part="container",
                    filename=self._source.name,
                    offset=self._offset,
                    position=self._position,
                    expected="the end of the stream",
                    found="the end of the file",
                )
            self._fed = self._offset - len(packed)
        try:
            data = self._decoder.decompress(packed, size)
        except self._codec.error as error:
            raise self._damaged(str(error)) from error
        fault = self._codec.fault(self._decoder)
        if fault is not None:
            raise self._damaged(fault)
        return data

    def _enter(self) -> bool:
        """Go on to the next stream; False at the end of the file."""
        codec = self._codec
        rest, padding = self._decoder.unused_data, 0
        while True:
            if codec.padding:
                size = len(rest)
                rest = rest.lstrip(b"\0")
                padding += size - len(rest)
            more = b"" if len(rest) >= len(codec.magic) else self._fetch()
            if not more:
                break
            rest += more
        if codec.padding and padding % codec.padding:
            raise self._trailing(rest, f"{padding:,} bytes of padding")
        if not rest:
            return False
        if rest[: len(codec.magic)] != codec.magic[: len(rest)]:
            raise self._trailing(rest, rest[:4].hex(" "))
        self._decoder = codec.new_decoder()
        self.streams += 1
        self._piece = rest
        return True

    def _fetch(self) -> bytes:
        """The next bytes of the file; none at its end."""
        source, size = self._source, self._size
        if isinstance(source, StreamSource):
            piece = source.read(size)
        else:
            piece = source.read(size, self._offset)
        self._offset += len(piece)
        self._size = min(2 * size, PIECE)
        return piece

    def _damaged(self, reason: str) -> IdxError:
        return IdxError(
            f"{self._codec.name} stream {self.streams} cannot be unpacked: {reason}",
            part="container",
            filename=self._source.name,
            offset=self._fed,
            position=self._position,
            expected=f"an undamaged {self._codec.name} stream",
            found=reason,
        )

    def _trailing(self, rest: bytes, found: str) -> TrailingDataError:
        return TrailingDataError(
            f"something else follows {self._codec.name} stream {self.streams}",
            part="end",
            filename=self._source.name,
            offset=self._offset - len(rest),
            position=self._position,
            expected="the end of the file or another stream",
            found=found,
        )
