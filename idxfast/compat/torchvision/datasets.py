"""In place of torchvision.datasets: ``from idxfast.compat.torchvision import datasets``.

MNIST, FashionMNIST, KMNIST, EMNIST and QMNIST are ours. All other names are those of
torchvision.datasets, which has to be installed for them.
"""

from __future__ import annotations

import importlib
from typing import Any

from .emnist import EMNIST
from .qmnist import QMNIST
from .sets import KMNIST, MNIST, FashionMNIST

__all__ = ["EMNIST", "KMNIST", "MNIST", "QMNIST", "FashionMNIST"]


def __getattr__(name: str) -> Any:
    """Another data set of torchvision's."""
    if name == "mnist":
        return importlib.import_module(__package__)
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("torchvision.datasets"), name)


def __dir__() -> list[str]:
    """Our names and, where it is installed, those of torchvision.datasets."""
    try:
        theirs = dir(importlib.import_module("torchvision.datasets"))
    except ImportError:
        theirs = []
    return sorted({*globals(), "mnist", *theirs})
