"""BGZF files (the SAM/BAM specification, section 4.1). Any block can be decoded by itself.

Each block states its own size in its header, and the size of its data at its end. So the blocks are
found by hopping from one to the next, or by tables of their sizes if the file has any. A part of
the stream is read by decoding the blocks that hold it. Every block is verified when it is decoded.
"""

from __future__ import annotations

import numpy as np

from ..errors import ChecksumError
from ..native.inflate import decode_members, find_bgzf_blocks
from ..storage.kept import Kept
from ..storage.source import Source
from ..typing import Memory
from .block_tables import BlockSizes, Sizes, from_list, join
from .members import BGZF_HEADER_SIZE, BGZF_MAX_SIZE, MAGIC, TRAILER_SIZE, is_bgzf
from .writer import BGZF_END, EMPTY_MEMBER

# How many compressed bytes are read at a time to decode them.
STEP = 1 << 20
# How many bytes are read at each hop: the end of a block, and many blocks after it if these are
# small. Reading a file of larger blocks as a whole took three times as long.
WALKED = 4 << 10
# How many sizes are listed before they become an array, which takes an eighth of the memory.
LISTED = 64 << 10
# The first bytes of a block with more than one extra field, and those of its first field.
TABLE = MAGIC + b"\x08\x04BC\x02\x00"
# About how many bytes of memory keeping a block takes besides its data.
OVERHEAD = 512


class Blocks:
    """The blocks of a BGZF file.

    Parameters
    ----------
    source : Source
    sizes : BlockSizes
        The sizes of all blocks that have data, from the start of the file on.
    kept : Kept
        Keeps the data of blocks that have been decoded.
    """

    def __init__(self, source: Source, sizes: BlockSizes, kept: Kept) -> None:
        self._source = source
        self._kept = kept
        # Where each block starts in the file, and where its data start in the unpacked stream.
        self._starts, self._positions = map(_sums, sizes)

    @property
    def size(self) -> int:
        """How many bytes the unpacked stream has."""
        return int(self._positions[-1])

    @property
    def sizes(self) -> BlockSizes:
        """The sizes of all blocks."""
        return BlockSizes(np.diff(self._starts), np.diff(self._positions))

    def over(self, source: Source) -> Blocks:
        """The same blocks, read from another source, which holds some of the file's bytes."""
        blocks = Blocks.__new__(Blocks)
        vars(blocks).update(vars(self), _source=source)
        return blocks

    def ranges(self, starts: Sizes, stops: Sizes) -> tuple[Sizes, Sizes]:
        """Where in the file the blocks of each part of the stream start and end.

        A part within one block needs no byte of the file if the data of this block have been kept.
        """
        first = np.searchsorted(self._positions, starts, "right") - 1
        after = np.searchsorted(self._positions, stops, "left")
        for part, block in enumerate(first.tolist()):
            if after[part] == block + 1 and self._kept.get(block) is not None:
                after[part] = block
        return self._starts[first], self._starts[np.maximum(first, after)]

    def read_into(self, memory: Memory, start: int) -> None:
        """Fill memory with the stream from a position on; the stream is known to be long enough.

        Raises
        ------
        ChecksumError
            If one of the blocks is damaged.
        """
        block = int(self._positions.searchsorted(start, "right")) - 1
        after = int(self._positions.searchsorted(start + len(memory), "left"))
        while block < after:
            stop = after
            if after - block > 1:
                stop = int(self._starts.searchsorted(self._starts[block] + STEP, "right")) - 1
                stop = min(after, max(stop, block + 1))
            self._read_blocks(memory, start, block, stop)
            block = stop

    def _read_blocks(self, memory: Memory, start: int, block: int, stop: int) -> None:
        """Fill the part of memory that the blocks from `block` to before `stop` hold."""
        while block < stop and self._copy_kept(memory, start, block):
            block += 1
        while block < stop and self._copy_kept(memory, start, stop - 1):
            stop -= 1
        if block == stop:
            return
        ends, positions = self._ends(block, stop)
        packed = self._read(block, ends, positions)
        # All data of the blocks from `whole` to before `partial` are needed. At most one other
        # block comes before these, and one after.
        count = stop - block
        whole = int(positions[0] < start)
        partial = max(count - int(positions[-1] > start + len(memory)), whole)
        for part in (*range(whole), *range(partial, count)):
            size = positions[part + 1] - positions[part]
            data: Memory = np.empty(size, np.uint8)
            self._decode(packed, ends[part], ends[part + 1], data, block + part, 1)
            self._kept.put(block + part, data, size + OVERHEAD)
            _copy(data, memory, positions[part] - start)
        if whole < partial:
            data = memory[positions[whole] - start : positions[partial] - start]
            more = block + whole, partial - whole
            self._decode(packed, ends[whole], ends[partial], data, *more)

    def _ends(self, block: int, stop: int) -> tuple[list[int], list[int]]:
        """Where the blocks from `block` to before `stop` start and end.

        Returns
        -------
        list of int
            From the start of the first of them on.
        list of int
            In the unpacked stream.
        """
        starts = self._starts[block : stop + 1]
        return (starts - starts[0]).tolist(), self._positions[block : stop + 1].tolist()

    def _copy_kept(self, memory: Memory, start: int, block: int) -> bool:
        """Fill the part of memory that a block holds, if the block's data have been kept."""
        data: Memory | None = self._kept.get(block)
        if data is not None:
            _copy(data, memory, int(self._positions[block]) - start)
        return data is not None

    def _read(self, block: int, ends: list[int], positions: list[int]) -> bytes:
        """Read the blocks from `block` on, and check that they state the sizes that are known."""
        packed = self._source.read(ends[-1], int(self._starts[block]))
        found = list_blocks(packed)
        for number, (end, after) in enumerate(zip(ends[1:], positions[1:], strict=True)):
            if found[number : number + 1] != [(end, after - positions[number])]:
                raise self._damaged(block + number)
        return packed

    def _decode(
        self, packed: bytes, start: int, stop: int, memory: Memory, block: int, count: int
    ) -> None:
        """Decode `count` blocks, from `block` on, into memory of the size of their data."""
        decoded, end, size = decode_members(packed, start, stop, memory, 0)
        if (decoded, end, size) != (count, stop, len(memory)):
            raise self._damaged(block + decoded)

    def _damaged(self, block: int) -> ChecksumError:
        start, position = int(self._starts[block]), int(self._positions[block])
        return ChecksumError(
            f"BGZF block {block} is damaged, or has changed since the file was opened",
            part="container",
            filename=self._source.name,
            offset=start,
            position=position,
            expected="a whole block with the right sizes and CRC-32",
            found="a damaged one",
        )


