"""Samples of a whole batch, which torch's default collation stacks at once in a worker process.

Of single tensors, torch makes a batch in new shared memory. That takes longer than all that comes
before, and the process that receives the batch asks the worker for each tensor's descriptor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.utils.data import default_collate, get_worker_info
from torch.utils.data._utils.collate import default_collate_fn_map

from ...integrations.torch.sending import SMALL, send_as_arrays


class Sample(tuple[Any, Any]):
    """An image as a tensor, and its target. Another process gets a plain tuple."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


def pairs(images: Iterable[Any], targets: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Each image and its target."""
    both = zip(images, targets, strict=True)
    return list(both if get_worker_info() is None else map(Sample, both))


def collate(batch: Sequence[tuple[Any, Any]], *, collate_fn_map: Any = None) -> Any:
    """What torch's `default_collate` makes of plain tuples."""
    plain = list(map(tuple, batch))
    # A caller's own `collate_fn` may have changed the list before.
    if any(type(sample) is not Sample for sample in batch):
        return default_collate(plain)
    images, targets = zip(*plain, strict=True)
    if len(images) * images[0].nbytes > SMALL:
        return default_collate(plain)
    tensors = [torch.stack(images), default_collate(targets)]
    send_as_arrays(tensor for tensor in tensors if isinstance(tensor, torch.Tensor))
    return tensors


# torch's documentation of `default_collate` says that types are added in this way.
default_collate_fn_map.update({Sample: collate})
