"""lazy/chunks: cuts, with and without places where they should be."""

import gzip

import numpy as np
import pytest

import idxfast
from idxfast.format import Header
from idxfast.lazy.chunks import cut_into_chunks

BYTES = np.dtype("u1")


@pytest.mark.parametrize(
    ("shape", "nbytes", "ends", "expected"),
    [
        ((10, 4), 100, None, (10,)),
        ((10, 4), 40, None, (10,)),
        ((10, 4), 39, None, (9, 1)),
        ((10, 4), 12, None, (3, 3, 3, 1)),
        ((3, 100), 7, None, (1, 1, 1)),
        ((0, 4), 12, None, (0,)),
        ((5, 0), 2, None, (2, 2, 1)),
        ((10, 4), 16, [3, 6, 9, 10], (3, 3, 4)),
        ((10, 4), 24, [0, 3, 6, 9, 10], (6, 4)),
        # No block ends near enough: the cut is where it would be without blocks.
        ((10, 4), 12, [7, 10], (3, 3, 1, 3)),
        ((10, 4), 12, [0], (3, 3, 3, 1)),
    ],
)
def test_cuts(shape, nbytes, ends, expected):
    ends = None if ends is None else np.array(ends, np.int64)
    assert cut_into_chunks(Header(BYTES, shape), nbytes, ends) == expected


def test_blocks_of_whole_items(tmp_path):
    """A block has 83 images of 784 bytes; an append begins a new one."""
    images = np.zeros((200, 28, 28), np.uint8)
    idxfast.save(tmp_path / "file.gz", images, seekable=True)
    idxfast.append(tmp_path / "file.gz", images[:100])
    with idxfast.open(tmp_path / "file.gz") as file:
        assert file.chunk_rows(70_000) == (83, 83, 34, 83, 17)
        assert file.chunk_rows(100_000) == (83, 117, 100)


def test_blocks_that_cut_items(tmp_path):
    """A block holds 65,280 bytes of items of 90,000: only the last one ends where an item does."""
    idxfast.save(tmp_path / "file.gz", np.zeros((5, 300, 300), np.uint8), seekable=True)
    with idxfast.open(tmp_path / "file.gz") as file:
        assert file.container == "seekable gzip"
        assert file.chunk_rows(200_000) == (2, 2, 1)


def test_ordinary_gzip(tmp_path, oracle):
    (tmp_path / "file.gz").write_bytes(gzip.compress(oracle.pack(8, (20, 10))))
    with idxfast.open(tmp_path / "file.gz") as file:
        assert file.chunk_rows(70) == (7, 7, 6)
