"""BlockShuffleSampler: the order of `IdxFile.batches`, epochs, and ranks in processes of their own."""

import subprocess
import sys

import numpy as np
import pytest

import idxfast

# Newer Pythons warn of each fork of a process with threads, which torch's loader makes.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")


@pytest.fixture
def file(tmp_path):
    idxfast.save(tmp_path / "numbers", np.arange(103, dtype="i4"))
    with idxfast.open(tmp_path / "numbers") as file:
        yield file


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_the_order_is_that_of_batches(ours, torch, file, world_size):
    for rank in range(world_size):
        sampler = ours.BlockShuffleSampler(103, 5, seed=3, rank=rank, world_size=world_size)
        assert isinstance(sampler, torch.utils.data.Sampler)
        for epoch in (0, 1, 4):
            sampler.set_epoch(epoch)
            options = {"rank": rank, "world_size": world_size, "epoch": epoch}
            batches = file.batches(20, shuffle=True, block=5, seed=3, **options)
            found = [*sampler]
            assert found == [int(number) for batch in batches for number in batch]
            assert all(type(number) is int for number in found)
            assert len(sampler) == len(found) == -(-103 // world_size)


def test_an_epoch_depends_on_its_number_alone(ours):
    sampler = ours.BlockShuffleSampler(103, 5)
    first = [*sampler]
    assert [*sampler] == first and sorted(first) == [*range(103)]
    sampler.set_epoch(1)
    second = [*sampler]
    assert second != first
    sampler.set_epoch(0)
    assert [*sampler] == first
    assert [*ours.BlockShuffleSampler(103, 5, seed=1)] != first


def test_more_numbers_than_are_made_at_a_time(ours):
    found = [*ours.BlockShuffleSampler(40_000, 1000)]
    assert sorted(found) == [*range(40_000)]


def test_no_images(ours):
    assert [*ours.BlockShuffleSampler(0, 5)] == []


def test_with_loaders(ours, torch, files):
    data = torch.utils.data
    dataset = ours.IdxDataset(files.raw, files.labels)
    sampler = ours.BlockShuffleSampler(103, 5, seed=3)
    batches = data.BatchSampler(sampler, 10, False)
    sizes = [*[10] * 10, 3]
    for loader in (
        data.DataLoader(dataset, batch_size=10, sampler=sampler),
        data.DataLoader(dataset, batch_sampler=batches),
        data.DataLoader(dataset, batch_size=None, sampler=batches),
        data.DataLoader(dataset, batch_size=10, sampler=sampler, num_workers=2),
    ):
        found = [images[:, 0, 0].tolist() for images, _ in loader]
        assert [*map(len, found)] == sizes
        assert [number for some in found for number in some] == [*sampler]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((-1, 5), "n is -1"),
        ((10, 0), "block is 0"),
        ((10, 5, -1), "seed is -1"),
        ((10, 5, 0, 2, 2), "rank is 2"),
        ((10, 5, 0, 0, 0), "world_size is 0"),
    ],
)
def test_wrong_numbers(ours, arguments, match):
    with pytest.raises(ValueError, match=match):
        ours.BlockShuffleSampler(*arguments)


def test_numbers_that_are_not_whole(ours):
    for arguments in ((10.0, 5), (10, 2.5), (10, None), (10, 5, None)):
        with pytest.raises(TypeError):
            ours.BlockShuffleSampler(*arguments)
    sampler = ours.BlockShuffleSampler(10, 5)
    with pytest.raises(TypeError):
        sampler.set_epoch(0.5)
    with pytest.raises(ValueError, match="epoch is -1"):
        sampler.set_epoch(-1)


RANK = """
import sys
import torch, torch.distributed as group
from torch.utils.data import DataLoader
from idxfast.integrations.torch import BlockShuffleSampler, IdxDataset

rank, store, images, labels = int(sys.argv[1]), *sys.argv[2:]
group.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
dataset = IdxDataset(images, labels)
sampler = BlockShuffleSampler(len(dataset), 5, seed=7, rank=rank, world_size=2)
loader = DataLoader(dataset, batch_size=8, sampler=sampler)
for epoch in range(3):
    sampler.set_epoch(epoch)
    mine = torch.cat([batch[:, 0, 0] for batch, _ in loader])
    all_ranks = [torch.empty_like(mine) for _ in range(2)]
    group.all_gather(all_ranks, mine)
    print(*torch.cat(all_ranks).tolist())
group.destroy_process_group()
"""


@pytest.mark.parametrize("count", [102, 103])
def test_two_processes(torch, files, tmp_path, monkeypatch, count):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    for name, array in (("images", files.images), ("labels", files.labels)):
        idxfast.save(tmp_path / name, array[:count])
    words = [tmp_path / "store", tmp_path / "images", tmp_path / "labels"]
    command = [sys.executable, "-P", "-c", RANK]
    ranks = [
        subprocess.Popen(
            [*command, str(rank), *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    (said, errors), others = (rank.communicate(timeout=300) for rank in ranks)
    assert [rank.returncode for rank in ranks] == [0, 0], errors + others[1]
    assert said == others[0]
    epochs = [[int(number) for number in line.split()] for line in said.splitlines()]
    assert len(epochs) == 3 and epochs[0] != epochs[1]
    for numbers in epochs:
        # Of an odd number, the first image is used twice.
        assert sorted(set(numbers)) == [*range(count)]
        assert len(numbers) == 2 * -(-count // 2)
