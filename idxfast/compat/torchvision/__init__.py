"""In place of torchvision.datasets: ``from idxfast.compat.torchvision import MNIST``.

The files are where torchvision has them, ``ROOT/CLASS/raw``. What differs:

- Packed files (.gz; EMNIST's gzip.zip; QMNIST's .xz) are read as they are; nothing is unpacked.
- ``download=True`` downloads by `idxfast.datasets.fetch`.
- Files of any number of dimensions are read. Whatever is wrong with one is an `idxfast.IdxError`, a
  ValueError, where the original fails an assertion or a look-up; `strict` changes nothing: a file
  whose size is not what its header announces is never read.
- Images and labels that differ in number are an error.
- The classes are map-style data sets without a common base with torch's, without `transforms`,
  `resources`, `mirrors`, `images_file` and `labels_file`, and their repr says nothing of the files.
"""

from __future__ import annotations

from typing import Any

from .readers import (
    get_int,
    read_image_file,
    read_label_file,
    read_sn3_pascalvincent_tensor,
    torch_module,
)
from .sets import KMNIST, MNIST, FashionMNIST
from .splits import EMNIST, QMNIST

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
    """SN3_PASCALVINCENT_TYPEMAP: code of an IDX type to torch's type."""
    if name == "SN3_PASCALVINCENT_TYPEMAP":
        torch = torch_module()
        kinds = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.float32, torch.float64)
        return dict(zip((8, 9, 11, 12, 13, 14), kinds, strict=True))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
