"""python-mnist, installed on first use in a folder of its own.

It claims the import name `mnist` that the package mnist has, so only one of them can stand in
site-packages.
"""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / ".cache" / "python-mnist"
_LOADER = _FOLDER / "mnist" / "loader.py"


@functools.cache
def loader() -> Any:
    """Import its module `mnist.loader` under another name.

    Raises
    ------
    ImportError
        If pip could not install it.
    """
    if not _LOADER.exists():
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(_FOLDER)]
        done = subprocess.run([*pip, "python-mnist==0.7"], capture_output=True, text=True)
        if done.returncode:
            raise ImportError(f"pip: {done.stderr.strip().splitlines()[-1]}")
    spec = importlib.util.spec_from_file_location("python_mnist_loader", _LOADER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        # It compares strings with `is`.
        warnings.simplefilter("ignore", SyntaxWarning)
        spec.loader.exec_module(module)
    return module
