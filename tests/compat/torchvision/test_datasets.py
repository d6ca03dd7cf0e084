"""The module that takes the place of torchvision.datasets."""

import importlib
import sys

import pytest

from idxfast.compat import torchvision as ours
from idxfast.compat.torchvision import datasets

FAMILY = ("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST")


def test_the_family_is_ours():
    for name in FAMILY:
        assert getattr(datasets, name) is getattr(ours, name)
        assert name in dir(datasets)
    assert datasets.mnist is ours


def test_the_rest_is_theirs():
    theirs = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    for name in ("CIFAR10", "ImageFolder", "VisionDataset", "utils"):
        assert getattr(datasets, name) is getattr(theirs, name)
    assert set(dir(datasets)) > set(dir(theirs)) - {"__path__"}
    with pytest.raises(AttributeError, match="CIFAR1000"):
        _ = datasets.CIFAR1000


def test_in_the_place_of_theirs(monkeypatch):
    theirs = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)
    assert importlib.import_module("torchvision.datasets").MNIST is ours.MNIST
    assert datasets.CIFAR10 is theirs.CIFAR10
    with pytest.raises(AttributeError, match="CIFAR1000"):
        _ = datasets.CIFAR1000


def test_without_torchvision(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setattr(datasets, "_theirs", None)
    with pytest.raises(ImportError, match="torchvision"):
        _ = datasets.CIFAR10
    assert {*FAMILY, "mnist"} < set(dir(datasets))
    assert not hasattr(datasets, "__path__")
