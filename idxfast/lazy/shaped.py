"""The dtype and the shape of an IDX file, as numpy's arrays show them."""

from __future__ import annotations

import math

from ..format import Header


class Shaped:
    """An object with the dtype and the shape that a header announces."""

    def _describe(self, header: Header) -> None:
        """Take over the dtype and the shape."""
        self._header = header
        self.dtype = header.dtype.newbyteorder("=")
        self.shape = header.shape

    @property
    def ndim(self) -> int:
        """How many dimensions there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return self._header.nbytes

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]
