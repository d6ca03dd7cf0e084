"""The classes, over local files."""

from __future__ import annotations

import os
import string
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from .. import archives, downloads, files
from ..classes import DIGITS, FASHION, KUZUSHIJI_ROMANISED, MERGED
from .readers import read_image_file, read_label_file, read_sn3_pascalvincent_tensor, torch_module


class MNIST:
    """MNIST.

    Parameters
    ----------
    root : str or PathLike
    train : bool
        The training set, or the test set.
    transform, target_transform : callable, optional
        Applied to each image (a PIL image) and each label (an int).
    download : bool
        Download what is not there.

    Attributes
    ----------
    data : tensor of uint8, (n, 28, 28)
    targets : tensor of int64, (n,)
    classes : list of str

    Raises
    ------
    RuntimeError
        If files are not there.
    """

    classes: list[str] = DIGITS
    training_file = "training.pt"
    test_file = "test.pt"
    _set = "mnist"

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        torch = torch_module()
        self.root = os.path.expanduser(root)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
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
        files.check_counts(self.data, self.targets, self._names[1])

    @property
    def raw_folder(self) -> str:
        """Where the IDX files are."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where old versions of torchvision put what they had read; loaded first if it is there."""
        return os.path.join(self.root, type(self).__name__, "processed")

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
        """Download what is not there."""
        if not self._check_exists():
            downloads.download(self._set, self.raw_folder)

    def __len__(self) -> int:
        return len(self.data)

    def __add__(self, other: Any) -> Any:
        return torch_module().utils.data.ConcatDataset([self, other])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """An image and its label, transformed."""
        from PIL import Image

        image: Any = Image.fromarray(self.data[index].numpy())
        target = self._target(index)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    @property
    def _names(self) -> tuple[str, str]:
        """Names of the files of images and of labels."""
        return files.TRAIN if self.train else files.TEST

    def _check_exists(self) -> bool:
        return self._has(files.TRAIN + files.TEST)

    def _has(self, names: tuple[str, ...]) -> bool:
        return all(map(self._find, names))

    def _find(self, name: str) -> str | None:
        return files.path_of(self.raw_folder, name, ("", ".gz", ".xz"))

    def _load_data(self) -> tuple[Any, Any]:
        images, labels = self._names
        return read_image_file(self._find(images)), read_label_file(self._find(labels))

    def _target(self, index: int) -> Any:
        return int(self.targets[index])

    def _renamed(self, old: str, new: str) -> Any:
        warnings.warn(f"{old} has been renamed {new}", stacklevel=3)
        return getattr(self, new)


class FashionMNIST(MNIST):
    """Fashion-MNIST; parameters and attributes as of `MNIST`."""

    classes = FASHION
    _set = "fashion-mnist"


class KMNIST(MNIST):
    """Kuzushiji-MNIST; parameters and attributes as of `MNIST`."""

    classes = KUZUSHIJI_ROMANISED
    _set = "kmnist"


class EMNIST(MNIST):
    """EMNIST, transposed as it is stored.

    Parameters
    ----------
    root : str or PathLike
    split : {"byclass", "bymerge", "balanced", "letters", "digits", "mnist"}
    **kwargs
        As for `MNIST`.
    """

    _all = string.digits + string.ascii_uppercase + string.ascii_lowercase
    _some = sorted(set(_all) - set(MERGED))
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": list(_all),
        "bymerge": _some,
        "balanced": _some,
        # The labels of letters start at 1.
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }
    splits = tuple(classes_split_dict)

    def __init__(self, root: str | os.PathLike[str], split: str, **kwargs: Any) -> None:
        self.split = _choice(split, "split", self.splits)
        self.training_file = f"training_{split}.pt"
        self.test_file = f"test_{split}.pt"
        self.classes = self.classes_split_dict[split]
        self._set = f"emnist-{split}"
        super().__init__(root, **kwargs)

    @property
    def _names(self) -> tuple[str, str]:
        prefix = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"

    @property
    def _archive(self) -> str:
        return os.path.join(self.raw_folder, archives.EMNIST)

    def _check_exists(self) -> bool:
        return self._has(self._names) or os.path.isfile(self._archive)

    def _load_data(self) -> tuple[Any, Any]:
        if self._has(self._names):
            return super()._load_data()
        torch = torch_module()
        images, labels = (archives.load_member(self._archive, f"gzip/{n}.gz") for n in self._names)
        return torch.from_numpy(images), torch.from_numpy(labels).long()


class QMNIST(MNIST):
    """QMNIST.

    Parameters
    ----------
    root : str or PathLike
    what : {"train", "test", "test10k", "test50k", "nist"}, optional
        By default "train" or "test", as `train` says. "test10k" are the images of MNIST's test
        set, "test50k" the others, "nist" all of NIST's.
    compat : bool
        A label is an int, the class; otherwise a tensor of eight numbers, of which this is the
        first.
    train : bool
    **kwargs
        As for `MNIST`.

    Attributes
    ----------
    targets : tensor of int64, (n, 8)
    """

    subsets: ClassVar[dict[str, str]] = {
        "train": "train",
        "test": "test",
        "test10k": "test",
        "test50k": "test",
        "nist": "nist",
    }

    def __init__(
        self,
        root: str | os.PathLike[str],
        what: str | None = None,
        compat: bool = True,
        train: bool = True,
        **kwargs: Any,
    ) -> None:
        self.what = _choice(what or ("train" if train else "test"), "what", tuple(self.subsets))
        self.compat = compat
        self.training_file = self.test_file = f"{self.what}.pt"
        self._set = "xnist" if self.what == "nist" else "qmnist"
        super().__init__(root, train, **kwargs)

    @property
    def _names(self) -> tuple[str, str]:
        subset = self.subsets[self.what]
        prefix = "xnist" if subset == "nist" else f"qmnist-{subset}"
        return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx2-int"

    def _check_exists(self) -> bool:
        return self._has(self._names)

    def _load_data(self) -> tuple[Any, Any]:
        images, labels = map(self._find, self._names)
        data, targets = read_image_file(images), read_sn3_pascalvincent_tensor(labels).long()
        if targets.ndim != 2:
            raise ValueError(f"targets should have 2 dimensions instead of {targets.ndim}")
        if self.what == "test10k":
            data, targets = data[:10000].clone(), targets[:10000].clone()
        elif self.what == "test50k":
            data, targets = data[10000:].clone(), targets[10000:].clone()
        return data, targets

    def _target(self, index: int) -> Any:
        target = self.targets[index]
        return int(target[0]) if self.compat else target


def _choice(value: str, name: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"Unknown value {value!r} for argument {name}; it is one of {choices}")
    return value
