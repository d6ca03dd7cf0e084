"""What the caller of `load` asked for."""

from __future__ import annotations

from typing import Any, NamedTuple, SupportsIndex

import numpy as np

from ..format import Header
from ..storage.source import Progress
from .arrays import check_out, new_array
from .header import check_limit
from .part import Part, find_part
from .stated import StatedHeader


class Request(NamedTuple):
    """The options of `load` that concern the decoding, and what the file is unpacked from.

    Attributes
    ----------
    stated : StatedHeader, optional
        What the caller states in place of the file's own header.
    unpacked_from : str, optional
        The name of the container that the file is unpacked from. Once the end of the file is
        reached, the end of the container has been checked, too.
    """

    out: np.ndarray[Any, Any] | None = None
    threads: int | None = None
    progress: Progress | None = None
    max_bytes: int | None = None
    start: SupportsIndex | None = None
    stop: SupportsIndex | None = None
    stated: StatedHeader | None = None
    unpacked_from: str | None = None

    @property
    def is_part(self) -> bool:
        """Whether only some of the rows are asked for."""
        return self.start is not None or self.stop is not None

    @property
    def file_limit(self) -> int | None:
        """The most bytes of an unpacked file up to the end of an array of `max_bytes`."""
        if self.max_bytes is None or self.stated is None:
            return self.max_bytes
        return self.max_bytes + self.stated.offset

    def part(self, header: Header, filename: str) -> Part:
        """What is to be read of a file with this header.

        Raises
        ------
        IndexError
            If the file does not have all the rows.
        SizeError
            If they are larger than `max_bytes`.
        """
        part = find_part(header, self.start, self.stop)
        check_limit(part.header, filename, self.max_bytes)
        return part

    def destination(self, header: Header, filename: str) -> np.ndarray[Any, Any]:
        """The caller's array, if it fits, or a new one."""
        if self.out is None:
            return new_array(header, filename)
        check_out(self.out, header, filename)
        return self.out
