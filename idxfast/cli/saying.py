"""What the command says of a file that it has written."""

from __future__ import annotations

import contextlib
import os
import sys


def say(text: str, path: str) -> None:
    """Print a line about a file: to standard error, if standard output is the file itself."""
    print(text, file=sys.stderr if _is_standard_output(path) else sys.stdout)


def _is_standard_output(path: str) -> bool:
    # Standard output may be closed, or an object without a descriptor.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    return False
