"""patch, unpatch: put our readers into the loaders that are installed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType

from . import peers
from .peers import PEERS, Replacement


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
        for name in names or [name for name in PEERS if peers.is_installed(name)]:
            key = name.replace("_", "-")
            if key not in PEERS:
                raise ValueError(f"cannot patch {name!r}, only {', '.join(PEERS)}")
            if key not in _originals:
                found[key] = list(PEERS[key]())
        if not names and not found and not _originals:
            raise ImportError(f"nothing to patch: none of {', '.join(PEERS)} is installed")
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


def _restore(names: Iterable[str]) -> None:
    for name in names:
        for owner, attribute, original in reversed(_originals.pop(name, [])):
            setattr(owner, attribute, original)
