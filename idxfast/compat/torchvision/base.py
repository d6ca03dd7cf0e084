"""The class that the sets inherit from: torchvision's MNIST or, without torchvision, our own.

Code that checks types, such as ``wrap_dataset_for_transforms_v2``, recognises the sets by their
base class. This package imports torchvision at once, because a class is made with its base.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from .readers import torch_module


class PlainDataset:
    """The part of torchvision's ``VisionDataset`` that does not need torchvision."""

    _repr_indent = 4

    def __init__(
        self,
        root: str | os.PathLike[str],
        transforms: Callable[..., Any] | None = None,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:
        self.root = root
        self.transform = transform
        self.target_transform = target_transform
        self.transforms = transforms

    def __len__(self) -> int:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return torch_module().utils.data.ConcatDataset([self, other])

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}", f"Root location: {self.root}"]
        body += self.extra_repr().splitlines()
        indent = " " * self._repr_indent
        return "\n".join([f"Dataset {type(self).__name__}", *(indent + line for line in body)])

    def download(self) -> None:
        """Refuse to download from a server that a script has named."""
        raise RuntimeError(
            "`mirrors` or `resources` have been changed: a download from there needs torchvision"
        )

    def extra_repr(self) -> str:
        """The lines that `repr` adds."""
        return ""


if TYPE_CHECKING:
    VisionDataset: TypeAlias = PlainDataset
    Original: TypeAlias = PlainDataset
else:
    try:
        from torchvision.datasets import MNIST as Original
        from torchvision.datasets import VisionDataset
    except (ImportError, OSError, RuntimeError):
        # A torchvision that was built for another torch raises errors of several types.
        VisionDataset = Original = PlainDataset
