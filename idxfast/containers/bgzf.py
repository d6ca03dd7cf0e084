"""The payload of seekable gzip files (BGZF), read by decoding the blocks that hold it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TrailingDataError, TruncatedError
from ..format import Header
from ..gzip.blocks import Blocks, find_blocks
from ..storage.kept import Kept
from ..storage.source import FileSource
from ..typing import Memory
from .arrays import bytes_of
from .payload import check_state


class BlockPayload:
    """The payload of a BGZF file.

    Parameters
    ----------
    source : FileSource
    blocks : Blocks
    header : Header
    state : tuple
        As for `RawPayload`.
    """

    def __init__(
        self, source: FileSource, blocks: Blocks, header: Header, state: tuple[int, int]
    ) -> None:
        self._source = source
        self._blocks = blocks
        self._offset = header.offset
        self._state = state

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """See `Payload`.

        Raises
        ------
        ChecksumError
            If a block is damaged.
        IdxError
            If the file has been written to since it was opened.
        """
        self._blocks.read_into(bytes_of(array), self._offset + start)
        check_state(self._source, self._state)

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """See `Payload`; errors as in `read_into`.

        Rows are read in the order of the file, so that each block is decoded once.
        """
        for place in np.argsort(rows, kind="stable").tolist():
            start = self._offset + int(rows[place]) * size
            self._blocks.read_into(memory[place * size : (place + 1) * size], start)
        check_state(self._source, self._state)


def open_blocks(
    source: FileSource, header: Header, state: tuple[int, int], kept: Kept
) -> BlockPayload | None:
    """The payload of a file of BGZF blocks; None if it is an ordinary gzip file.

    Parameters
    ----------
    source, header, state
        As for `BlockPayload`.
    kept : Kept
        Keeps the data of blocks that have been decoded.

    Raises
    ------
    TruncatedError, TrailingDataError
        If the blocks do not hold as many bytes as the header announces.
    """
    blocks = find_blocks(source, kept)
    if blocks is None:
        return None
    total = header.offset + header.nbytes
    if blocks.size != total:
        error = TruncatedError if blocks.size < total else TrailingDataError
        raise error(
            "the blocks do not hold exactly the bytes that the header announces",
            part="payload" if blocks.size < total else "end",
            filename=source.name,
            offset=source.size,
            position=min(blocks.size, total),
            expected=total,
            found=blocks.size,
        )
    return BlockPayload(source, blocks, header, state)
