"""In place of keras.datasets.mnist."""

from __future__ import annotations

import os

from .._shared.files import Pair
from .folder import load

__all__ = ["load_data"]


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Pair, Pair]:
    """Load MNIST.

    Parameters
    ----------
    path : str or PathLike
        The folder of the files, absolute or below Keras's own. A suffix .npz is ignored.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : ndarray of uint8
        Images (60000, 28, 28) and (10000, 28, 28), labels (60000,) and (10000,).
    """
    return load("mnist", os.fspath(path).removesuffix(".npz"))
