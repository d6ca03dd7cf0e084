"""Keras's folder, and a set in it."""

from __future__ import annotations

import os

from ..downloads import find_or_fetch
from ..files import Pair, load_four


def load(name: str, folder: str) -> tuple[Pair, Pair]:
    """Load a set, as `idxfast.datasets` calls it, from a folder, absolute or below Keras's own."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return load_four(find_or_fetch(name, os.path.join(home, "datasets", folder)))
