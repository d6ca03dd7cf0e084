"""Write the items of a new file, raw or in the seekable form of gzip."""

from __future__ import annotations

import contextlib
from typing import Any, cast

import numpy as np

from ..format import Header, pack
from ..gzip.block_tables import from_list, join, list_sizes, pack_tables, sizes_of
from ..gzip.seekable import choose_block_size, pack_header_block
from ..gzip.writer import BGZF_END, encode_blocks
from ..storage.in_place import write_at
from ..storage.write_out import WriteOut
from ..threads.count import choose_threads
from .saving import payload

# About how many bytes are encoded at a time: enough to choose the encoding by samples, and to
# occupy several threads.
ENCODED = 8 << 20


class NewRawItems:
    """The items of a new raw file.

    Parameters
    ----------
    descriptor : int
        Of the file, which is empty.
    header : Header
        With any number of items.
    """

    def __init__(self, descriptor: int, header: Header) -> None:
        self._descriptor = descriptor
        self._write_out = WriteOut(descriptor)
        self._header = header
        self._item_size = Header(header.dtype, header.shape[1:]).nbytes

    def put(self, items: np.ndarray[Any, Any], start: int) -> None:
        """Write items. The first has the number `start`."""
        position = self._header.offset + start * self._item_size
        for piece in payload(items, self._header.dtype):
            write_at(self._descriptor, piece, position)
            position += len(piece)
            self._write_out.reach(position)

    def finish(self, header: Header) -> None:
        """Write the header."""
        write_at(self._descriptor, pack(header), 0)


class NewSeekableItems:
    """The items of a new seekable gzip file. They are collected until they fill some blocks.

    Parameters
    ----------
    descriptor, header
        As for `NewRawItems`.
    level : int
        As for `encode_blocks`.
    """

    def __init__(self, descriptor: int, header: Header, level: int) -> None:
        self._descriptor = descriptor
        self._write_out = WriteOut(descriptor)
        self._dtype = header.dtype
        self._level = level
        self._block_size = choose_block_size(Header(header.dtype, header.shape[1:]).nbytes)
        self._collected = np.empty(ENCODED // self._block_size * self._block_size, np.uint8)
        self._count = 0  # of collected bytes
        first = pack_header_block(pack(header))
        self._parts = [sizes_of(first)]
        self._end = len(first)

    def put(self, items: np.ndarray[Any, Any], _start: int) -> None:
        """Write items after those that were put before."""
        for piece in payload(items, self._dtype):
            at = 0
            while at < len(piece):
                some = piece[at : at + len(self._collected) - self._count]
                self._collected[self._count : self._count + len(some)] = some
                self._count += len(some)
                at += len(some)
                if self._count == len(self._collected):
                    self._encode()

    def finish(self, header: Header) -> None:
        """Write the last items, the tables, and the block of the header."""
        self._encode()
        self._write(pack_tables(join(self._parts)) + BGZF_END)
        write_at(self._descriptor, pack_header_block(pack(header)), 0)

    def _encode(self) -> None:
        data = self._collected[: self._count]
        blocks = encode_blocks(data, self._level, choose_threads(None), self._block_size)
        # Sizes are kept until the end. As arrays for each block, they would take 440 bytes a block.
        sizes = []
        with contextlib.closing(blocks):
            for piece in blocks:
                packed = cast("bytes", piece)
                self._write(packed)
                sizes += list_sizes(packed)
        self._parts.append(from_list(sizes))
        self._count = 0

    def _write(self, data: bytes) -> None:
        write_at(self._descriptor, data, self._end)
        self._end += len(data)
        self._write_out.reach(self._end)
