"""Whole batches, which torch's default collation does not put together image by image."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, overload

import torch
from torch.utils.data import get_worker_info
from torch.utils.data._utils.collate import default_collate_fn_map

# Worker processes send tensors of at most this many bytes as arrays. torch sends tensors through
# shared memory: for batches of 200 KB, that takes 4 times as long, and for 1 MB the same time.
SMALL = 512 << 10


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


class Sent(list[Any]):
    """Tensors that are pickled as arrays. The receiving process gets a list of tensors.

    Before the list is sent, a caller's own `collate_fn` may put anything else into it. An error on
    the thread that sends would leave the loader waiting.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        arrays = [_as_array(item) for item in self]
        items = [item if array is None else array for item, array in zip(self, arrays, strict=True)]
        return _receive, (items, [array is not None for array in arrays])


def _as_array(item: Any) -> Any:
    """The array of a small tensor; None for anything else, and if numpy has no such type."""
    if type(item) is torch.Tensor and item.device.type == "cpu" and item.nbytes <= SMALL:
        with contextlib.suppress(TypeError, RuntimeError):
            return item.numpy()
    return None


def _receive(items: list[Any], are_arrays: list[bool]) -> list[Any]:
    pairs = zip(items, are_arrays, strict=True)
    return [torch.from_numpy(item) if is_array else item for item, is_array in pairs]


def collate(batch: Sequence[Sample], *, collate_fn_map: Any = None) -> list[Any]:
    """What torch's `default_collate` makes of samples."""
    if isinstance(batch, Batch):
        tensors = [batch.images, batch.labels]
        return Sent(tensors) if get_worker_info() is not None else tensors
    # Other data sets around ours, such as ConcatDataset, ask for one sample at a time.
    return [torch.stack(parts) for parts in zip(*batch, strict=True)]


# torch's documentation of `default_collate` says that types are added in this way.
default_collate_fn_map.update({Sample: collate})
