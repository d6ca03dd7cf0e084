"""In place of keras.datasets.fashion_mnist."""

from __future__ import annotations

from .._shared.files import Pair
from .folder import load

__all__ = ["load_data"]


def load_data() -> tuple[Pair, Pair]:
    """Load Fashion-MNIST. The result is like that of `idxfast.compat.keras.mnist.load_data`."""
    return load("fashion-mnist", "fashion-mnist")
