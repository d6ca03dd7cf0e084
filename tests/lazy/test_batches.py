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
    order = batches.shuffle_rows(960, block=10, seed=3, epoch=0).astype(int)
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
    # With drop_last, rows that cannot be shared equally are left out, and then incomplete batches.
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


def test_the_memory_of_an_order():
    for count, size in ((70_000, 4), (1 << 20, 4)):
        order = batches.shuffle_rows(count, block=256, seed=1, epoch=0)
        assert order.itemsize == size and len(order) == count
    assert np.array_equal(np.sort(order), np.arange(count))
    assert isinstance(batches.share(1 << 40, 3, 8, drop_last=False), range)


@pytest.mark.parametrize("block", [None, 3])
def test_many_rows_are_shuffled_where_an_interrupt_does_not_wait(monkeypatch, block):
    few = batches.shuffle_rows(1000, block=block, seed=1, epoch=2)
    threads, call = [], batches.call_interruptibly
    monkeypatch.setattr(
        batches, "call_interruptibly", lambda *options: (threads.append(1), call(*options))[1]
    )
    monkeypatch.setattr(batches, "MANY", 999)
    many = batches.shuffle_rows(1000, block=block, seed=1, epoch=2)
    assert (many == few).all()
    assert sorted(many.tolist()) == list(range(1000))
    assert bool(threads) == (block is None)


@pytest.mark.parametrize("batch_size", [1, 4, 5, 9])
@pytest.mark.parametrize("at_once", [1, 9, 10, 100])
@pytest.mark.parametrize("drop_last", [False, True])
def test_what_is_read_in_order_is_copied_only_if_it_is_shared(batch_size, at_once, drop_last):
    """The places end after the rows, and go on with the first."""
    rows, read = np.arange(20), []

    def read_rows(first, last):
        assert 0 <= first < last <= 20
        read.append(rows[first:last].copy())
        return read[-1]

    options = {"drop_last": drop_last}
    found = [*batches.read_in_order(read_rows, range(3, 25), 20, batch_size, at_once, **options)]
    expected = np.arange(3, 25) % 20
    stops = range(batch_size, 23 if drop_last else 22 + batch_size, batch_size)
    assert [batch.tolist() for batch in found] == [
        expected[stop - batch_size : stop].tolist() for stop in stops if stop - batch_size < 22
    ]
    for batch in found:
        is_read = any(batch is piece for piece in read)
        assert is_read or not any(np.may_share_memory(batch, piece) for piece in read)
    if at_once < 2 * batch_size:
        assert sum(any(batch is piece for piece in read) for batch in found) >= len(found) - 2
