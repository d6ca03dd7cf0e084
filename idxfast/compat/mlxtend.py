"""In place of mlxtend.data's loader: ``from idxfast.compat.mlxtend import loadlocal_mnist``.

What differs:

- gzip, xz and bzip2 files are read, too.
- Images may have any size, not only 784 pixels.
- Files that do not hold images and labels, are cut short or do not belong together are errors.
"""

from __future__ import annotations

import os

from ._shared.files import Array, flat, load_pair

__all__ = ["loadlocal_mnist"]


def loadlocal_mnist(
    images_path: str | os.PathLike[str], labels_path: str | os.PathLike[str]
) -> tuple[Array, Array]:
    """Read images and labels.

    Returns
    -------
    images : ndarray of uint8, (n, pixels)
    labels : ndarray of uint8, (n,)

    Raises
    ------
    IdxError
        If a file is damaged or holds something else, or the numbers of images and labels differ.
    """
    images, labels = load_pair(images_path, labels_path)
    return flat(images), labels
