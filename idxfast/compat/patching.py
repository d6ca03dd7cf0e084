"""patch, unpatch: put our readers into the loaders that are installed."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import threading
from collections.abc import Callable, Iterator
from types import ModuleType, TracebackType
from typing import Any, NamedTuple


class Replacement(NamedTuple):
    """An attribute of a module or class, and what takes its place."""

    owner: Any
    name: str
    new: Any


class Patch:
    """What a call of `patch` has changed; leaving its ``with`` block undoes just that."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __enter__(self) -> Patch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _lock:
            _restore(self._names)


def patch(*names: str) -> Patch:
    """Replace the slow readers of installed packages, so that scripts that use them run faster.

    Parameters
    ----------
    *names : {"idx2numpy", "mnist", "python-mnist", "mlxtend", "torchvision"}
        Without names, all of these that are installed. Both mnist and python-mnist are imported
        as `mnist`; which one is there is seen from what it holds.

    Returns
    -------
    context manager
        ``with patch("idx2numpy"): ...`` undoes at its end what it has changed. Without ``with``
        the change stays until `unpatch`.

    Raises
    ------
    ValueError
        If a name is not one of these.
    ImportError
        If a package is not installed. Then nothing has been changed, whatever the other names.

    Notes
    -----
    Functions are replaced where they are looked up when they are called: ``idx2numpy.
    convert_from_file(...)`` is reached at any time, but a function that a script took out by
    ``from idx2numpy import convert_from_file`` before the patch is the old one for ever. So patch
    first. The class of python-mnist is changed in place, and the functions and classes of mnist
    and torchvision look up the one reader that is replaced: of these, what was taken out before
    is reached, too.

    ``idx2numpy.FormatError`` and ``mnist.IdxDecodeError`` are raised as before. What differs from
    the original is said by the module of its name beside this function.
    """
    with _lock:
        found: dict[str, list[Replacement]] = {}
        for name in names or [name for name in _PEERS if _is_installed(name)]:
            key = name.replace("_", "-")
            if key not in _PEERS:
                raise ValueError(f"cannot patch {name!r}, only {', '.join(_PEERS)}")
            if key not in _originals:
                found[key] = list(_PEERS[key]())
        if not names and not found and not _originals:
            raise ImportError(f"nothing to patch: none of {', '.join(_PEERS)} is installed")
        try:
            for name, replacements in found.items():
                originals = _originals[name] = []
                for owner, attribute, new in replacements:
                    originals.append(Replacement(owner, attribute, vars(owner)[attribute]))
                    setattr(owner, attribute, new)
        except BaseException:
            _restore(found)
            raise
    return Patch(list(found))


def unpatch(*names: str) -> None:
    """Put the originals back: of these packages, or of all that are patched."""
    with _lock:
        _restore([name.replace("_", "-") for name in names] or list(_originals))


_lock = threading.RLock()
# What was replaced, by package, in the order of replacement.
_originals: dict[str, list[Replacement]] = {}


def _restore(names: Any) -> None:
    for name in names:
        for owner, attribute, original in reversed(_originals.pop(name, [])):
            setattr(owner, attribute, original)


def _idx2numpy() -> Iterator[Replacement]:
    from . import idx2numpy as ours

    theirs = _import("idx2numpy", "idx2numpy")
    # The attribute of that name is the class, but the module stands in the way of importing it.
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


_PEERS: dict[str, Callable[[], Iterator[Replacement]]] = {
    "idx2numpy": _idx2numpy,
    "mnist": _mnist,
    "python-mnist": _python_mnist,
    "mlxtend": _mlxtend,
    "torchvision": _torchvision,
}


def _import(package: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"cannot patch {package}: {error}", name=error.name) from error


def _is_installed(name: str) -> bool:
    """Whether a package is there, without importing it unless two could be meant."""
    if name not in ("mnist", "python-mnist"):
        return importlib.util.find_spec(name) is not None
    if importlib.util.find_spec("mnist") is None:
        return False
    return hasattr(importlib.import_module("mnist"), "parse_idx" if name == "mnist" else "MNIST")


def _raising(
    function: Callable[..., Any], ours: type[Exception], theirs: type[Exception]
) -> Callable[..., Any]:
    """The function, with another exception in place of ours."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ours as error:
            raise theirs(*error.args) from error.__cause__

    return wrapper
