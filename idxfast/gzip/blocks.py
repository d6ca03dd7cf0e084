"""BGZF files (the SAM/BAM specification, section 4.1), any part of which can be decoded by itself.

Each block states its own size in its header, and the size of its data at its end. So the blocks are
found by hopping from one to the next, and a part of the stream is read by decoding the blocks that
hold it. Every block is verified when it is decoded.
"""

from __future__ import annotations

import numpy as np

from ..errors import ChecksumError
from ..native.members import decode_members
from ..storage.kept import Kept
from ..storage.source import Source
from ..typing import Memory
from .members import BGZF_HEADER_SIZE, BGZF_MAX_SIZE, TRAILER_SIZE, is_bgzf
from .writer import BGZF_END

# How many compressed bytes are read at a time.
STEP = 1 << 20
# About how many bytes of memory keeping a block takes besides its data.
OVERHEAD = 512

# What an empty block holds after its header, as bgzip writes it.
EMPTY = BGZF_END[BGZF_HEADER_SIZE:]


class Blocks:
    """The blocks of a BGZF file.

    Parameters
    ----------
    source : Source
    starts : ndarray of int64
        Where each block starts in the file, and where the last one ends.
    positions : ndarray of int64
        Where the data of each block start in the unpacked stream, and where the stream ends.
    kept : Kept
        Keeps the data of blocks that have been decoded.
    """

    def __init__(
        self,
        source: Source,
        starts: np.ndarray[tuple[int], np.dtype[np.int64]],
        positions: np.ndarray[tuple[int], np.dtype[np.int64]],
        kept: Kept,
    ) -> None:
        self._source = source
        self._starts = starts
        self._positions = positions
        self._kept = kept

    @property
    def size(self) -> int:
        """How many bytes the unpacked stream has."""
        return int(self._positions[-1])

    def read_into(self, memory: Memory, start: int) -> None:
        """Fill memory with the stream from a position on; the stream is known to be long enough.

        Raises
        ------
        ChecksumError
            If one of the blocks is damaged.
        """
        at, stop = 0, start + len(memory)
        block = int(np.searchsorted(self._positions, start, "right")) - 1
        while at < len(memory):
            first, after = int(self._positions[block]), int(self._positions[block + 1])
            if first < start + at or after > stop:
                data = self._decode(block)
                piece = data[start + at - first : stop - first]
                memory[at : at + len(piece)] = piece
                at += len(piece)
                block += 1
                continue
            # Whole blocks, directly into the memory.
            last = int(np.searchsorted(self._positions, stop, "right")) - 1
            most = int(np.searchsorted(self._starts, self._starts[block] + STEP, "right")) - 1
            last = min(last, max(most, block + 1))
            size = int(self._positions[last]) - first
            self._decode_into(memory[at : at + size], block, last)
            at += size
            block = last

    def _decode(self, block: int) -> Memory:
        """The data of a block, decoded now or kept from before."""
        data: Memory | None = self._kept.get(block)
        if data is None:
            data = np.empty(int(self._positions[block + 1] - self._positions[block]), np.uint8)
            self._decode_into(data, block, block + 1)
            self._kept.put(block, data, len(data) + OVERHEAD)
        return data

    def _decode_into(self, memory: Memory, block: int, last: int) -> None:
        """Decode the blocks from `block` to before `last` into memory of the size of their data."""
        start, stop = int(self._starts[block]), int(self._starts[last])
        packed = self._source.read(stop - start, start)
        count, end, at = decode_members(packed, 0, len(packed), memory, 0)
        if (count, end, at) != (last - block, stop - start, len(memory)):
            raise ChecksumError(
                f"BGZF block {block + count} is damaged, or has changed since the file was opened",
                part="container",
                filename=self._source.name,
                offset=start + end,
                position=int(self._positions[block]) + at,
                expected="a whole block with the right CRC-32",
                found="a damaged one",
            )


def find_blocks(source: Source, kept: Kept) -> Blocks | None:
    """Find the blocks of a file; None if it does not consist of BGZF blocks alone.

    The sizes that the blocks state are taken as they are; decoding a block verifies its sizes.
    """
    starts, positions = [0], [0]
    header = source.read(BGZF_HEADER_SIZE, 0)
    while header:
        if len(header) < BGZF_HEADER_SIZE or not is_bgzf(header):
            return None
        size = int.from_bytes(header[-2:], "little") + 1
        stop = starts[-1] + size
        if size < BGZF_HEADER_SIZE + TRAILER_SIZE or stop > source.size:
            return None
        # The end of this block, and the header of the next one.
        piece = source.read(len(EMPTY) + BGZF_HEADER_SIZE, stop - len(EMPTY))
        end, header = piece[: len(EMPTY)], piece[len(EMPTY) :]
        unpacked = int.from_bytes(end[-4:], "little")
        if unpacked > BGZF_MAX_SIZE:
            return None
        # An empty block is never decoded, so it may hold nothing else.
        if not unpacked and (end != EMPTY or size != len(BGZF_END)):
            return None
        starts.append(stop)
        positions.append(positions[-1] + unpacked)
    return Blocks(source, np.array(starts, np.int64), np.array(positions, np.int64), kept)
