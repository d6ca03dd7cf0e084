"""Have errors of the system name the file. Those of a read or a write name none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..errors import name_file


@contextlib.contextmanager
def naming_written(name: str) -> Iterator[None]:
    """Have errors of the system name the file that is written to."""
    try:
        yield
    except OSError as error:
        # The same error, because a caller's signal handler may have raised it.
        name_file(error, name)
        raise
