"""In place of keras.datasets: ``from idxfast.compat.keras import mnist, fashion_mnist``.

The IDX files are looked for below Keras's own folder, ``$KERAS_HOME/datasets`` or
``~/.keras/datasets``: those of Fashion-MNIST in ``fashion-mnist``, where Keras puts them; those of
MNIST, of which Keras has only an .npz file, in ``mnist``. What is not there is downloaded into the
folder by `idxfast.datasets.fetch`.

What differs: arrays are writable; files that are damaged or do not belong together are errors.
"""

from __future__ import annotations

import os

from .files import Array, find_or_fetch, load_four

Pair = tuple[Array, Array]


class mnist:
    """``keras.datasets.mnist``."""

    @staticmethod
    def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Pair, Pair]:
        """Load MNIST.

        Parameters
        ----------
        path : str or PathLike
            The folder of the files, absolute or below Keras's own. An ending .npz is left out.

        Returns
        -------
        (x_train, y_train), (x_test, y_test) : ndarray of uint8
            Images (60000, 28, 28) and (10000, 28, 28), labels (60000,) and (10000,).
        """
        return _load("mnist", os.fspath(path).removesuffix(".npz"))


class fashion_mnist:
    """``keras.datasets.fashion_mnist``."""

    @staticmethod
    def load_data() -> tuple[Pair, Pair]:
        """Load Fashion-MNIST; returns what `mnist.load_data` does."""
        return _load("fashion-mnist", "fashion-mnist")


def _load(name: str, folder: str) -> tuple[Pair, Pair]:
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return load_four(find_or_fetch(name, os.path.join(home, "datasets", folder)))
