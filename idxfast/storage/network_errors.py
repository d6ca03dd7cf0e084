"""The errors of file systems, without the passwords and signatures that a URL may contain."""

from __future__ import annotations

import errno
import os
import re

from ..errors import IdxError, printable

# The extra of idxfast that installs each package that fsspec needs.
_EXTRAS = {"aiohttp": "http", "yarl": "http", "s3fs": "s3", "fsspec": "fsspec"}
# The numbers for errors that come without one.
_NUMBERS = {
    FileNotFoundError: errno.ENOENT,
    PermissionError: errno.EACCES,
    IsADirectoryError: errno.EISDIR,
    TimeoutError: errno.ETIMEDOUT,
}
# What an HTTP status means. Any other status is an input/output error.
_STATUS = {401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT, 410: errno.ENOENT}
# Characters that are common in URLs, their paths and their queries, and rare in other text.
_URL_PART = re.compile("[/?@=]|::")
# The modules whose errors say that an archive is damaged.
_ARCHIVES = ("zipfile", "tarfile", "zlib", "_lzma", "lzma", "libarchive")


def shown(url: str) -> str:
    """A URL as it may be shown: without user and password, query and data."""
    parts = []
    for part in url.split("::"):
        parts.append(_shown_part(part))
        if parts[-1] != part and parts[-1].endswith("..."):
            break  # whatever follows may belong to the query, or to the data
    return "::".join(parts)


def _shown_part(part: str) -> str:
    if part.startswith("data:"):
        return "data:..."
    scheme, separator, rest = part.partition("://")
    if separator:
        part = scheme + separator + re.sub("^[^/]*@", "...@", rest)
    return re.sub(r"[?#].+", "?...", part, flags=re.DOTALL)


class network_errors:
    """Turn the errors of a file system into an OSError with the name of the file.

    It is a class for the reason that `outputs.naming` is one.

    Raises
    ------
    OSError
        Of the class that fits: `FileNotFoundError`, `PermissionError`, `TimeoutError`, or another.
    IdxError
        If an archive is damaged.
    ImportError, ValueError
        If a package is missing, or fsspec does not know this kind of URL.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ImportError):
            text = f"{printable(self._name)}: {_missing(error)}"
            raise ImportError(text, name=error.name) from error
        if isinstance(error, Exception) and not isinstance(error, (IdxError, MemoryError)):
            raise _translated(error, self._name) from None


def _translated(error: Exception, name: str) -> Exception:
    if isinstance(error, OSError):
        number = error.errno
        if number is None:
            number = next((n for kind, n in _NUMBERS.items() if isinstance(error, kind)), errno.EIO)
        text = os.strerror(number) if number in _NUMBERS.values() else _text(error)
        return OSError(number, text, name)
    module = type(error).__module__.partition(".")[0]
    if module in _ARCHIVES:
        return IdxError(
            f"the archive is damaged: {_text(error)}",
            part="container",
            filename=name,
            offset=0,
            expected="a whole archive",
            found=type(error).__name__,
        )
    if type(error) is ValueError:
        return ValueError(f"{printable(name)}: {_text(error)}")
    return OSError(_STATUS.get(getattr(error, "status", 0), errno.EIO), _text(error), name)


def _text(error: Exception) -> str:
    """The text of an error, or its type alone if the text may contain a part of a URL."""
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:  # aiohttp has 0 for a redirect to nowhere, or in circles
        return f"HTTP status {status}"
    text = getattr(error, "strerror", None) or str(error)
    return printable(text) if text and not _URL_PART.search(text) else type(error).__name__


def _missing(error: ImportError) -> str:
    """Which package is missing, and how to install it."""
    cause = error.__cause__
    errors = [one for one in (error, cause) if isinstance(one, ImportError)]
    names = {(one.name or "").partition(".")[0] for one in errors}
    for package, extra in _EXTRAS.items():
        if package in names:
            return f"this URL needs {package}: pip install 'idxfast[{extra}]'"
    return printable(str(error))
