"""Keras's folder, and a set in it."""

from __future__ import annotations

import os

from .._shared.downloads import load_four
from .._shared.files import Pair


def load(name: str, folder: str) -> tuple[Pair, Pair]:
    """Load a set, as `idxfast.datasets` calls it, from a folder, absolute or below Keras's own."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return load_four(name, os.path.join(home, "datasets", folder))
