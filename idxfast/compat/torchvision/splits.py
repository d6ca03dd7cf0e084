"""EMNIST and QMNIST, of each of which there are several."""

from __future__ import annotations

import os
import string
from typing import Any, ClassVar

from ...containers import archives
from .._shared.classes import MERGED
from .readers import read_image_file, read_sn3_pascalvincent_tensor, torch_module
from .sets import MNIST


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
        if self._is_fetched or self._has(self._names):
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

    @property
    def _kind(self) -> str:
        subset = self.subsets[self.what]
        return "xnist" if subset == "nist" else subset

    def _load_data(self) -> tuple[Any, Any]:
        if self._is_fetched:
            data, targets = self._load_published()
        else:
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
