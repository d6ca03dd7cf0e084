"""Whole batches through the transforms that people use, without a PIL image for each item.

torchvision's ToTensor, ToImage, ToDtype and Normalize are recognised, and a Compose of these, in
both versions of its transforms. All of these treat each pixel by itself, so they can be applied to
a batch as one tensor. Classes that inherit from them are not recognised.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

# Transforms that come first, and those that may follow.
_CONVERTERS = ("ToTensor", "ToImage")
_OTHERS = ("Normalize", "ToDtype")
_MODULES = ("torchvision.transforms", "torchvision.transforms.v2")

# Above this number of elements, torch uses several threads. On a machine with other work, they wait
# for each other: without workers, an epoch took 10 s in batches of 256 images, and 0.4 s in parts.
_SERIAL = 32_767

# A picture with every value that a byte can have, and a darker one: from two pictures together, a
# step that looks at more than single pixels makes something other than from each by itself.
_PROBE = np.arange(256, dtype=np.uint8).reshape(16, 16)
_PROBES = np.stack([_PROBE, _PROBE // 2])


class Steps(NamedTuple):
    """How a transform is applied to a batch.

    Attributes
    ----------
    transforms : tuple
        The recognised transforms, in their order, without Compose.
    float_type : dtype
        torch's default, to which ToTensor converts.
    item_type : type
        The class of the tensor that the transform makes of one image.
    """

    transforms: tuple[Any, ...]
    float_type: Any
    item_type: type[Any]

    def is_of(self, transforms: tuple[Any, ...], float_type: Any) -> bool:
        """Whether these are the steps of the same transforms, with the same default dtype."""
        # Identity, because the equality of transforms may mean something else.
        ids = [list(map(id, each)) for each in (transforms, self.transforms)]
        return ids[0] == ids[1] and float_type is self.float_type

    def apply(self, data: Any, index: Any) -> list[Any]:
        """Transform the images at indices, a tensor for each.

        Parameters
        ----------
        data : tensor of uint8, (n, rows, columns)
        index : tensor of int64, (m,)
        """
        pixels = max(data[0].numel(), 1)
        items: list[Any] = []
        for part in index.split(max(_SERIAL // pixels, 1)):
            items += self._together(data.index_select(0, part)).unbind()
        if type(items[0]) is self.item_type:
            return items
        return [item.as_subclass(self.item_type) for item in items]

    def _together(self, images: Any) -> Any:
        """Transform images as one tensor."""
        converter, *others = self.transforms
        batch = images.unsqueeze(1)
        if type(converter).__name__ == "ToTensor":
            batch = batch.to(self.float_type).div_(255)
        for transform in others:
            batch = transform(batch)
        return batch


class BatchMethod:
    """The method `__getitems__`, hidden from objects that pass on names which they do not have.

    torchvision's sets have no such method. A script's own data set around one of them may have a
    `__getattr__` that asks the set for everything else. A DataLoader would then take its batches
    from the set, past the `__getitem__` of the script.

    Parameters
    ----------
    function : callable
        Called with the data set and the indices.
    """

    def __init__(self, function: Callable[[Any, Sequence[int]], list[Any]]) -> None:
        self.__doc__ = function.__doc__
        self._function = function

    def __get__(self, dataset: Any, owner: type[Any] | None = None) -> Callable[..., list[Any]]:
        if dataset is None:
            return self._function
        if sys._getframe(1).f_code.co_name in ("__getattr__", "__getattribute__"):
            raise AttributeError(f"{type(dataset).__name__!r} object has no attribute __getitems__")
        return MethodType(self._function, dataset)


def recognise(transform: Any, known: Steps | None) -> Steps | None:
    """Return how a transform is applied to a batch; None if it has to be given single images.

    Parameters
    ----------
    transform : callable or None
    known : Steps or None
        What has been returned before. It is returned again if the transform is still the same.
    """
    import torch

    transforms = tuple(_flatten(transform))
    kinds = [_kind(each) for each in transforms]
    if not kinds or kinds[0] not in _CONVERTERS or not set(kinds[1:]) <= set(_OTHERS):
        return None
    float_type = torch.get_default_dtype()
    if known is not None and known.is_of(transforms, float_type):
        return known
    return _checked(transform, transforms, float_type)


def is_usual(data: Any) -> bool:
    """Whether images are a tensor like that of a file: uint8, (n, rows, columns)."""
    import torch

    return (
        type(data) is torch.Tensor
        and data.dtype == torch.uint8
        and data.ndim == 3
        and data.device.type == "cpu"
    )


def index_of(indices: Sequence[int], count: int) -> Any:
    """Indices from 0 to count - 1 as a tensor; None if there are none, or any others."""
    import torch

    index = np.asarray(indices)
    if index.dtype != np.int64 or index.ndim != 1 or not index.size:
        return None
    if index.min() < 0 or index.max() >= count:
        return None
    return torch.from_numpy(index)


def _flatten(transform: Any) -> Iterator[Any]:
    """The transforms in a Compose, and in those within it."""
    if _kind(transform) != "Compose":
        yield transform
        return
    for each in transform.transforms:
        yield from _flatten(each)


def _kind(transform: Any) -> str:
    """The name of one of torchvision's own classes, if it is that of a transform; otherwise ""."""
    kind = type(transform)
    theirs = (getattr(sys.modules.get(module), kind.__name__, None) for module in _MODULES)
    # Hooks of a module expect single images.
    hooks = getattr(transform, "_forward_hooks", None) or getattr(
        transform, "_forward_pre_hooks", None
    )
    return "" if hooks or kind not in theirs else kind.__name__


def _checked(transform: Any, transforms: tuple[Any, ...], float_type: Any) -> Steps | None:
    """The steps, if they make the same tensor of a picture as the transform itself."""
    import torch
    from PIL import Image

    try:
        expected = [transform(Image.fromarray(probe)) for probe in _PROBES]
        steps = Steps(transforms, float_type, type(expected[0]))
        found = steps.apply(torch.from_numpy(_PROBES.copy()), torch.arange(len(_PROBES)))
        is_same = all(map(_is_same, found, expected))
    except Exception:
        # If the transform itself fails, it does so again for an image of the caller.
        return None
    return steps if is_same else None


def _is_same(found: Any, expected: Any) -> bool:
    """Whether two tensors are of the same class, dtype and shape, and the same bit for bit."""
    kinds = [(type(each), each.dtype, each.shape) for each in (found, expected)]
    return kinds[0] == kinds[1] and found.numpy().tobytes() == expected.numpy().tobytes()
