"""lazy/mixed: rows of a file that is decoded in parts, in the same order as those of a raw file."""

import itertools

import numpy as np
import pytest

import idxfast
from files.samples import bgzf, idx, large, make_parts_small
from idxfast.lazy import batches
from idxfast.lazy.mixed import count_mixed, read_mixed

COUNT = 103


class Budget:
    """In place of what is kept of a file: the sizes that were put in."""

    def __init__(self):
        self.sizes = []

    def put(self, key, piece, nbytes):
        assert (key, piece) == ("mixed", None)
        self.sizes.append(nbytes)


@pytest.mark.parametrize("block", [1, 4, 13, 50, 103, 200])
@pytest.mark.parametrize("batch_size", [1, 10, 32, 103, 500])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("rank", "world_size"), [(0, 1), (0, 2), (1, 2), (2, 3), (149, 150)])
def test_each_batch_has_its_rows(block, batch_size, drop_last, rank, world_size):
    rows, read, budget = np.arange(COUNT), [], Budget()

    def read_rows(start, stop, out):
        read.append((start, stop))
        out[...] = rows[start:stop]

    places = batches.share(COUNT, rank, world_size, drop_last=drop_last)
    order = batches.shuffle_rows(COUNT, block=block, seed=1, epoch=2)
    expected = np.concatenate([order, order])[places.start : places.stop]
    mixed = np.empty(count_mixed(COUNT, block), rows.dtype)
    found = [
        *read_mixed(read_rows, mixed, budget, places, order, batch_size, block, drop_last=drop_last)
    ]
    count = len(expected) - (len(expected) % batch_size if drop_last else 0)
    assert [*itertools.chain(*found)] == expected[:count].tolist()
    assert all(len(batch) == batch_size for batch in found[:-1])
    assert not any(np.may_share_memory(batch, mixed) for batch in found)
    # Each block is read once as a whole, unless a share begins or ends among the blocks.
    assert all(start % block == 0 for start, _ in read)
    assert {stop - start for start, stop in read} <= {block, COUNT % block, min(block, COUNT)}
    if world_size == 1:
        assert sorted(read) == [(at, min(at + block, COUNT)) for at in range(0, COUNT, block)]
    assert set(budget.sizes[:-1]) <= {mixed.nbytes} and budget.sizes[-1] == 0


def test_blocks_that_are_mixed_are_read_in_the_order_of_the_file():
    read = []
    order = batches.shuffle_rows(960, block=10, seed=3, epoch=0)
    mixed = np.empty(count_mixed(960, 10), np.int64)
    next(
        read_mixed(
            lambda start, stop, out: read.append(start),
            mixed, Budget(), range(960), order, 5, 10, drop_last=False,
        )
    )  # fmt: skip
    assert len(read) == 8 and read == sorted(read) == sorted({*(order[:80] // 10 * 10).tolist()})


def test_an_error_gives_the_budget_back():
    budget = Budget()

    def fail(start, stop, out):
        raise OSError("no")

    order = batches.shuffle_rows(COUNT, block=5, seed=3, epoch=0)
    mixed = np.empty(40, np.int64)
    with pytest.raises(OSError, match="no"):
        next(read_mixed(fail, mixed, budget, range(COUNT), order, 5, 5, drop_last=False))
    assert budget.sizes == [320, 0]


@pytest.fixture(params=["gzip", "seekable gzip"])
def file(request, tmp_path, monkeypatch):
    """A file that is decoded in parts, and its array."""
    make_parts_small(monkeypatch)
    array, packed = large()
    (tmp_path / "file").write_bytes(packed if request.param == "gzip" else bgzf(idx(array)))
    with idxfast.open(tmp_path / "file", cache_bytes=20_000) as file:
        assert file.container == request.param
        yield array, file


@pytest.mark.parametrize("block", [7, 40, 1000])
@pytest.mark.parametrize("world_size", [1, 2])
def test_files(file, tmp_path, monkeypatch, block, world_size):
    array, file = file
    idxfast.save(tmp_path / "raw", array)
    if block == 1000:  # the rows that are mixed take more than may be kept
        monkeypatch.setattr("idxfast.lazy.idx_file.read_mixed", None)
    with idxfast.open(tmp_path / "raw") as raw:
        for epoch, rank in itertools.product(range(2), range(world_size)):
            options = {"block": block, "seed": 5, "epoch": epoch, "rank": rank}
            options |= {"world_size": world_size, "shuffle": True}
            both = zip(file.batches(32, **options), raw.batches(32, **options), strict=True)
            for found, expected in both:
                assert np.array_equal(found, expected) and found.flags.writeable


def test_an_array_in_memory_is_not_read_by_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.lazy.idx_file.read_mixed", None)
    array, packed = large()
    (tmp_path / "file").write_bytes(packed)
    with idxfast.open(tmp_path / "file") as file:
        found = [*file.batches(32, shuffle=True, block=7, seed=5)]
    assert np.array_equal(np.sort(np.concatenate(found), 0), np.sort(array, 0))
