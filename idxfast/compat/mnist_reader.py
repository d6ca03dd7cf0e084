"""In place of Fashion-MNIST's mnist_reader.py: ``from idxfast.compat import mnist_reader``.

What differs:

- Arrays are writable.
- Images may have any size, not only 784 pixels.
- Files that do not hold images and labels, or do not belong together, are errors.
- A raw file is read, even though its name ends in .gz.
- Files that are missing under their usual names are found as `idxfast.load_dataset` finds them,
  but not in archives.
"""

from __future__ import annotations

import os

from ._shared.files import Array
from ._shared.four_files import find_pair
from .mlxtend import loadlocal_mnist

__all__ = ["load_mnist"]


def load_mnist(path: str | os.PathLike[str], kind: str = "train") -> tuple[Array, Array]:
    """Read images and labels from a folder, as `idxfast.compat.mlxtend.loadlocal_mnist` does.

    Parameters
    ----------
    path : str or PathLike
        The folder of ``KIND-images-idx3-ubyte.gz`` and ``KIND-labels-idx1-ubyte.gz``.
    kind : {"train", "t10k"}
    """
    names = f"{kind}-images-idx3-ubyte", f"{kind}-labels-idx1-ubyte"
    found = find_pair(path, names, (".gz",))
    return loadlocal_mnist(*found or [os.path.join(path, f"{name}.gz") for name in names])
