"""Errors of the system name the file: those of a read or a write name none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

_Method = TypeVar("_Method", bound=Callable[..., Any])


def name_file(error: OSError, name: str) -> None:
    """Have an error of the system name the file, if it names none."""
    if error.filename is None and error.errno is not None:
        error.filename = name


def naming_read(read: _Method) -> _Method:
    """Have errors of a source's method name the source."""

    @wraps(read)
    def named(source: Any, *arguments: Any) -> Any:
        try:
            return read(source, *arguments)
        except OSError as error:
            name_file(error, source.name)
            raise

    return cast("_Method", named)


@contextlib.contextmanager
def naming_written(name: str) -> Iterator[None]:
    """Have errors of the system name the file that is written to."""
    try:
        yield
    except OSError as error:
        # The same error, because a caller's signal handler may have raised it.
        name_file(error, name)
        raise
