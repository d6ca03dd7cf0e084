"""All bytes of a file, read once.

What has to be verified is hashed and decoded from these bytes. They are this process's alone: after
the file has been read, nobody can put another one in its place, or write into it, between the one
and the other. An open file would not do: whoever may write to it may do so between two readings.
"""

from __future__ import annotations

import io
import os

from .regular import open_regular


class FileContent(io.BytesIO):
    """The bytes of a file, as a file object with its name.

    Parameters
    ----------
    path : str
        Of a regular file.
    limit : int
        Where to stop: of a longer file, one byte more is there than this, and the rest is not read.
        The memory that the bytes take is bounded by it.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """

    def __init__(self, path: str, limit: int) -> None:
        with open_regular(path) as file:
            size = min(os.fstat(file.fileno()).st_size, limit)
            # Nobody else holds what was read, so that BytesIO needs no copy of it.
            super().__init__(file.read(size + 1))
        self.name = path