def _sums(sizes: Sizes) -> Sizes:
    """The running total of the sizes, which starts with 0."""
    sums: Sizes = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=sums[1:])
    return sums


def find_blocks(source: Source, kept: Kept) -> Blocks | None:
    """Find the blocks of a file; None if it does not consist of BGZF blocks alone.

    The sizes that the blocks state are taken as they are; decoding a block verifies its sizes.
    """
    sizes, end = walk(source)
    return Blocks(source, sizes, kept) if end == source.size else None


def walk(source: Source) -> tuple[BlockSizes, int]:
    """The sizes that the blocks of a file state, from its start on as far as there are blocks.

    Returns
    -------
    BlockSizes
        Of all whole blocks, empty ones included.
    int
        Where they end.
    """
    parts: list[BlockSizes] = []
    sizes: list[tuple[int, int]] = []
    piece, start, at = source.read(WALKED, 0), 0, 0
    while True:
        if len(sizes) >= LISTED:
            parts.append(from_list(sizes))
            sizes = []
        header = piece[at - start : at - start + BGZF_HEADER_SIZE]
        if len(header) < BGZF_HEADER_SIZE and start < at:
            piece, start = source.read(WALKED, at), at
            continue
        stop = at + _stated_size(header)
        if at == stop or stop > source.size:
            break
        if stop - start > len(piece):
            start = stop - len(EMPTY_MEMBER)
            piece = source.read(WALKED, start)
            found = _unpacked_size(header, piece[: len(EMPTY_MEMBER)])
            if found is None:
                break
            sizes.append((stop - at, found))
            at = stop
            continue
        blocks = list_blocks(piece[at - start :])
        if not blocks:
            break
        first = at
        for end, unpacked in blocks:
            sizes.append((first + end - at, unpacked))
            at = first + end
    return join([*parts, from_list(sizes)]), at


def list_blocks(data: bytes) -> list[tuple[int, int]]:
    """Where each whole block ends, and its stated size of data; stops at the first other bytes."""
    blocks: list[tuple[int, int]] = []
    at = 0
    while True:
        for end, unpacked in find_bgzf_blocks(data, at, len(data), 1, 1):
            if not unpacked and data[at + BGZF_HEADER_SIZE : end] != EMPTY_MEMBER:
                return blocks
            blocks.append((end, unpacked))
            at = end
        header = data[at : at + BGZF_HEADER_SIZE]
        stop = at + _stated_size(header)
        if stop == at or _unpacked_size(header, data[stop - len(EMPTY_MEMBER) : stop]) is None:
            return blocks
        blocks.append((stop, 0))
        at = stop


def _stated_size(header: bytes) -> int:
    """The size that the header of a block states; 0 if this is not such a header.

    The header may be one with more extra fields, as tables have.
    """
    if len(header) < BGZF_HEADER_SIZE:
        return 0
    extra, size = (int.from_bytes(header[at : at + 2], "little") for at in (10, 16))
    size += 1
    if is_bgzf(header):
        return size if size >= BGZF_HEADER_SIZE + TRAILER_SIZE else 0
    is_empty = header[:4] + header[12:16] == TABLE and size == 12 + extra + len(EMPTY_MEMBER)
    return size if is_empty else 0


def _unpacked_size(header: bytes, end: bytes) -> int | None:
    """The size that a block's last bytes state for its data; None if no block ends like this.

    An empty block is never decoded, so only the one usual form of it is accepted.
    """
    is_plain = header[10:12] == BGZF_END[10:12]
    size = int.from_bytes(end[-4:], "little")
    if size:
        return (
            size if is_plain and size <= BGZF_MAX_SIZE and len(end) == len(EMPTY_MEMBER) else None
        )
    is_short = not is_plain or header[16:] == BGZF_END[16:BGZF_HEADER_SIZE]
    return 0 if is_short and end == EMPTY_MEMBER else None


def _copy(data: Memory, memory: Memory, at: int) -> None:
    """Copy data to a place in memory, as far as they lie in it; the place may be negative."""
    piece = data[max(-at, 0) : len(memory) - at]
    at = max(at, 0)
    memory[at : at + len(piece)] = piece
