"""Add items to a raw file in place.

The items are written after the payload. The header, which states their number, is written last. If
a process is killed in between, the file has items that its header does not count. By the size
alone, such a file cannot be told from one with a wrong header, whose further bytes are somebody's
data. So the file is marked before anything else is written: `INTERRUPTED` takes the place of the
two zero bytes at its start. The mark is on the disk before the items are written, because the
system may otherwise change the order. Only what follows the payload of a marked file is ever cut
off.

The items are on the disk before the header. One write of eight bytes at the start of the file
removes the mark and states the new count: this is the commit.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from ..containers.header import parse_header
from ..diagnosis.size import trailing, truncated
from ..errors import TrailingDataError
from ..format import INTERRUPTED, MAX_HEADER_SIZE, Header
from ..native.files import MAX_APPENDED
from ..storage.in_place import append_items, cut, is_as_before, write_at
from ..storage.pread import read_at
from .items import check_dimensions, size_of
from .saving import has_type, payload

_ZEROS = bytes(len(INTERRUPTED))
# Where the number of items is in the header, and how many bytes a commit writes.
_COUNT, _COMMITTED = 4, 8


class RawItems:
    """A raw file to which items are added; see `Items`."""

    dtype: np.dtype[Any]
    item_shape: tuple[int, ...]

    def __init__(self, descriptor: int, filename: str) -> None:
        self._descriptor = descriptor
        self._filename = filename
        # The bytes of the header, and where the payload ends: none before the first look.
        self._start = b""
        self._end = 0
        # The format of an element, as the buffers of numpy's arrays state it.
        self._format = b""

    @property
    def count(self) -> int:
        """How many items there were at the last look, or after the last commit since then."""
        return int.from_bytes(self._start[_COUNT:_COMMITTED])

    def extend_at_once(self, array: Any) -> bool:
        """Look at the file, add items and commit them, all in one call, if this is possible.

        The order of the writes is that of `extend`.

        Returns
        -------
        bool
            False if nothing was written. The file was changed by somebody else, or the array is too
            large, does not fit, or cannot be written as it is.

        Raises
        ------
        OSError
            If the system refuses. The file is then as before, or marked.
        """
        if type(array) is not np.ndarray:
            return False
        if array.dtype != self.dtype:
            is_swapped = has_type(array.dtype) and array.dtype.newbyteorder() == self.dtype
            if not is_swapped or array.nbytes > MAX_APPENDED:
                return False
            array = np.ascontiguousarray(array, self.dtype)
        start = append_items(
            self._descriptor, self._start, self._end, INTERRUPTED, self._format, array
        )
        if start is None:
            return False
        self._start = start
        self._end += array.nbytes
        return True

    def look(self) -> None:
        """Read the header, undo what a killed process has left, and check the size of the file.

        Raises
        ------
        TruncatedError
            If the payload is not whole.
        TrailingDataError
            If more bytes follow it, which no `append` has left.
        IdxError
            If the file is not IDX, has no dimensions, or was replaced or removed.
        """
        if self._start and is_as_before(self._descriptor, self._start, self._end):
            return
        size = size_of(self._descriptor, self._filename)
        start = read_at(self._descriptor, MAX_HEADER_SIZE, 0)
        is_marked = start.startswith(INTERRUPTED)
        if is_marked:
            start = _ZEROS + start[len(_ZEROS) :]
        header = parse_header(start, self._filename)
        check_dimensions(header, self._filename)
        end = header.offset + header.nbytes
        if size < end:
            raise truncated(self._filename, header, size - header.offset)
        if size > end and not is_marked:
            raise self._surplus(header, size)
        self.dtype, (_, *item_shape) = header
        self.item_shape = tuple(item_shape)
        self._format = memoryview(np.empty(0, self.dtype)).format.encode()
        self._start, self._end = start[: header.offset], end
        if is_marked:
            self._restore()

    def _surplus(self, header: Header, size: int) -> TrailingDataError:
        """The error for bytes after the payload that no append has left."""
        error = trailing(self._filename, header, size)
        return TrailingDataError(
            f"{error.reason}. They are not the rest of an interrupted append, but perhaps data, so "
            f"the file is left as it is. If they may go, os.truncate(path, {error.offset}) removes "
            "them",
            part=error.part,
            filename=error.filename,
            offset=error.offset,
            expected=error.expected,
            found=error.found,
        )

    def extend(self, items: np.ndarray[Any, Any]) -> None:
        """Add items, and commit them. After an error, the file is as before or marked.

        Raises
        ------
        OSError
            If the system refuses.
        """
        end, count = self._end, self.count + len(items)
        committed = self._start[:_COUNT] + count.to_bytes(_COMMITTED - _COUNT)
        stop = end + items.nbytes
        try:
            write_at(self._descriptor, INTERRUPTED, 0, is_awaited=True)
            for piece in payload(items, self.dtype):
                start, end = end, end + piece.nbytes
                write_at(self._descriptor, piece, start, is_awaited=end == stop)
            write_at(self._descriptor, committed, 0, is_awaited=True)
        except BaseException:
            with contextlib.suppress(OSError):
                self._restore()
            raise
        self._end = end
        self._start = committed + self._start[_COMMITTED:]

    def _restore(self) -> None:
        """Cut off what follows the payload, and then remove the mark."""
        start = self._start[:_COMMITTED]
        write_at(self._descriptor, INTERRUPTED + start[len(_ZEROS) :], 0, is_awaited=True)
        cut(self._descriptor, self._end)
        write_at(self._descriptor, start, 0, is_awaited=True)
