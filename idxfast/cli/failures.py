"""What the command says when something fails: one line on standard error."""

from __future__ import annotations

import sys

from ..errors import printable


class UsageError(Exception):
    """Arguments that do not fit together, or do not fit the files that they name."""


# What can be wrong with a file, a system or an installation. Anything else is a fault of idxfast.
EXPECTED = (UsageError, OSError, ValueError, ImportError, MemoryError)


def reason(name: str | None, error: Exception) -> str:
    """Say what is wrong with a file, on one line that begins with its name."""
    text = printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)
    if not isinstance(error, EXPECTED):
        text = f"{type(error).__name__}: {text}; a fault of idxfast, which --debug traces"
    if not name:
        return text
    name = printable(name)
    return text if text.startswith(f"{name}: ") else f"{name}: {text}"


def report(error: Exception, name: str | None = None, *, debug: bool = False) -> None:
    """Print what is wrong to standard error.

    Parameters
    ----------
    error : Exception
    name : str, optional
        The file; by default the one that the error names.
    debug : bool
        Whether to print the traceback before the line.
    """
    if debug:
        import traceback  # needed for this option alone

        traceback.print_exception(error)
    if name is None and isinstance(error, OSError) and isinstance(error.filename, str):
        name = error.filename
    print(f"idxfast: {reason(name, error)}", file=sys.stderr)
