"""IdxDataset: images and labels as a map-style data set."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

from torch.utils.data import Dataset, default_collate

from .batch import Batch, Sample
from .sources import Path, Source, as_labels, as_rows, as_source, check_pair, row_of, take


class IdxDataset(Dataset):
    """Images and their labels, for a `torch.utils.data.DataLoader`.

    A batch is read at once, and torch's default `collate_fn` returns its images as one tensor. The
    data set is pickled with the paths of its files, so each worker process opens the files again.

    Parameters
    ----------
    images : path, IdxFile, ndarray or tensor
        A file is read as `idxfast.open` reads it: only what a batch needs, if the file allows that.
        An array in memory is shared, not copied.
    labels : path, IdxFile, ndarray, tensor or sequence of int
        An integer, or a row of integers, for each image. All labels are read now.
    transform : callable, optional
        Called with each image, a tensor of the type and shape that the file has, such as uint8 and
        (28, 28). Transforms of `torchvision.transforms.v2` take such a tensor after
        ``v2.ToImage()``. Without `transform`, batches take a fraction of the time, and many
        transforms can be applied to whole batches of the loader instead.
    target_transform : callable, optional
        Called with each label, a tensor of int64.

    Attributes
    ----------
    images : tensor, ndarray or IdxFile
        What the images are read from.
    labels : tensor of int64
    transform, target_transform
        As given.

    Raises
    ------
    IdxError
        If a file is not a whole IDX file, if there are no images, or if there are not as many
        labels as images. If a file turns out to be damaged, or changes after it was opened, the
        error is raised later, in the process that asks the loader for batches.
    TypeError
        If `images` is of another type, or the labels are not integers.
    OSError
        If a file cannot be opened or, later, read.
    """

    def __init__(
        self,
        images: Path | Source,
        labels: Path | Source | Sequence[int],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.images = as_source(images)
        self.labels = as_labels(labels)
        check_pair(images, labels, self.images.shape, len(self.labels))
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: SupportsIndex | list[int]) -> Any:
        """The image and the label of this number, or a batch for a list of numbers.

        If the images are an array in memory, a single image shares its memory.
        """
        if isinstance(index, list):
            return default_collate(self.__getitems__(index))
        number = operator.index(index)
        return self._transformed(Sample((row_of(self.images, number), self.labels[number])))

    def __getitems__(self, rows: list[int]) -> Sequence[Any]:
        """The samples of several numbers, read at once: what a `DataLoader` asks for."""
        numbers = as_rows(rows)
        batch = Batch(take(self.images, numbers), take(self.labels, numbers))
        if self.transform is None and self.target_transform is None:
            return batch
        return [self._transformed(sample) for sample in batch]

    def _transformed(self, sample: Sample) -> Any:
        if self.transform is None and self.target_transform is None:
            return sample
        image, label = sample
        return (
            image if self.transform is None else self.transform(image),
            label if self.target_transform is None else self.target_transform(label),
        )
