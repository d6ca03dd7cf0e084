"""What is replaced in each installed loader that can be patched, and by what."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple


class Replacement(NamedTuple):
    """An attribute of a module or class, and what takes its place."""

    owner: Any
    name: str
    new: Any


def _idx2numpy() -> Iterator[Replacement]:
    from . import idx2numpy as ours

    theirs = _import("idx2numpy", "idx2numpy")
    # idx2numpy has a class and a module of this name; the attribute is the class.
    error = theirs.FormatError
    for name in (
        "convert_from_file",
        "convert_from_string",
        "convert_to_file",
        "convert_to_string",
    ):
        new = _raising(getattr(ours, name), ours.FormatError, error)
        for owner in (theirs, _import("idx2numpy", "idx2numpy.converters")):
            yield Replacement(owner, name, new)


def _mnist() -> Iterator[Replacement]:
    from . import mnist as ours

    theirs = _import("mnist", "mnist")
    if not hasattr(theirs, "parse_idx"):
        raise ImportError(f"mnist is not installed: {theirs.__file__} is another package")
    new = _raising(ours.parse_idx, ours.IdxDecodeError, theirs.IdxDecodeError)
    yield Replacement(theirs, "parse_idx", new)


def _python_mnist() -> Iterator[Replacement]:
    from . import python_mnist as ours

    theirs = _import("python-mnist", "mnist")
    if not hasattr(theirs, "MNIST"):
        raise ImportError(f"python-mnist is not installed: {theirs.__file__} is another package")
    for name in (
        "load",
        "load_testing",
        "load_training",
        "load_training_in_batches",
        "opener",
        "process_images",
        "process_images_to_lists",
        "process_images_to_numpy",
        "process_labels",
    ):
        yield Replacement(theirs.MNIST, name, vars(ours.MNIST)[name])
    for name in ("img_packer", "label_packer"):
        for owner in (theirs, _import("python-mnist", "mnist.packer")):
            yield Replacement(owner, name, getattr(ours, name))


def _mlxtend() -> Iterator[Replacement]:
    from . import mlxtend as ours

    for module in ("mlxtend.data", "mlxtend.data.local_mnist"):
        yield Replacement(_import("mlxtend", module), "loadlocal_mnist", ours.loadlocal_mnist)


def _torchvision() -> Iterator[Replacement]:
    from . import torchvision as ours

    theirs = _import("torchvision", "torchvision.datasets.mnist")
    name = "read_sn3_pascalvincent_tensor"
    yield Replacement(theirs, name, getattr(ours, name))


LOADERS: dict[str, Callable[[], Iterator[Replacement]]] = {
    "idx2numpy": _idx2numpy,
    "mnist": _mnist,
    "python-mnist": _python_mnist,
    "mlxtend": _mlxtend,
    "torchvision": _torchvision,
}


def is_installed(name: str) -> bool:
    """Whether a package is installed. It is imported only if two packages have its import name."""
    if name not in ("mnist", "python-mnist"):
        return importlib.util.find_spec(name) is not None
    if importlib.util.find_spec("mnist") is None:
        return False
    return hasattr(importlib.import_module("mnist"), "parse_idx" if name == "mnist" else "MNIST")


def _import(package: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"cannot patch {package}: {error}", name=error.name) from error


def _raising(
    function: Callable[..., Any], ours: type[Exception], theirs: type[Exception]
) -> Callable[..., Any]:
    """The function, but raising their exception in place of ours."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ours as error:
            raise theirs(*error.args) from error.__cause__

    return wrapper
