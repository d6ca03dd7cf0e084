"""QMNIST: MNIST with all of its test images, and the whole of NIST's digits."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from .published import qmnist_resources
from .readers import read_image_file, read_sn3_pascalvincent_tensor
from .sets import MNIST, check_choice, check_integrity


class QMNIST(MNIST):
    """QMNIST.

    Parameters
    ----------
    root : str or PathLike
    what : {"train", "test", "test10k", "test50k", "nist"}, optional
        By default "train" or "test", depending on `train`. "test10k" is MNIST's test set,
        "test50k" the other test images, and "nist" all of NIST's digits.
    compat : bool
        Whether an item's label is an int, the class. Otherwise it is a tensor of eight numbers, and
        the first is the class.
    train : bool
    **kwargs
        As for `MNIST`.

    Attributes
    ----------
    targets : tensor of int64, (n, 8)
    """

    resources: ClassVar = qmnist_resources()
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
        self.what = check_choice(
            what or ("train" if train else "test"), "what", tuple(self.subsets)
        )
        self.compat = compat
        self.data_file = self.training_file = self.test_file = f"{self.what}.pt"
        self._set = "xnist" if self.what == "nist" else "qmnist"
        super().__init__(root, train, **kwargs)

    @property
    def _names(self) -> tuple[str, str]:
        subset = self.subsets[self.what]
        prefix = "xnist" if subset == "nist" else f"qmnist-{subset}"
        return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx2-int"

    def _check_exists(self) -> bool:
        return (
            all(map(check_integrity, (self.images_file, self.labels_file)))
            or self._find(self._names) is not None
        )

    def extra_repr(self) -> str:
        """The line of the split for `repr`."""
        return f"Split: {self.what}"

    @property
    def _kind(self) -> str:
        subset = self.subsets[self.what]
        return "xnist" if subset == "nist" else subset

    def _load_data(self) -> tuple[Any, Any]:
        if self._is_fetched:
            data, targets = self._load_published()
        else:
            images, labels = self._found()
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
