"""Progress on a terminal, for what takes over a second."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Self

from ..errors import printable

# Seconds before a bar appears: most files are done by then.
_DELAY = 1.0
_MAX_NAME = 30


class Progress:
    """Shows how much is done, on standard error, if that is a terminal and tqdm is installed.

    It is called as ``progress(done, total)``, as `idxfast.load` calls it. Leaving a ``with`` block
    removes the bar.

    Parameters
    ----------
    name : str
        The file that is worked on. Only the end of its name is shown, to leave room for the bar.
    unit : str
        "B" for bytes, which are shown in kB and MB, or the name of what is counted.
    """

    def __init__(self, name: str, unit: str = "B") -> None:
        self._name = printable(os.path.basename(name.rstrip("/")))[-_MAX_NAME:]
        self._unit = unit
        self._bar: Any = None
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __call__(self, done: int, total: int) -> None:
        if not self._is_shown:
            return
        if self._bar is None:
            if time.monotonic() - self._start < _DELAY:
                return
            try:
                from tqdm import tqdm
            except ImportError:
                self._is_shown = False
                return
            self._bar = tqdm(
                desc=self._name,
                total=total,
                initial=done,
                unit=self._unit,
                unit_scale=self._unit == "B",
                leave=False,
                file=sys.stderr,
            )
        self._bar.total = total
        self._bar.update(done - self._bar.n)
