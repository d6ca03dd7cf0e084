"""In place of Fashion-MNIST's mnist_reader.py: ``from idxfast.compat import mnist_reader``.

What differs: the arrays are writable; images may have any size, not 784 pixels alone; files that
are not of images and labels, or do not belong together, are errors; and files that are not gzip
whatever their names say are read.
"""

from __future__ import annotations

import os

from .files import Array, flat, load_pair


def load_mnist(path: str | os.PathLike[str], kind: str = "train") -> tuple[Array, Array]:
    """Read the images and labels of a folder.

    Parameters
    ----------
    path : str or PathLike
        Where ``KIND-images-idx3-ubyte.gz`` and ``KIND-labels-idx1-ubyte.gz`` are.
    kind : {"train", "t10k"}

    Returns
    -------
    images : ndarray of uint8, (n, pixels)
    labels : ndarray of uint8, (n,)

    Raises
    ------
    IdxError
        If a file is damaged, or not what its name says.
    """
    images, labels = load_pair(
        os.path.join(path, f"{kind}-images-idx3-ubyte.gz"),
        os.path.join(path, f"{kind}-labels-idx1-ubyte.gz"),
    )
    return flat(images), labels
