"""BlockShuffleSampler: a random order for files that are read in larger pieces."""

from __future__ import annotations

import operator
from collections.abc import Iterator

from torch.utils.data import Sampler

from ...lazy import batches

# How many numbers are made at a time: each takes 40 bytes as a Python integer.
STEP = 1 << 14


class BlockShuffleSampler(Sampler):
    """Numbers of images in the order of `IdxFile.batches` with ``shuffle=True`` and `block`.

    Whole blocks are shuffled, and then the images of 8 blocks at a time are mixed. The order
    depends on the arguments and on the epoch alone. Without `set_epoch`, each epoch is the first.

    Parameters
    ----------
    n : int
        The number of images.
    block : int
        The number of images in a block. Eight blocks should fit into the `cache_bytes` of
        `idxfast.open`, the memory that open files may keep.
    seed : int, optional
    rank, world_size : int, optional
        The number of this process, from 0, and how many processes there are. Each process gets one
        part of the order, and all parts are of the same length. If the images cannot be shared
        equally, the first ones of the order are used again.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range or not whole.
    """

    def __init__(
        self, n: int, block: int, seed: int = 0, rank: int = 0, world_size: int = 1
    ) -> None:
        if operator.index(n) < 0:
            raise ValueError(f"n is {n}, not 0 or more")
        batches.check(1, operator.index(block), seed, 0, rank, world_size, shuffle=True)
        self._count = n
        self._block = block
        self._seed = operator.index(seed)
        self._epoch = 0
        self._places = batches.share(n, rank, world_size, drop_last=False)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch, as for torch's `DistributedSampler`."""
        batches.check(1, None, 0, epoch, 0, 1, shuffle=True)
        self._epoch = operator.index(epoch)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[int]:
        order = batches.shuffle_rows(
            self._count, block=self._block, seed=self._seed, epoch=self._epoch
        )
        for some in batches.cut(self._places, STEP, drop_last=False):
            yield from batches.rows_at(some, order).tolist()
