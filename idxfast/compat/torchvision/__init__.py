"""In place of torchvision.datasets: ``from idxfast.compat.torchvision import MNIST``.

The files are where torchvision has them, in ``ROOT/CLASS/raw``. What differs:

- Files that are missing there under torchvision's names are found as `idxfast.load_dataset` finds
  them, in ``ROOT/CLASS`` and below, but not in archives.
- Compressed files (.gz, EMNIST's gzip.zip, QMNIST's .xz) are read as they are. Nothing is unpacked.
- ``download=True`` downloads as `idxfast.datasets.fetch` does.
- Files of any number of dimensions are read. Whatever is wrong with a file is an
  `idxfast.IdxError`, which is a ValueError. The original fails with an AssertionError or a
  KeyError.
  `strict` has no effect: a file whose size is not what its header announces is never read.
- Numbers of images and labels that differ are an error.
- The classes are map-style data sets. They do not inherit from torch's, and their repr does not
  describe the files. `transforms`, `resources`, `mirrors`, `images_file` and `labels_file` are
  missing.
"""

from __future__ import annotations

from typing import Any

from .emnist import EMNIST
from .qmnist import QMNIST
from .readers import (
    get_int,
    read_image_file,
    read_label_file,
    read_sn3_pascalvincent_tensor,
    torch_module,
)
from .sets import KMNIST, MNIST, FashionMNIST

__all__ = [
    "EMNIST",
    "KMNIST",
    "MNIST",
    "QMNIST",
    "FashionMNIST",
    "get_int",
    "read_image_file",
    "read_label_file",
    "read_sn3_pascalvincent_tensor",
]


def __getattr__(name: str) -> Any:
    """SN3_PASCALVINCENT_TYPEMAP, which needs torch: the code of an IDX type to torch's dtype."""
    if name == "SN3_PASCALVINCENT_TYPEMAP":
        torch = torch_module()
        kinds = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.float32, torch.float64)
        return dict(zip((8, 9, 11, 12, 13, 14), kinds, strict=True))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
