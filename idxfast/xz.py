"""IDX files inside xz, as QMNIST has them.

The standard library's lzma unpacks. The content is to be read as a stream: then memory grows as
bytes arrive, up to what the header announces, and nothing is allocated on its word.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from .errors import FormatError, IdxError, TrailingDataError, TruncatedError

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
                raise TruncatedError("the xz stream has no end", **self._details())
            try:
                data = self._decoder.decompress(packed, min(size, CHUNK))
            except self._error as error:
                raise IdxError(
                    f"the xz stream cannot be unpacked: {error}", **self._details()
                ) from error
            if data:
                self._check_start(data)
                return data
        end = self._details()
        if self._decoder.unused_data or self._file.read(1):
            raise TrailingDataError("more bytes follow the xz stream", **end)
        return b""

    def _check_start(self, data: bytes) -> None:
        """Refuse what cannot be IDX at once: another gzip file inside would be read to its end."""
        if not self._started and data[0]:
            raise FormatError(
                "the unpacked content is not an IDX file",
                filename=self.name,
                offset=0,
                expected="00 00 and one of the types 08 09 0b 0c 0d 0e",
                found=data[:4].hex(" "),
            )
        self._started = True

    def _details(self) -> dict[str, Any]:
        offset = self._file.tell() - len(self._decoder.unused_data)
        return {"filename": self.name, "offset": offset}
