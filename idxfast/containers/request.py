"""What the caller of `load` asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..format import Header
from ..storage.source import Progress
from .arrays import check_out, new_array


class Request(NamedTuple):
    """The options of `load` that concern the decoding."""

    out: np.ndarray[Any, Any] | None = None
    threads: int | None = None
    progress: Progress | None = None
    max_bytes: int | None = None

    def destination(self, header: Header, filename: str) -> np.ndarray[Any, Any]:
        """The caller's array, if it fits, or a new one."""
        if self.out is None:
            return new_array(header, filename)
        check_out(self.out, header, filename)
        return self.out
