"""The package python-mnist, installed on first use in a folder of its own.

Its import name, `mnist`, is also that of the package mnist, so site-packages has room for only one
of them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_FOLDER = Path(__file__).parent / ".cache" / "python-mnist"
_MODULES = ("mnist", "mnist.loader", "mnist.packer")


def loader() -> Any:
    """Import its module `mnist.loader`, without leaving it in `sys.modules`.

    Raises
    ------
    ImportError
        If pip cannot install the package.
    """
    return _modules()["mnist.loader"]


@contextlib.contextmanager
def imported() -> Iterator[ModuleType]:
    """Make `import mnist` import this package for the duration of a `with` block."""
    modules = _modules()
    others = {name: sys.modules.pop(name, None) for name in _MODULES}
    sys.modules.update(modules)
    try:
        yield modules["mnist"]
    finally:
        for name, other in others.items():
            del sys.modules[name]
            if other is not None:
                sys.modules[name] = other


@functools.cache
def _modules() -> dict[str, ModuleType]:
    if not (_FOLDER / "mnist").exists():
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(_FOLDER)]
        done = subprocess.run([*pip, "python-mnist==0.7"], capture_output=True, text=True)
        if done.returncode:
            raise ImportError(f"pip: {done.stderr.strip().splitlines()[-1]}")
    others = {name: sys.modules.pop(name, None) for name in _MODULES}
    sys.path.insert(0, str(_FOLDER))
    try:
        with warnings.catch_warnings():
            # The package compares strings with `is`.
            warnings.simplefilter("ignore", SyntaxWarning)
            return {name: importlib.import_module(name) for name in _MODULES}
    finally:
        sys.path.remove(str(_FOLDER))
        for name, other in others.items():
            sys.modules.pop(name, None)
            if other is not None:
                sys.modules[name] = other
