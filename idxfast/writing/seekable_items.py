"""Add items to a seekable gzip file in place.

New blocks overwrite the tables and the end-of-file block. New tables and a new end-of-file block
follow them. The block of the header, which states the number of items, is written last, in one
write: this is the commit.
As in a raw file, a mark is written before anything else. The mark is in the time stamp of the first
block. Readers ignore the time stamp, so the mark alone changes nothing for them.
"""

from __future__ import annotations

import contextlib
from typing import Any, BinaryIO, cast

import numpy as np

from ..containers.header import parse_header
from ..errors import IdxError
from ..format import INTERRUPTED, MAX_HEADER_SIZE, Header, pack
from ..gzip.block_tables import BlockSizes, find_tables, join, pack_tables, sizes_of
from ..gzip.blocks import Blocks, walk
from ..gzip.seekable import (
    OVERHEAD,
    choose_block_size,
    count_blocks,
    pack_header_block,
    unpack_header_block,
)
from ..gzip.writer import BGZF_END, encode_blocks
from ..storage.in_place import cut, is_as_before, write_at
from ..storage.kept import Kept
from ..storage.source import FileSource
from ..threads.count import choose_threads
from .items import check_dimensions, size_of
from .saving import DEFAULT_LEVEL, content_of

# Where the time stamp of a member is, and its value in a file without a mark.
_TIME = slice(4, 8)
_NO_TIME = bytes(4)
_MARK = INTERRUPTED.ljust(4, b"\0")
# How many bytes of data are verified at a time, so that Ctrl-C does not wait long.
_VERIFIED = 8 << 20


class SeekableItems:
    """A seekable gzip file to which items are added; see `Items`."""

    dtype: np.dtype[Any]
    item_shape: tuple[int, ...]
    count: int

    def __init__(self, file: BinaryIO, filename: str, threads: int | None) -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._filename = filename
        self._threads = threads
        # The block of the header, and the size of the file: none before the first look.
        self._block = b""
        self._size = 0

    def extend_at_once(self, _array: Any) -> bool:
        """Return False: the items have to be encoded first."""
        return False

    def look(self) -> None:
        """Read the header and the tables, and undo what a killed process has left.

        Raises
        ------
        IdxError
            If the file is not of the seekable form, is damaged, has no dimensions, or was replaced
            or removed.
        """
        if self._block and is_as_before(self._descriptor, self._block, self._size):
            return
        size = size_of(self._descriptor, self._filename)
        source = FileSource(self._file, self._filename, size, owned=False)
        start = source.read(OVERHEAD + MAX_HEADER_SIZE, 0)
        is_marked = start[_TIME] == _MARK
        content = unpack_header_block(start[: _TIME.start] + _NO_TIME + start[_TIME.stop :])
        if content is None or start[_TIME] not in (_MARK, _NO_TIME):
            raise self._refusal("another gzip file")
        header = parse_header(content, self._filename)
        if content != pack(header):
            # The block of another header would be shorter than this one.
            raise self._refusal("a first block that holds more than the header")
        check_dimensions(header, self._filename)
        block, total = pack_header_block(content), header.offset + header.nbytes
        sizes = _cut(walk(source)[0], total) if is_marked else _find(source, header)
        if sizes is None or sizes.packed[0] != len(block) or sizes.unpacked.sum() != total:
            raise self._refusal("blocks or tables that do not hold what the header announces")
        self.dtype, (self.count, *item_shape) = header
        self.item_shape = tuple(item_shape)
        self._block, self._size, self._sizes = block, size, sizes
        if is_marked:
            self._verify(source)
            self._restore()

    def _verify(self, source: FileSource) -> None:
        """Decode all blocks, before anything after them is cut off.

        The known sizes are only those that the blocks state themselves. If a block goes on after
        the end that it states, other readers find data there.

        Raises
        ------
        ChecksumError
            If a block is damaged.
        """
        blocks = Blocks(source, self._sizes, Kept(0))
        data = np.empty(min(blocks.size, _VERIFIED), np.uint8)
        for start in range(0, blocks.size, _VERIFIED):
            blocks.read_into(data[: blocks.size - start], start)

    def extend(self, items: np.ndarray[Any, Any]) -> None:
        """Add items, and commit them. After an error, the file is as before or marked.

        Raises
        ------
        OSError
            If the system refuses.
        """
        end, count = int(self._sizes.packed.sum()), self.count + len(items)
        added = Header(self.dtype, items.shape)
        size = choose_block_size(added.nbytes // len(items))
        parts = [self._sizes]
        blocks = encode_blocks(
            content_of(b"", added, items), DEFAULT_LEVEL, choose_threads(self._threads), size
        )
        try:
            # The mark is on the disk before anything else. Otherwise, after a power cut, the tables
            # could be missing without a mark. Then nothing would say that what follows the blocks
            # may be cut off.
            write_at(self._descriptor, _MARK, _TIME.start, is_awaited=True)
            with contextlib.closing(blocks):
                for piece in blocks:
                    data = cast("bytes", piece)
                    write_at(self._descriptor, data, end)
                    end += len(data)
                    parts.append(sizes_of(data))
            sizes = join(parts)
            end = self._write_end(sizes, end)
            block = pack_header_block(pack(Header(self.dtype, (count, *self.item_shape))))
            write_at(self._descriptor, block, 0, is_awaited=True)
        except BaseException:
            with contextlib.suppress(OSError):
                self._restore()
            raise
        self.count, self._block, self._size, self._sizes = count, block, end, sizes

    def _restore(self) -> None:
        """Put the tables back after the last block, and then remove the mark."""
        marked = self._block[: _TIME.start] + _MARK + self._block[_TIME.stop :]
        write_at(self._descriptor, marked, 0, is_awaited=True)
        end = int(self._sizes.packed.sum())
        cut(self._descriptor, end)
        self._size = self._write_end(self._sizes, end)
        write_at(self._descriptor, self._block, 0, is_awaited=True)

    def _write_end(self, sizes: BlockSizes, position: int) -> int:
        """Write tables and an end-of-file block, and wait for the disk; return where they end."""
        end = pack_tables(sizes) + BGZF_END
        write_at(self._descriptor, end, position, is_awaited=True)
        return position + len(end)

    def _refusal(self, found: str) -> IdxError:
        return IdxError(
            "items can be added to a gzip file only in the seekable form: "
            "save(path, load(path), seekable=True) makes it",
            part="container",
            filename=self._filename,
            offset=0,
            expected="the seekable form, whose tables list all blocks",
            found=found,
        )


def _find(source: FileSource, header: Header) -> BlockSizes | None:
    """The sizes of the blocks, from the tables of the file; None if there are none."""
    item_size = Header(header.dtype, header.shape[1:]).nbytes
    return find_tables(source, count_blocks(header.nbytes, item_size))


def _cut(sizes: BlockSizes, total: int) -> BlockSizes | None:
    """The first blocks, as many as hold `total` bytes; None if no table can list them."""
    count = int(np.searchsorted(np.cumsum(sizes.unpacked), total)) + 1
    some = BlockSizes(sizes.packed[:count], sizes.unpacked[:count])
    try:
        pack_tables(some)
    except ValueError:
        return None
    return some
