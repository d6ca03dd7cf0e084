"""The sets of four files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ...datasets.fitting import check_counts
from .._shared import downloads, four_files
from .._shared.classes import made_when_asked, names, numbered_digits
from . import batches, published
from .base import Original, VisionDataset
from .readers import read_image_file, read_label_file, torch_module

_SUFFIXES = ("", ".gz", ".xz")


def check_integrity(fpath: str) -> bool:
    """Whether a file is there, as it is or compressed."""
    return any(os.path.isfile(fpath + suffix) for suffix in _SUFFIXES)


class MNIST(Original):
    """MNIST.

    Parameters
    ----------
    root : str or PathLike
    train : bool
        The training set if True, otherwise the test set.
    transform, target_transform : callable, optional
        Applied to each image (a PIL image) and to each label (an int).
    download : bool
        Download missing files.

    Attributes
    ----------
    data : tensor of uint8, (n, 28, 28)
    targets : tensor of int64, (n,)
    classes : list of str

    Raises
    ------
    RuntimeError
        If files are missing.
    IdxError
        If a file is damaged, or the numbers of images and labels differ.
    """

    classes: list[str] = made_when_asked(numbered_digits)
    mirrors: ClassVar = list(published.MIRRORS["mnist"])
    resources: ClassVar[Any] = published.resources("mnist")
    training_file = "training.pt"
    test_file = "test.pt"
    _set = "mnist"
    # Whether this object has downloaded the files. Then it loads the bytes that were verified.
    _is_fetched = False
    # How the transform is applied to whole batches, once this is known.
    _steps: batches.Steps | None = None

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        torch = torch_module()
        # Not the __init__ of torchvision's MNIST, which reads the files.
        VisionDataset.__init__(
            self,
            os.path.expanduser(root),
            transform=transform,
            target_transform=target_transform,
        )
        self.train = train
        legacy = [
            os.path.join(self.processed_folder, f) for f in (self.training_file, self.test_file)
        ]
        if all(map(os.path.isfile, legacy)):
            self.data, self.targets = torch.load(legacy[0 if train else 1], weights_only=True)
            return
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.data, self.targets = self._load_data()
        check_counts(self.data.shape, self.targets.shape, self._names[1])

    @property
    def raw_folder(self) -> str:
        """Where the IDX files are."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where old versions of torchvision saved tensors, which are loaded if they are there."""
        return os.path.join(self.root, type(self).__name__, "processed")

    @property
    def images_file(self) -> str:
        """Where the file of images should be."""
        return os.path.join(self.raw_folder, self._names[0])

    @property
    def labels_file(self) -> str:
        """Where the file of labels should be."""
        return os.path.join(self.raw_folder, self._names[1])

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: label for label, name in enumerate(self.classes)}

    @property
    def train_labels(self) -> Any:
        """Old name of `targets`."""
        return self._renamed("train_labels", "targets")

    @property
    def test_labels(self) -> Any:
        """Old name of `targets`."""
        return self._renamed("test_labels", "targets")

    @property
    def train_data(self) -> Any:
        """Old name of `data`."""
        return self._renamed("train_data", "data")

    @property
    def test_data(self) -> Any:
        """Old name of `data`."""
        return self._renamed("test_data", "data")

    def download(self) -> None:
        """Download missing files."""
        if self._check_exists():
            return
        if self._is_elsewhere():
            super().download()
            return
        downloads.download(self._set, self.raw_folder)
        self._is_fetched = True

    def extra_repr(self) -> str:
        """The line of the split for `repr`."""
        return f"Split: {'Train' if self.train is True else 'Test'}"

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """An image and its label, transformed."""
        from PIL import Image

        pixels = self.data[index].numpy()
        # torchvision makes a picture of bytes, mode L, also of True and False.
        image: Any = Image.fromarray(pixels.view(np.uint8) if pixels.dtype == bool else pixels)
        target = self._target(index)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    @batches.BatchMethod
    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, Any]]:
        """Several items at once, as a DataLoader asks for them: those of `__getitem__`."""
        steps = index = None
        if type(self).__getitem__ is _GETITEM and batches.is_usual(self.data):
            steps = self._steps = batches.recognise(self.transform, self._steps)
            index = batches.index_of(indices, len(self.data))
        if steps is None or index is None:
            return [self[i] for i in indices]
        images = steps.apply(self.data, index)
        targets = self._targets(index)
        if self.target_transform is not None:
            targets = [self.target_transform(target) for target in targets]
        from . import samples

        return samples.pairs(images, targets)

    @property
    def _names(self) -> tuple[str, str]:
        """The names of the file of images and the file of labels."""
        return four_files.TRAIN if self.train else four_files.TEST

    def _check_exists(self) -> bool:
        paths = [os.path.join(self.raw_folder, name) for name in self._resource_names()]
        return all(map(check_integrity, paths)) or all(
            map(self._find, (four_files.TRAIN, four_files.TEST))
        )

    def _resource_names(self) -> list[str]:
        """The names of the files in `resources`, unpacked."""
        return [os.path.splitext(os.path.basename(url))[0] for url, _ in self.resources]

    def _is_elsewhere(self) -> bool:
        """Whether a script has named other files, or another server for them."""
        if self._set not in published.MIRRORS:
            return False
        listed = [(os.path.basename(url), md5) for url, md5 in self.resources]
        return (
            listed != published.resources(self._set) or self.mirrors != published.MIRRORS[self._set]
        )

    def _find(self, names: tuple[str, str]) -> tuple[str, str] | None:
        """The paths of images and labels. Files with other names may be one level higher."""
        return four_files.find_pair(
            self.raw_folder, names, _SUFFIXES, os.path.dirname(self.raw_folder)
        )

    def _found(self) -> tuple[str, str]:
        """The paths of this part's images and labels, which were there a moment ago."""
        found = self._find(self._names)
        if found is None:
            raise RuntimeError(f"{self.raw_folder}: the files were just there, and are missing now")
        return found

    @property
    def _kind(self) -> str:
        """The name of this part of the set in `idxfast.datasets`."""
        return "train" if self.train else "test"

    def _load_data(self) -> tuple[Any, Any]:
        if self._is_fetched:
            return self._load_published()
        images, labels = self._found()
        return read_image_file(images), read_label_file(labels)

    def _load_published(self) -> tuple[Any, Any]:
        torch = torch_module()
        images, labels = downloads.load_published(self._set, self._kind, self.raw_folder)
        return torch.from_numpy(images), torch.from_numpy(labels).long()

    def _target(self, index: int) -> Any:
        return int(self.targets[index])

    def _targets(self, index: Any) -> list[Any]:
        """The labels of several items, whose indices are in a tensor."""
        torch = torch_module()
        targets = self.targets
        if type(targets) is torch.Tensor and targets.dtype == torch.int64 and targets.ndim == 1:
            labels: list[Any] = targets[index].tolist()
            return labels
        return [self._target(i) for i in index.tolist()]

    def _renamed(self, old: str, new: str) -> Any:
        warnings.warn(f"{old} has been renamed {new}", stacklevel=3)
        return getattr(self, new)


# Classes and scripts may replace the method; then batches consist of what theirs returns.
_GETITEM = MNIST.__getitem__


class FashionMNIST(MNIST):
    """Fashion-MNIST. Parameters and attributes are those of `MNIST`."""

    classes = made_when_asked(lambda: names("fashion-mnist"))
    mirrors: ClassVar = list(published.MIRRORS["fashion-mnist"])
    resources: ClassVar = published.resources("fashion-mnist")
    _set = "fashion-mnist"


class KMNIST(MNIST):
    """Kuzushiji-MNIST. Parameters and attributes are those of `MNIST`."""

    classes = made_when_asked(lambda: names("kmnist"))
    mirrors: ClassVar = list(published.MIRRORS["kmnist"])
    resources: ClassVar = published.resources("kmnist")
    _set = "kmnist"


def check_choice(value: str, name: str, choices: tuple[str, ...]) -> str:
    """The value of an argument, if it is one of the choices.

    Raises
    ------
    ValueError
        If it is not.
    """
    if value not in choices:
        raise ValueError(f"Unknown value {value!r} for argument {name}; it is one of {choices}")
    return value
