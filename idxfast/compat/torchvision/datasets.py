"""In place of torchvision.datasets: ``from idxfast.compat.torchvision import datasets``.

MNIST, FashionMNIST, KMNIST, EMNIST and QMNIST are ours. All other names are those of
torchvision.datasets, which has to be installed for them.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from .emnist import EMNIST
from .qmnist import QMNIST
from .sets import KMNIST, MNIST, FashionMNIST

__all__ = ["EMNIST", "KMNIST", "MNIST", "QMNIST", "FashionMNIST"]

# Found now, because a script may put this module in its place in `sys.modules`.
_theirs: ModuleType | None
try:
    _theirs = importlib.import_module("torchvision.datasets")
except (ImportError, OSError, RuntimeError):
    # A torchvision that was built for another torch raises errors of several types.
    _theirs = None


def __getattr__(name: str) -> Any:
    """Another data set of torchvision's."""
    if name == "mnist":
        return importlib.import_module(__package__)
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_theirs or importlib.import_module("torchvision.datasets"), name)


def __dir__() -> list[str]:
    """Our names and, where it is installed, those of torchvision.datasets."""
    return sorted({*globals(), "mnist", *(dir(_theirs) if _theirs else ())})
