"""What the caller of `load` asked for, and what follows for a file's header."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import SizeError
from ..format import Header, parse
from ..storage.source import Progress
from .arrays import check_out, new_array


class Request(NamedTuple):
    """The options of `load` that bear on the decoding."""

    out: np.ndarray[Any, Any] | None
    threads: int | None
    progress: Progress | None
    max_bytes: int | None

    def parse(self, start: bytes, filename: str) -> Header:
        """Parse a header, and hold it against the caller's limit."""
        header = parse(start, filename)
        if self.max_bytes is not None and header.nbytes > self.max_bytes:
            raise SizeError(
                "the array is larger than max_bytes allows",
                filename=filename,
                offset=4,
                expected=f"at most {self.max_bytes:,} bytes",
                found=header.nbytes,
            )
        return header

    def destination(self, header: Header, filename: str) -> np.ndarray[Any, Any]:
        """The caller's array, if it fits, or a new one."""
        if self.out is None:
            return new_array(header, filename)
        check_out(self.out, header, filename)
        return self.out
