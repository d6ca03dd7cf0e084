"""Put our readers into the loaders that are installed, and take them out again."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType

from . import _replacements
from ._replacements import LOADERS, Replacement


class Patch:
    """What a call of `patch` has changed. Leaving its ``with`` block undoes just that."""

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
    """Replace the readers of installed packages with ours; scripts need no other change.

    Parameters
    ----------
    *names : {"idx2numpy", "mnist", "python-mnist", "mlxtend", "torchvision"}
        Without names, all of these that are installed. Both mnist and python-mnist are imported
        as `mnist`; which of them is installed is recognised by what it defines.

    Returns
    -------
    context manager
        At its end, ``with patch("idx2numpy"): ...`` undoes what it has changed. Without ``with``,
        the change stays until `unpatch`.

    Raises
    ------
    ValueError
        If a name is not one of these.
    ImportError
        If one of the packages is not installed. Then nothing has been changed in any of them.

    Notes
    -----
    Functions are replaced as attributes of their modules. A call of
    ``idx2numpy.convert_from_file(...)`` always finds the replacement, but a script that executed
    ``from idx2numpy import convert_from_file`` before the patch keeps the original. So patch first.
    python-mnist's class is changed in place, and the functions and classes of mnist and torchvision
    look up the one reader that is replaced; for these three packages, names that were imported
    before the patch are patched, too.

    ``idx2numpy.FormatError`` and ``mnist.IdxDecodeError`` are raised as before. Other differences
    from an original are listed in the module of its name in `idxfast.compat`.
    """
    with _lock:
        found: dict[str, list[Replacement]] = {}
        for name in names or [name for name in LOADERS if _replacements.is_installed(name)]:
            key = name.replace("_", "-")
            if key not in LOADERS:
                raise ValueError(f"cannot patch {name!r}, only {', '.join(LOADERS)}")
            if key not in _originals:
                found[key] = list(LOADERS[key]())
        if not found and not _originals:
            raise ImportError(f"nothing to patch: none of {', '.join(LOADERS)} is installed")
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
