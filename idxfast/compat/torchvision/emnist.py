"""EMNIST: several splits, unpacked or in one zip file."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from .._shared import emnist_archive
from .._shared.classes import made_when_asked, names
from .published import EMNIST_MD5, EMNIST_URL
from .readers import torch_module
from .sets import MNIST, check_choice, check_integrity

_SPLITS = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")


def _classes() -> dict[str, list[str]]:
    """The classes of each split."""
    classes = {split: names(f"emnist-{split}") for split in _SPLITS}
    # The labels of letters start at 1.
    classes["letters"].insert(0, "N/A")
    return classes


class EMNIST(MNIST):
    """EMNIST. Images are transposed, as they are stored.

    Parameters
    ----------
    root : str or PathLike
    split : {"byclass", "bymerge", "balanced", "letters", "digits", "mnist"}
    **kwargs
        As for `MNIST`.
    """

    url = EMNIST_URL
    md5 = EMNIST_MD5
    splits = _SPLITS
    classes_split_dict: ClassVar[dict[str, list[str]]] = made_when_asked(_classes)

    def __init__(self, root: str | os.PathLike[str], split: str, **kwargs: Any) -> None:
        self.split = check_choice(split, "split", self.splits)
        self.training_file = f"training_{split}.pt"
        self.test_file = f"test_{split}.pt"
        self.classes = self.classes_split_dict[split]
        self._set = f"emnist-{split}"
        super().__init__(root, **kwargs)

    @property
    def _names(self) -> tuple[str, str]:
        return (
            emnist_archive.file_name(self.split, self._kind, "images"),
            emnist_archive.file_name(self.split, self._kind, "labels"),
        )

    @property
    def _archive(self) -> str:
        return os.path.join(self.raw_folder, emnist_archive.archive_name())

    def _check_exists(self) -> bool:
        return (
            all(map(check_integrity, (self.images_file, self.labels_file)))
            or self._find(self._names) is not None
            or os.path.isfile(self._archive)
        )

    def _load_data(self) -> tuple[Any, Any]:
        if self._is_fetched or self._find(self._names):
            return super()._load_data()
        torch = torch_module()
        images, labels = (emnist_archive.load(self._archive, name) for name in self._names)
        return torch.from_numpy(images), torch.from_numpy(labels).long()
