"""The payload of seekable gzip files (BGZF), read by decoding the blocks that hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from ..errors import ChecksumError, IdxError
from ..format import Header, pack, parse
from ..gzip.block_tables import find_tables
from ..gzip.blocks import Blocks, find_blocks, walk
from ..gzip.seekable import count_blocks, unpack_header_block
from ..storage.identity import State
from ..storage.kept import Kept
from ..storage.source import FileSource, PartialSource, Source
from ..typing import Memory
from .arrays import bytes_of
from .payload import MAX_ROWS, check_state
from .ratio import check_ratio
from .stated import as_stated

Positions: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


class BlockPayload:
    """The payload of a BGZF file.

    Parameters
    ----------
    source : PartialSource
    blocks : Blocks
    header : Header
    state : tuple
        As for `RawPayload`.
    has_tables : bool
        Whether the sizes of the blocks come from the file's tables.
    """

    def __init__(
        self,
        source: PartialSource,
        blocks: Blocks,
        header: Header,
        state: State,
        *,
        has_tables: bool,
    ) -> None:
        self._source = source
        self._blocks = blocks
        self._offset = header.offset
        self._state = state
        self._has_tables = has_tables

    def read_into(self, array: np.ndarray[Any, Any], start: int) -> None:
        """See `Payload`.

        Raises
        ------
        ChecksumError
            If a block is damaged.
        IdxError
            If the file has been written to since it was opened.
        """
        start += self._offset
        for blocks, _, _ in self._fetch(np.array([start]), np.array([start + array.nbytes])):
            blocks.read_into(bytes_of(array), start)
        check_state(self._source, self._state)

    def read_rows(self, memory: Memory, size: int, rows: np.ndarray[Any, Any]) -> None:
        """See `Payload`; errors as in `read_into`.

        Rows are read in the order of the file, so that each block is decoded once.
        """
        order = np.argsort(rows, kind="stable")
        starts = self._offset + rows[order] * size
        for blocks, first, last in self._fetch(starts, starts + size):
            for at in range(first, last, MAX_ROWS):
                some = slice(at, min(at + MAX_ROWS, last))
                for place, start in zip(order[some].tolist(), starts[some].tolist(), strict=True):
                    blocks.read_into(memory[place * size : (place + 1) * size], start)
        check_state(self._source, self._state)

    def _fetch(self, starts: Positions, stops: Positions) -> Iterator[tuple[Blocks, int, int]]:
        """Yield blocks, and the range of the parts to read from them: its first number and its end.

        The parts of the stream are in ascending order.
        """
        if isinstance(self._source, FileSource):
            yield self._blocks, 0, len(starts)
            return
        ranges = self._blocks.ranges(starts, stops)
        for source, first, last in self._source.fetch(*ranges):
            yield self._blocks.over(source), first, last

    def find_row_ends(self, size: int) -> Positions:
        """The numbers of rows after which a block ends. A row has `size` bytes."""
        if not size:
            return np.zeros(1, np.int64)
        ends = np.cumsum(self._blocks.sizes.unpacked) - self._offset
        rows: Positions = ends[(ends >= 0) & (ends % size == 0)] // size
        return rows

    def verify_tables(self) -> None:
        """Compare the tables of the file with all its blocks.

        Raises
        ------
        ChecksumError
            If they do not list exactly the blocks that other readers find.
        """
        if not self._has_tables:
            return
        sizes, _ = walk(self._source.in_order())
        check_state(self._source, self._state)
        listed, found = np.stack(self._blocks.sizes, 1), np.stack(sizes, 1)[sizes.unpacked > 0]
        count = min(len(listed), len(found))
        differing = np.flatnonzero((listed[:count] != found[:count]).any(1))
        if not len(differing) and len(listed) == len(found):
            return
        block = int(differing[0]) if len(differing) else count
        raise ChecksumError(
            f"BGZF block {block} of the file is not the one that the file's tables list",
            part="container",
            filename=self._source.name,
            offset=int(listed[:block, 0].sum()),
            position=int(listed[:block, 1].sum()),
            expected="the sizes of a block of the file",
            found="{:,} bytes with {:,} bytes of data".format(*listed[block]),
        )


def open_blocks(
    source: PartialSource, start: bytes, header: Header, state: State, kept: Kept
) -> BlockPayload | None:
    """The payload of a file of BGZF blocks; None if it has to be read as an ordinary gzip file.

    Parameters
    ----------
    source, header, state
        As for `BlockPayload`.
    start : bytes
        The first bytes of the file.
    kept : Kept
        Keeps the data of blocks that have been decoded.

    Raises
    ------
    TruncatedError
        If the file is too small for what the header announces.
    ChecksumError
        If the block of the header is damaged. If the header is stated, this block is not looked at.
    """
    check_ratio(source, header)
    blocks = find_listed_blocks(source, start, header, kept)
    if blocks is not None:
        return BlockPayload(source, blocks, header, state, has_tables=True)
    if not isinstance(source, FileSource):
        return None  # the blocks are found only by reading the whole file
    blocks = find_all_blocks(source, header, kept)
    if blocks is None:
        return None
    if as_stated(header) is None:
        # Later reads may never touch the block of the header, so it is verified here.
        blocks.read_into(np.empty(header.offset, np.uint8), 0)
    return BlockPayload(source, blocks, header, state, has_tables=False)


def find_listed_blocks(source: Source, start: bytes, header: Header, kept: Kept) -> Blocks | None:
    """The blocks that the tables of a file list; None if it has none that can be believed."""
    block = unpack_header_block(start)
    try:
        own = parse(block or b"", source.name)
    except IdxError:
        return None
    if block != pack(own) or (as_stated(header) is None and own != header):
        return None
    # How the stream is cut depends on the file's own header, even if the caller states another one.
    total = header.offset + header.nbytes
    listed = find_tables(source, count_blocks(max(total - own.offset, 0), own.item_nbytes))
    if listed is None or listed.unpacked.sum() != total:
        return None
    return Blocks(source, listed, kept)


def find_all_blocks(source: Source, header: Header, kept: Kept) -> Blocks | None:
    """The blocks of a file; None if they do not state what its header announces.

    Other readers do not look at what the blocks state, so only decoding tells what they hold.
    """
    blocks = find_blocks(source, kept)
    return blocks if blocks is not None and blocks.size == header.offset + header.nbytes else None
