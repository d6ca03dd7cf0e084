"""What can only be read in order: pipes, sockets, and any other object with ``read``."""

from __future__ import annotations

import io
import sys
from typing import Any, cast

from ..errors import name_file, printable
from ..threads.importing import importing
from .identity import ObjectVersion
from .pread import MAX_READ

# A read of at most this many bytes from a buffered file finds out how many bytes are in the buffer.
_SMALL = 512


class StreamSource:
    """An object with ``read`` or ``readinto``, of unknown size, read in order.

    The object may return fewer bytes than asked for. If it returns None, as a non-blocking file
    without data does, that is a `BlockingIOError`, not the end. Nothing is read after the end,
    because a terminal would wait for more.

    Attributes
    ----------
    name : str
    position : int
        How many bytes have been read, without those that were put back.
    unpacked : tuple or None
        Set if the stream is compressed, and the file in it was refused: a `StreamSource` of the
        unpacked bytes, and how many compressed streams they come from.
    argument : str or None
    is_content : bool
        As for `MemorySource`. Unpacked bytes have those of the compressed source.
    identity : ObjectVersion or None
        How the file is recognised when another process opens it; None if it cannot be.
    """

    __slots__ = (
        "_buffered", "_file", "_has_ended", "_owned", "_unread", "argument", "identity",
        "is_content", "name", "position", "size", "unpacked",
    )  # fmt: skip

    def __init__(
        self,
        file: Any,
        name: str,
        *,
        owned: bool,
        argument: str | None = None,
        is_content: bool = False,
    ) -> None:
        self.argument = argument
        self.is_content = is_content
        self.identity: ObjectVersion | None = None
        self._file = file
        self._owned = owned
        self._unread: list[memoryview] = []  # what has been read and put back, in order
        self._has_ended = False
        self._buffered = 0  # how many bytes are known to be in the file object's own buffer
        self.name = name
        self.position = 0
        self.unpacked: tuple[StreamSource, int] | None = None
        self.size = None

    def __enter__(self) -> StreamSource:
        return self

    def __exit__(self, *_: object) -> None:
        self._unread.clear()
        if self.unpacked is not None:
            self.unpacked[0].__exit__()
        if self._owned:
            self._file.close()

    def consume(self) -> None:
        """Do nothing: what has been read of a stream is consumed."""

    def peek(self, count: int) -> bytes:
        """The next bytes, `count` or all that are left. They stay unread."""
        start = self.read(count)
        self.put_back(start)
        return start

    def peek_arrived(self, count: int) -> bytes:
        """As `read_arrived`, but the bytes stay unread."""
        start = self.read_arrived(count)
        self.put_back(start)
        return start

    def put_back(self, *pieces: bytes | memoryview) -> None:
        """Put back the bytes that were read last, in their order, so that they are read next."""
        views = [memoryview(piece) for piece in pieces]
        self._unread[:0] = views
        self.position -= sum(map(len, views))

    def read(self, count: int) -> bytes:
        """The next bytes: `count`, or fewer at the end."""
        memory = bytearray(count)
        return bytes(memory[: self.read_into(memoryview(memory))])

    def read_arrived(self, count: int) -> bytes:
        """The next bytes, at most `count`, without waiting for any that have not arrived.

        An object that cannot tell, because it is no file, counts as one where nothing has arrived.
        """
        memory = bytearray(count)
        return bytes(memory[: self.read_into(memoryview(memory), is_patient=False)])

    @property
    def may_wait(self) -> bool:
        """Whether reading may have to wait for a sender."""
        may_wait: bool = getattr(self._file, "may_wait", True)
        return may_wait

    @property
    def has_arrived(self) -> bool:
        """Whether the next byte, or the end, is known to be there."""
        if self._unread or self._has_ended or not self.may_wait:
            return True
        if hasattr(self._file, "has_arrived"):  # what is unpacked from a stream
            return cast("bool", self._file.has_arrived)
        if isinstance(self._file, io.BufferedReader):
            return self._buffered > 0
        if not isinstance(self._file, io.RawIOBase):  # others may read on until they have enough
            return False
        with importing:
            import select  # needed only for files that do not start like IDX

        try:
            if not hasattr(select, "poll"):  # on Windows, for sockets
                return bool(select.select([self._file], [], [], 0)[0])
            poll = select.poll()  # unlike `select`, also for descriptors above 1,023
            poll.register(self._file, select.POLLIN)
            return any(event & (select.POLLIN | select.POLLHUP) for _, event in poll.poll(0))
        except (OSError, TypeError, ValueError):
            return False  # no descriptor, or one of a kind that these calls do not take

    def read_into(self, buffer: memoryview, *, is_patient: bool = True) -> int:
        """Fill a buffer with the next bytes, as far as there are any; return how many.

        If it is not patient, only with bytes that have arrived.
        """
        done = 0
        while self._unread and done < len(buffer):
            put_back = self._unread.pop(0)
            taken = min(len(put_back), len(buffer) - done)
            buffer[done : done + taken] = put_back[:taken]
            done += taken
            if taken < len(put_back):
                self._unread.insert(0, put_back[taken:])
        while done < len(buffer) and not self._has_ended and (is_patient or self.has_arrived):
            piece = buffer[done : done + MAX_READ]
            if isinstance(self._file, io.BufferedReader):
                if not is_patient:
                    piece = piece[: self._buffered]
                elif len(piece) <= _SMALL:
                    self._buffered = len(self._file.peek(1))
            count = self._read_some(piece)
            if count is None:
                raise BlockingIOError(
                    f"{printable(self.name)}: the non-blocking file has no data yet"
                )
            if not 0 <= count <= len(piece):
                raise OSError(
                    f"{printable(self.name)}: read {count} bytes where {len(piece)} were asked for"
                )
            self._has_ended = count == 0
            self._buffered = max(self._buffered - count, 0)
            done += count
        self.position += done
        return done

    def _read_some(self, piece: memoryview) -> int | None:
        try:
            return self._read_from_object(piece)
        except OSError as error:
            if self._owned:
                name_file(error, self.name)
            raise

    def _read_from_object(self, piece: memoryview) -> int | None:
        if hasattr(self._file, "readinto"):
            return cast("int | None", self._file.readinto(piece))
        data = self._file.read(len(piece))
        if isinstance(data, str):
            raise TypeError(f"{printable(self.name)} reads text; open it in binary mode")
        if data is not None and len(data) <= len(piece):
            piece[: len(data)] = data
        return None if data is None else len(data)


class ForwardSource:
    """A `StreamSource` with the methods of a `FileSource`, for readers that never go back.

    Parameters
    ----------
    stream : StreamSource

    Attributes
    ----------
    name : str
    size : int
        No limit: the size is not known.
    """

    __slots__ = ("_offset", "_stream", "name", "size")

    def __init__(self, stream: StreamSource) -> None:
        self._stream = stream
        self._offset = 0
        self.name = stream.name
        self.size = sys.maxsize

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer with what comes next, as far as there is any; return how many bytes."""
        assert offset == self._offset
        count = self._stream.read_into(buffer)
        self._offset += count
        return count
