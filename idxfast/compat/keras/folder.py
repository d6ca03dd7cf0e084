"""A set in Keras's own folder."""

from __future__ import annotations

import os

from .._shared.downloads import load_or_download
from .._shared.files import Pair


def load(name: str, folder: str) -> tuple[Pair, Pair]:
    """Load a set, by its name in `idxfast.datasets`, from a folder, absolute or below Keras's."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return load_or_download(name, os.path.join(home, "datasets", folder))
