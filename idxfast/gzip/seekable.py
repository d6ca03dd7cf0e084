"""The seekable form of IDX files: BGZF blocks of whole items, with tables of their sizes.

A file of this form holds, one after another:

1. The block of the header: a BGZF block as bgzip writes it, whose data are the IDX header alone, in
   one stored DEFLATE block. XFL is 00, and OS is ff. The block has 31 bytes more than the header,
   whatever the header states, so it can be overwritten when the number of items changes.
2. Blocks with the payload. Each holds as many whole items as fit into 65,280 bytes (0xFF00). Blocks
   with fewer items may come anywhere. If an item has more bytes, the payload is cut without regard
   to items. No block is empty.
3. Tables of the sizes of all these blocks (see `block_tables`).
4. The end-of-file block of BGZF.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Generator

from ..native.deflate import crc32
from ..typing import Buffer
from .block_tables import from_list, list_sizes, pack_tables
from .members import BGZF_HEADER_SIZE, TRAILER_SIZE, is_bgzf
from .writer import BGZF_END, BLOCK_SIZE, Content, encode_blocks, pack_bgzf_header, pack_trailer

# A stored block of DEFLATE starts with a byte, its size, and the complement of its size.
_STORED = struct.Struct("<BHH")
# How many bytes the block of the header has besides the header.
OVERHEAD = BGZF_HEADER_SIZE + _STORED.size + TRAILER_SIZE
# A level at which XFL is 0.
_LEVEL = 6


def pack_header_block(header: bytes) -> bytes:
    """The block that holds an IDX header; its size depends on the number of dimensions alone."""
    stored = _STORED.pack(1, len(header), len(header) ^ 0xFFFF) + header
    trailer = pack_trailer(crc32(header), len(header))
    return pack_bgzf_header(_LEVEL, len(stored)) + stored + trailer


def unpack_header_block(start: bytes) -> bytes | None:
    """The IDX header in the first block of a file; None if this is not the block of a header.

    Parameters
    ----------
    start : bytes
        The first bytes of the file; `OVERHEAD` and the size of the header are enough.
    """
    if not is_bgzf(start):
        return None
    size = int.from_bytes(start[BGZF_HEADER_SIZE - 2 : BGZF_HEADER_SIZE], "little") + 1
    header = start[OVERHEAD - TRAILER_SIZE : size - TRAILER_SIZE]
    return header if start[:size] == pack_header_block(header) else None


def choose_block_size(item_size: int) -> int:
    """How many bytes of the payload each block holds."""
    return BLOCK_SIZE // max(item_size, 1) * item_size or BLOCK_SIZE


def count_blocks(payload_size: int, item_size: int) -> int:
    """How many blocks with data a new file has, that of the header included."""
    return 1 + -(-payload_size // choose_block_size(item_size))


def encode_seekable(
    header: bytes, payload: Content, item_size: int, level: int, threads: int
) -> Generator[Buffer, None, None]:
    """A file of this form, in pieces.

    Parameters
    ----------
    header : bytes
    payload : Content
    item_size : int
        Bytes of an item; 0 if there are no items.
    level, threads : int
        As for `encode_blocks`.
    """
    first = pack_header_block(header)
    # Arrays would take longer: 2% of the time for images.
    sizes = list_sizes(first)
    yield first
    blocks = encode_blocks(payload, level, threads, choose_block_size(item_size))
    with contextlib.closing(blocks):
        for piece in blocks:
            sizes += list_sizes(piece)
            yield piece
    yield pack_tables(from_list(sizes))
    yield BGZF_END
