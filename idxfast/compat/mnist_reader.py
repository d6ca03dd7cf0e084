"""In place of Fashion-MNIST's mnist_reader.py: ``from idxfast.compat import mnist_reader``.

What differs: the arrays are writable; images may have any size, not 784 pixels alone; files that
are not of images and labels, or do not belong together, are errors; and files that are not gzip
whatever their names say are read.
"""

from __future__ import annotations

import os

from ._shared.files import Array
from .mlxtend import loadlocal_mnist


def load_mnist(path: str | os.PathLike[str], kind: str = "train") -> tuple[Array, Array]:
    """Read the images and labels of a folder, as `idxfast.compat.mlxtend.loadlocal_mnist` does.

    Parameters
    ----------
    path : str or PathLike
        Where ``KIND-images-idx3-ubyte.gz`` and ``KIND-labels-idx1-ubyte.gz`` are.
    kind : {"train", "t10k"}
    """
    return loadlocal_mnist(
        os.path.join(path, f"{kind}-images-idx3-ubyte.gz"),
        os.path.join(path, f"{kind}-labels-idx1-ubyte.gz"),
    )
