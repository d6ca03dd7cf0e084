"""Whole batches, which torch's default collation does not put together image by image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import torch
from torch.utils.data._utils.collate import default_collate_fn_map

from .sending import send_as_arrays


class Sample(tuple[torch.Tensor, torch.Tensor]):
    """An image and its label."""

    __slots__ = ()


class Batch(Sequence[Sample]):
    """A list of samples, whose images are one tensor, and whose labels are another."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Sample]:
        return map(Sample, zip(self.images, self.labels, strict=True))

    @overload
    def __getitem__(self, key: int) -> Sample: ...
    @overload
    def __getitem__(self, key: slice) -> Batch: ...
    def __getitem__(self, key: int | slice) -> Sample | Batch:
        images, labels = self.images[key], self.labels[key]
        return Batch(images, labels) if isinstance(key, slice) else Sample((images, labels))


def collate(batch: Sequence[Sample], *, collate_fn_map: Any = None) -> list[Any]:
    """What torch's `default_collate` makes of samples."""
    if isinstance(batch, Batch):
        tensors = [batch.images, batch.labels]
    else:
        # Other data sets around ours, such as ConcatDataset, ask for one sample at a time.
        tensors = [torch.stack(parts) for parts in zip(*batch, strict=True)]
    send_as_arrays(tensors)
    return tensors


# torch's documentation of `default_collate` says that types are added in this way.
default_collate_fn_map.update({Sample: collate})
