"""Batches of torchvision's drop-in in worker processes, and what a collate function makes of them."""

import io
import shutil

import numpy as np
import pytest

from idxfast.compat import torchvision as ours

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torchvision", reason="torchvision is not installed")
transforms = pytest.importorskip("torchvision.transforms")
default_collate = torch.utils.data.default_collate

# Newer Pythons warn of each fork of a process with threads, which torch's loader makes.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")


@pytest.fixture
def dataset(tmp_path, family):
    shutil.copytree(family.packed, tmp_path / "MNIST" / "raw")
    return ours.MNIST(tmp_path, transform=transforms.ToTensor())


@pytest.fixture
def expected(family):
    """All images and labels, as torchvision's documentation describes them."""
    images, labels = family.train
    return images[:, None].astype(np.float32) / np.float32(255), labels.astype(np.int64)


def in_worker(dataset, collate_fn=None, **options):
    """The only batch of all images."""
    (batch,) = torch.utils.data.DataLoader(
        dataset, 7, num_workers=1, collate_fn=collate_fn, timeout=60, **options
    )
    return batch


def check(batch, expected):
    assert type(batch) is list
    for part, array in zip(batch, expected, strict=True):
        assert type(part) is torch.Tensor
        assert part.numpy().dtype == array.dtype
        assert np.array_equal(part.numpy(), array)


@pytest.mark.parametrize("small", [0, 1 << 20])
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_batches(dataset, expected, monkeypatch, small, start):
    monkeypatch.setattr("idxfast.compat.torchvision.samples.SMALL", small)
    batch = in_worker(dataset, multiprocessing_context=start)
    check(batch, expected)
    if start == "fork":  # another process has the constant itself
        assert [part.is_shared() for part in batch] == [not small, not small]
    for part in batch:
        part.zero_()  # the memory is the receiver's own
        assert not part.any()


def test_a_batch_that_is_collated_twice(dataset, expected):
    def collate(samples):
        one = default_collate(samples)
        samples[0][0].fill_(3)
        samples[1] = (samples[1][0], "another label")
        samples.append(samples[2])
        other = default_collate([sample[:1] for sample in samples])
        one[1][0] = 5
        return one, other, samples

    one, (other,), samples = in_worker(dataset, collate)
    images, labels = (part.copy() for part in expected)
    labels[0] = 5
    check(one, (images, labels))
    images[0] = 3
    assert np.array_equal(other.numpy(), images[[*range(7), 2]])
    assert [type(sample) for sample in samples] == [tuple] * 8
    assert samples[1][1] == "another label" and samples[3][1] == expected[1][3]


@pytest.mark.parametrize("place", [0, 3])
def test_a_list_that_a_collate_function_has_changed(dataset, expected, place):
    def collate(samples):
        samples[place] = (samples[place][0] + 1, 100)
        return default_collate(samples[:5])

    images, labels = (part[:5].copy() for part in expected)
    images[place] += 1
    labels[place] = 100
    check(in_worker(dataset, collate), (images, labels))


def test_targets_of_other_types(dataset, expected):
    dataset.target_transform = lambda label: {"name": f"digit {label}", "half": label / 2}
    images, targets = in_worker(dataset)
    assert np.array_equal(images.numpy(), expected[0])
    assert targets["name"] == [f"digit {label}" for label in expected[1]]
    assert targets["half"].dtype == torch.float64
    assert targets["half"].tolist() == [label / 2 for label in expected[1]]


def test_a_worker_saves_a_batch(dataset, expected):
    def collate(samples):
        file = io.BytesIO()
        torch.save(default_collate(samples), file)
        return file.getvalue()

    check(torch.load(io.BytesIO(in_worker(dataset, collate)), weights_only=True), expected)


def test_without_workers_samples_are_plain_tuples(dataset):
    assert [type(sample) for sample in dataset.__getitems__([2, 0])] == [tuple, tuple]
