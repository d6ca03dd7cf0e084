"""IDX files inside xz, as QMNIST has them.

The standard library's lzma unpacks. The content is to be read as a stream: then memory grows as
bytes arrive, up to what the header announces, and nothing is allocated on its word.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from ..errors import IdxError, TrailingDataError, TruncatedError
from ..format import parse

MAGIC = b"\xfd7zXZ\x00"
CHUNK = 1 << 20
# The header of an xz file asks for memory, too. `xz -9` needs 65 MiB to unpack.
MEMORY_LIMIT = 128 << 20


class XzStream:
    """The unpacked bytes of an xz file, to be read in order."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        # Not every Python has it, and only these files need it.
        import lzma

        self.name = name
        self._file = file
        self._error = lzma.LZMAError
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY_LIMIT)
        self._started = False

    def read(self, size: int) -> bytes:
        """The next bytes, at least one and at most `size`; none at the end of the file."""
        while not self._decoder.eof:
            packed = self._file.read(CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not packed:
                raise TruncatedError(
                    "the xz stream has no end",
                    expected="the end of the stream",
                    found="the end of the file",
                    **self._place(),
                )
            try:
                data = self._decoder.decompress(packed, min(size, CHUNK))
            except self._error as error:
                raise IdxError(
                    f"the xz stream cannot be unpacked: {error}",
                    expected="an xz stream",
                    found=str(error),
                    **self._place(),
                ) from error
            if data:
                if not self._started and data[0]:
                    # It raises. Another gzip file inside would be read to its end.
                    parse(data, self.name)
                self._started = True
                return data
        place = self._place()
        if self._decoder.unused_data or self._file.read(1):
            raise TrailingDataError(
                "more bytes follow the xz stream",
                expected="the end of the file",
                found="more",
                **place,
            )
        return b""

    def _place(self) -> dict[str, Any]:
        offset = self._file.tell() - len(self._decoder.unused_data)
        return {"filename": self.name, "offset": offset}
