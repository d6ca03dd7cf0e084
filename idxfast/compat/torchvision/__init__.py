"""In place of torchvision.datasets: ``from idxfast.compat.torchvision import MNIST``.

In place of ``from torchvision import datasets``, scripts can say ``from idxfast.compat.torchvision
import datasets``. Then MNIST and its family are ours, and all other data sets torchvision's.

The files are where torchvision has them, in ``ROOT/CLASS/raw``. What differs:

- Files that are missing there under torchvision's names are found as `idxfast.load_dataset` finds
  them, in ``ROOT/CLASS`` and below, but not in archives.
- Compressed files (.gz, EMNIST's gzip.zip, QMNIST's .xz) are read as they are. Nothing is unpacked.
- ``download=True`` downloads as `idxfast.datasets.fetch` does. If a script has changed the
  `mirrors` or `resources` of MNIST, FashionMNIST or KMNIST, torchvision's own download is used.
  Such changes to EMNIST and QMNIST have no effect.
- A DataLoader asks for whole batches. ToTensor, or ToImage with or without ToDtype, is applied to
  many images as one tensor, also if Normalize follows. The items are the same as torchvision's, bit
  for bit. With any other transform, and in a class that replaces `__getitem__`, each item is made
  from a PIL image, as in the original.
- In a worker process, a `collate_fn` gets such a batch as a list of objects of a subclass of tuple.
  Batches of at most 1 MiB do not come in shared memory. The values are the same.
- Files of any number of dimensions are read. Whatever is wrong with a file is an
  `idxfast.IdxError`, which is a ValueError. The original fails with an AssertionError or a
  KeyError.
  `strict` has no effect: a file whose size is not what its header announces is never read.
- If there are more or fewer labels than images, an error is raised.
- Where torchvision is installed, its MNIST is the base class of all five sets, and so is its
  VisionDataset. Without torchvision, the sets need only PyTorch. Then `transforms` is None, and
  `repr` does not show transforms.
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
