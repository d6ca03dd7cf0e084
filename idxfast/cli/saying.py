"""What the command says of a file that it writes."""

from __future__ import annotations

import contextlib
import os
import re
import sys

from ..errors import printable
from .failures import UsageError

# Names that promise another format than PNG.
_NOT_PNG = re.compile(r"\.(jpe?g|gif|webp|avif|bmp|tiff?|ppm|pdf|svg|html?)$", re.I)


def say(text: str, path: str) -> None:
    """Print a line about a file: to standard error, if standard output is the file itself."""
    print(text, file=sys.stderr if _is_standard_output(path) else sys.stdout)


def check_png(path: str) -> None:
    """Refuse a name that promises another format than PNG."""
    if found := _NOT_PNG.search(path):
        raise UsageError(
            f"{printable(path)}: {found[0]} is not written; the picture is a PNG file: NAME.png"
        )


def _is_standard_output(path: str) -> bool:
    # Standard output may be closed, or an object without a descriptor.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    return False
