"""Tables of the sizes of BGZF blocks, so that a block is found without reading the others.

`seekable` describes the files that have them. Tables follow the last block with data, and precede
the end-of-file block. They list every block with data, in the order of the file. Each table is an
empty BGZF block, so that other readers skip it; numbers are little-endian::

    offset    bytes   what
    0         10      1f 8b 08 04 00 00 00 00 00 ff, the header of a gzip member with extra fields
    10        2       XLEN, the size of all extra fields: 4 * n + 26
    12        6       the field "BC": 42 43 02 00, and the size of this table minus 1
    18        4       the field "IX": 49 58, and the size of what follows in it: 4 * n + 16
    22        4 * n   for each of n blocks: its size in the file minus 1, and the size of its data,
                      both 16 bits
    22+4*n    8       where in the file the first table starts
    30+4*n    4       the number of tables
    34+4*n    4       the CRC-32 of the field "IX" up to here, from offset 22 on
    38+4*n    10      03 00 and eight zeros, the rest of an empty gzip member

Every table but the last lists 16,372 blocks, the most that fit into a member of 64 KiB: so these
tables have 65,536 bytes. The last one lists the others, at least one.

A reader starts from the end of the file. The field "IX" of the last table ends 38 bytes before the
end of the file. The last 16 bytes of this field begin with the place where the first table starts.
The tables are believed only if all of the following is true. If not, the file is read as one
without tables:

- The last 28 bytes are an end-of-file block as bgzip writes it. Nothing but tables of this form
  lies between the place where the first table should start and this block.
- The sizes of the blocks in the file add up to that place, and the sizes of their data to the size
  of the stream.
- Each block has at least 28 bytes in the file, and at least 1 byte of data.

These rules catch chance damage, and files that other programs have joined or changed. They do not
catch a table that was made on purpose to list places inside of blocks. So a reader decodes a block
only if the block has the sizes that its table states, and the CRC-32 that the block itself states.
Then a table can mislead the reader only to a block that somebody has hidden in the stored data of
another one. Readers of the whole file use no table, and find the same data as other programs. Such
a table is found only by comparing the tables with all blocks of the file, as `IdxFile.verify` does.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, TypeAlias

import numpy as np

from ..native.deflate import crc32
from ..native.inflate import find_bgzf_blocks
from ..storage.source import Source
from ..typing import Buffer
from .writer import BGZF_END, EMPTY_MEMBER

Sizes: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]

# A table's bytes before its list of blocks, and after it.
_HEADER = struct.Struct("<10sH2sHH2sH")
_FOOTER = struct.Struct("<QII")
_START, _END = _HEADER.size, _FOOTER.size + len(EMPTY_MEMBER)
# How many blocks a full table lists, and the size of a full table: the limit of a BGZF block.
FULL = 16_372
FULL_SIZE = _START + 4 * FULL + _END
# The smallest block with data.
MIN_BLOCK = 28
# How many bytes are read in addition to the tables of the expected number of blocks. Each `append`
# leaves one more block than expected. The sizes of 1,024 more blocks fit without a further read.
SPARE = 4096


class BlockSizes(NamedTuple):
    """The sizes of blocks, in the order of the file.

    Attributes
    ----------
    packed, unpacked : ndarray of int64
        The bytes that each block takes in the file, and the bytes of its data.
    """

    packed: Sizes
    unpacked: Sizes


def list_sizes(blocks: Buffer) -> list[tuple[int, int]]:
    """The packed and unpacked sizes of whole blocks in memory; no tables may be among them."""
    found = find_bgzf_blocks(blocks, 0, memoryview(blocks).nbytes, 1, 1)
    starts = [0, *(end for end, _ in found)]
    return [(end - start, size) for start, (end, size) in zip(starts, found, strict=False)]


def from_list(sizes: list[tuple[int, int]]) -> BlockSizes:
    """What `list_sizes` gives, as arrays."""
    packed, unpacked = np.array(sizes, np.int64).reshape(-1, 2).T
    return BlockSizes(packed, unpacked)


def sizes_of(blocks: Buffer) -> BlockSizes:
    """The sizes of whole blocks in memory, as arrays; no tables may be among them."""
    return from_list(list_sizes(blocks))


def join(parts: list[BlockSizes]) -> BlockSizes:
    """The sizes of blocks that follow one another."""
    packed, unpacked = (np.concatenate(sizes) for sizes in zip(*parts, strict=True))
    return BlockSizes(packed, unpacked)


def tables_size(count: int) -> int:
    """The size of the tables that list `count` blocks."""
    full, rest = divmod(count, FULL)
    return full * FULL_SIZE + (_START + 4 * rest + _END if rest else 0)


def pack_tables(sizes: BlockSizes) -> bytes:
    """The tables of the blocks that a file starts with.

    Raises
    ------
    ValueError
        If a block is too large or too small for a table.
    """
    if not _can_list(sizes):
        raise ValueError("tables list blocks of 28 to 65,536 bytes, with 1 to 65,535 bytes of data")
    pairs = np.stack([sizes.packed - 1, sizes.unpacked], 1).astype("<u2")
    first, tables = int(sizes.packed.sum()), -(-len(pairs) // FULL)
    packed = []
    for start in range(0, len(pairs), FULL):
        some = pairs[start : start + FULL]
        content = some.tobytes() + _FOOTER.pack(first, tables, 0)[:-4]
        field = content + struct.pack("<I", crc32(content))
        size = tables_size(len(some))
        names = b"BC", 2, size - 1, b"IX", len(field)
        header = _HEADER.pack(BGZF_END[:10], len(field) + 10, *names)
        packed += [header, field, EMPTY_MEMBER]
    return b"".join(packed)


def find_tables(source: Source, count: int) -> BlockSizes | None:
    """Read the tables at the end of a file.

    The tables take one read if the file has `count` blocks or a few more, and otherwise two.

    Parameters
    ----------
    source : Source
    count : int
        How many blocks with data are expected.

    Returns
    -------
    BlockSizes or None
        None if there are no tables, or they contradict each other or the size of the file. Whether
        the sizes of the data are right, only the caller can tell.
    """
    end = source.size - len(BGZF_END)
    guess = min(tables_size(count) + SPARE, end)
    if guess < tables_size(1):
        return None
    tail = source.read(guess + len(BGZF_END), end - guess)
    tables, last = tail[:guess], tail[guess:]
    if last != BGZF_END:
        return None
    first, _, _ = _FOOTER.unpack_from(tables, guess - _END)
    # Otherwise, a false position could have the whole file read as tables.
    if not 0 < end - first <= tables_size(first // MIN_BLOCK):
        return None
    tables = tables[first - end :] if end - first <= guess else source.read(end - first, first)
    sizes = _parse(tables)
    if sizes is None or not _can_list(sizes):
        return None
    # Whatever a table holds besides sizes follows from them.
    return sizes if pack_tables(sizes) == tables else None


def _can_list(sizes: BlockSizes) -> bool:
    """Whether each size is one that a block of a table may have."""
    packed, unpacked = sizes
    is_right = (packed >= MIN_BLOCK) & (packed <= 1 << 16) & (unpacked > 0) & (unpacked < 1 << 16)
    return bool(is_right.all())


def _parse(tables: bytes) -> BlockSizes | None:
    """The sizes that tables list; None if they are cut at the wrong place."""
    rest = len(tables) % FULL_SIZE
    if rest and (rest <= _START + _END or (rest - _START - _END) % 4):
        return None
    pairs = b"".join(
        tables[start + _START : min(start + FULL_SIZE, len(tables)) - _END]
        for start in range(0, len(tables), FULL_SIZE)
    )
    packed, unpacked = np.frombuffer(pairs, "<u2").reshape(-1, 2).T.astype(np.int64)
    return BlockSizes(packed + 1, unpacked)
