"""All bytes of a file, read once, so that what is verified is what is decoded.

Verifying and decoding both work on these bytes, which belong to this process alone. Verifying an
open file and then reading it again would not be safe, because another process may write to the file
in between.
"""

from __future__ import annotations

import io
import os

from .regular import open_regular


class Snapshot(io.BytesIO):
    """The bytes of a regular file, as a file object with the file's name.

    Parameters
    ----------
    path : str
    limit : int
        The largest size in bytes that the caller accepts. Of a larger file, only `limit` + 1 bytes
        are read, which bounds the memory and lets the caller see that the file is too large.

    Raises
    ------
    OSError
        If the file cannot be read or is not a regular file.
    """

    def __init__(self, path: str, limit: int) -> None:
        with open_regular(path) as file:
            size = min(os.fstat(file.fileno()).st_size, limit)
            # BytesIO copies nothing, because nobody else holds these bytes.
            super().__init__(file.read(size + 1))
        self.name = path
