"""TensorLoader: batches of images and labels that are in memory."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence

import torch

from ...lazy import batches
from .sources import Path, Source, as_labels, as_tensor, check_pair


class TensorLoader:
    """Batches of images and labels in memory, without worker processes.

    Each pass over the loader is an epoch. A batch is one selection of rows from the tensor of all
    images.

    Parameters
    ----------
    images : path, IdxFile, ndarray or tensor
        Read as a whole. An array or tensor in memory is shared, not copied.
    labels : path, IdxFile, ndarray, tensor or sequence of int
        An integer, or a row of integers, for each image.
    batch_size : int
        The last batch of an epoch may be smaller.
    shuffle : bool, optional
        Whether each epoch has its own random order.
    seed : int, optional
        With the same seed, loaders have the same orders. By default, the orders depend on
        `torch.manual_seed`.
    drop_last : bool, optional
        Leave out a last batch that is smaller.
    mean, deviation : float, optional
        Give the images as float32, less `mean` and divided by `deviation`. Images of uint8 are
        first divided by 255, as by torchvision's ``ToTensor()``: MNIST has the mean 0.1307 and the
        deviation 0.3081, Fashion-MNIST 0.2860 and 0.3530. With 0 and 1, the images are only divided
        by 255. Without `mean` and `deviation`, images keep their type.
    device : torch.device or str, optional
        The device of the batches. To a CUDA device, batches are copied from pinned memory, while
        the program continues. Tensors that are on the device already are not moved.

    Raises
    ------
    IdxError
        If a file is not a whole, undamaged IDX file, if there are no images, or if there are not as
        many labels as images.
    ValueError, TypeError
        If another argument is wrong.
    """

    def __init__(
        self,
        images: Path | Source,
        labels: Path | Source | Sequence[int],
        batch_size: int,
        shuffle: bool = False,
        seed: int | None = None,
        drop_last: bool = False,
        mean: float | None = None,
        deviation: float | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        batches.check(batch_size, None, seed, 0, 0, 1, shuffle=shuffle)
        if (mean is None) != (deviation is None):
            raise ValueError("mean= and deviation= belong together")
        if deviation == 0:
            raise ValueError("deviation is 0")
        self._images = as_tensor(images)
        self._labels = as_labels(labels)
        check_pair(images, labels, self._images.shape, len(self._labels))
        self._batch_size = operator.index(batch_size)
        self._shuffle = shuffle
        # Several times as fast as numpy's generators.
        self._generator = (
            None if seed is None else torch.Generator().manual_seed(operator.index(seed))
        )
        self._drop_last = drop_last
        self._mean = mean
        self._deviation = deviation
        self._device = self._images.device if device is None else torch.device(device)
        self._is_moved = self._device != self._images.device
        self._labels = self._labels.to(self._images.device)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        count = len(self._labels)
        return count // self._batch_size if self._drop_last else -(-count // self._batch_size)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The images and the labels of each batch, as new tensors."""
        count = len(self._labels)
        if self._shuffle:
            order = torch.randperm(count, generator=self._generator)
        else:
            order = torch.arange(count)
        select = self._select if self._is_moved else torch.index_select
        for some in order.to(self._images.device).split(self._batch_size)[: len(self)]:
            images, labels = select(self._images, 0, some), select(self._labels, 0, some)
            yield (images if self._mean is None else self._normalised(images)), labels

    def _select(self, tensor: torch.Tensor, axis: int, rows: torch.Tensor) -> torch.Tensor:
        """As `torch.index_select`; the result is on the loader's device."""
        if tensor.device.type != "cpu" or self._device.type != "cuda":
            return torch.index_select(tensor, axis, rows).to(self._device)
        pinned = torch.empty((len(rows), *tensor.shape[1:]), dtype=tensor.dtype, pin_memory=True)
        torch.index_select(tensor, axis, rows, out=pinned)
        # torch does not use pinned memory again before the copy has been made.
        return pinned.to(self._device, non_blocking=True)

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        """Normalise a new tensor, perhaps in its own memory."""
        is_bytes = images.dtype == torch.uint8
        # The operations and their order are torchvision's, and so are the results.
        images = images.to(torch.float32)
        if is_bytes:
            images.div_(255)
        return images.sub_(self._mean).div_(self._deviation)
