"""IDX files in zip files."""

from __future__ import annotations

import contextlib
import errno
import sys
import zipfile
import zlib
from collections.abc import Iterator

from .. import reading
from ..errors import IdxError
from .files import Array

EMNIST = "gzip.zip"
"""The file that EMNIST is published as."""

# What zipfile raises, depending on which byte of a file is wrong; NotImplementedError is one, too.
# It has imported the decompressors that this Python has.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError),
    getattr(sys.modules.get("lzma"), "LZMAError", zlib.error),
    getattr(sys.modules.get("compression.zstd"), "ZstdError", zlib.error),
)


@contextlib.contextmanager
def open_zip(path: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; one that is damaged, as far as it is read, is an IdxError."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as opened:
                yield opened
        except (*_ZIP_ERRORS, OSError) as error:
            # zipfile seeks to wherever a damaged file says, even before its start.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise
            raise IdxError(
                "the zip file cannot be read",
                filename=path,
                offset=file.tell(),
                expected="a whole zip file",
                found=str(error) or type(error).__name__,
            ) from error


def load_member(archive: str, member: str) -> Array:
    """Load an IDX file out of a zip file, like EMNIST's gzip.zip."""
    with open_zip(archive) as opened:
        content = opened.read(member)
    return reading.loads(content)
