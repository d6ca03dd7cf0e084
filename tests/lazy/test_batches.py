"""lazy/batches: orders that can be repeated, in which each row comes once; shares of equal size."""

import itertools

import numpy as np
import pytest

import idxfast
from idxfast.lazy import batches


@pytest.fixture
def file(tmp_path):
    """Each row holds its own number."""
    path = tmp_path / "file"
    idxfast.save(path, np.arange(103, dtype="i4").repeat(2).reshape(103, 2))
    with idxfast.open(path) as file:
        yield file


def rows(iterator):
    return [batch[:, 0].tolist() for batch in iterator]


def flat(lists):
    return list(itertools.chain(*lists))


def test_in_order(file):
    assert rows(file.batches(50)) == [list(range(50)), list(range(50, 100)), [100, 101, 102]]
    assert rows(file.batches(50, drop_last=True)) == [list(range(50)), list(range(50, 100))]
    assert rows(file.batches(103)) == [list(range(103))]
    assert rows(file.batches(1000)) == [list(range(103))]
    assert rows(file.batches(1000, drop_last=True)) == []


@pytest.mark.parametrize("block", [None, 1, 4, 103, 1000])
def test_shuffled(file, block):
    found = rows(file.batches(10, shuffle=True, block=block, seed=1))
    assert list(map(len, found)) == [10] * 10 + [3]
    assert sorted(flat(found)) == list(range(103))
    assert flat(found) != list(range(103))
    assert found == rows(file.batches(10, shuffle=True, block=block, seed=1))
    for other in ({"seed": 2}, {"seed": 1, "epoch": 1}):
        assert found != rows(file.batches(10, shuffle=True, block=block, **other))


def test_no_seed_is_another_order_each_time(file):
    assert rows(file.batches(103, shuffle=True)) != rows(file.batches(103, shuffle=True))


def test_rows_of_a_few_blocks_are_mixed():
    order = batches.order_rows(960, shuffle=True, block=10, seed=3, epoch=0)
    for start in range(0, 960, 80):
        some = order[start : start + 80]
        assert len(set((some // 10).tolist())) == 8
        assert not (np.diff(some) == 1).all()
    # And the blocks come in random order.
    firsts = [int(order[start : start + 80].min()) for start in range(0, 960, 80)]
    assert firsts != sorted(firsts)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("world_size", [1, 2, 3, 4, 7, 103, 150])
def test_ranks(file, world_size, shuffle):
    options = {"shuffle": shuffle, "seed": 5, "world_size": world_size}
    shares = [rows(file.batches(4, rank=rank, **options)) for rank in range(world_size)]
    assert len({tuple(map(len, share)) for share in shares}) == 1
    assert set(flat(map(flat, shares))) == set(range(103))
    each = -(-103 // world_size)
    assert len(flat(map(flat, shares))) == each * world_size
    # What drop_last leaves out is left out of the rows first.
    shares = [
        rows(file.batches(4, rank=rank, drop_last=True, **options)) for rank in range(world_size)
    ]
    assert len({tuple(map(len, share)) for share in shares}) == 1
    found = flat(map(flat, shares))
    assert len(set(found)) == len(found) == 103 // world_size // 4 * 4 * world_size


def test_ranks_of_an_empty_file(tmp_path):
    idxfast.save(tmp_path / "file", np.empty((0, 3), "u1"))
    with idxfast.open(tmp_path / "file") as file:
        assert list(file.batches(4, rank=1, world_size=3)) == []


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 4, "block": 0, "shuffle": True}, "block is 0"),
        ({"batch_size": 4, "block": 5}, "shuffle=True"),
        ({"batch_size": 4, "rank": 2, "world_size": 2}, "rank is 2"),
        ({"batch_size": 4, "rank": -1}, "rank is -1"),
        ({"batch_size": 4, "world_size": 0}, "world_size is 0"),
        ({"batch_size": 4, "seed": -1}, "seed is -1"),
        ({"batch_size": 4, "epoch": -1}, "epoch is -1"),
        ({"batch_size": 4, "shuffle": True, "rank": 1, "world_size": 2}, "seed"),
    ],
)
def test_wrong_options(file, options, match):
    with pytest.raises(ValueError, match=match):
        file.batches(**options)


def test_numbers_that_are_not_whole(file):
    with pytest.raises(TypeError):
        file.batches(2.5)
