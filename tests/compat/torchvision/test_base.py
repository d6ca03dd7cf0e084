"""What the sets inherit: with torchvision, its classes; without it, as much as does not need it."""

import shutil

import pytest

from idxfast.compat import torchvision as ours
from idxfast.compat.torchvision.base import PlainDataset

NAMES = ("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST")


class Digits(PlainDataset):
    """Three digits."""

    def __len__(self):
        return 3

    def extra_repr(self):
        return "Split: Train\nStyle: plain"


def test_the_text_of_a_plain_set():
    assert repr(Digits("here")) == (
        "Dataset Digits\n    Number of datapoints: 3\n    Root location: here\n"
        "    Split: Train\n    Style: plain"
    )
    assert PlainDataset("here").extra_repr() == ""
    with pytest.raises(NotImplementedError):
        len(PlainDataset("here"))


def test_a_download_from_another_server_needs_torchvision():
    with pytest.raises(RuntimeError, match=r"`mirrors` or `resources` have been changed"):
        PlainDataset("here").download()


def test_the_sum_of_plain_sets():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    both = Digits("here") + Digits("there")
    assert isinstance(both, torch.utils.data.ConcatDataset) and len(both) == 6


def test_types():
    theirs = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    for name in NAMES:
        assert issubclass(getattr(ours, name), theirs.VisionDataset)
        assert issubclass(getattr(ours, name), theirs.MNIST)


@pytest.mark.parametrize(
    "options",
    [{}, {"train": False}, {"transform": len}, {"transform": len, "target_transform": abs}],
)
def test_texts(tmp_path, family, options):
    theirs = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    for name in ("MNIST", "FashionMNIST"):
        shutil.copytree(family.raw, tmp_path / name / "raw")
        one, other = (getattr(m, name)(str(tmp_path), **options) for m in (ours, theirs))
        assert str(one) == repr(one) == str(other)
        assert one.extra_repr() == other.extra_repr()
        assert (one.transform, one.target_transform) == (other.transform, other.target_transform)
        assert type(one.transforms) is type(other.transforms)


def test_a_set_can_be_wrapped_for_the_newer_transforms(tmp_path, family):
    theirs = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    transforms = pytest.importorskip("torchvision.transforms.v2")
    shutil.copytree(family.raw, tmp_path / "FashionMNIST" / "raw")
    one, other = (
        theirs.wrap_dataset_for_transforms_v2(
            module.FashionMNIST(tmp_path, transform=transforms.ToImage())
        )
        for module in (ours, theirs)
    )
    assert len(one) == len(other) == 7
    for index, item in enumerate(one.__getitems__(list(range(7)))):
        for image, label in (item, one[index]):
            assert type(image) is type(other[index][0])
            assert image.tolist() == other[index][0].tolist()
            assert label == other[index][1]
