"""The errors of idxfast.

Everything that is wrong with a file is an `IdxError`. Its subclasses are what a caller would act
on differently; the system's own errors (`FileNotFoundError`, a full disk) pass unchanged. What goes
wrong on the way to a published data set is a `FetchError`.
"""

from __future__ import annotations

from typing import Any


def printable(text: str) -> str:
    """The text on one line, with an escape for each character that is not a visible one.

    Those are the control characters (ESC moves a terminal's cursor and sets its title), line ends,
    Unicode's controls of direction and format, which show a text in another order than it has, and
    the surrogates that stand for bytes of a file name. Whatever a file, a server or another process
    has written goes through here before anybody sees it.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class IdxError(ValueError):
    """A file that cannot be read as IDX, or not in the way that was asked for.

    Parameters
    ----------
    reason : str
        What is wrong, as a sentence without the file's name.
    filename : str
        The file's name, or what stands for it, like ``<BytesIO>``.
    offset : int, optional
        The byte of the file where it went wrong.
    position : int, optional
        Of a compressed file, the byte of the unpacked stream where it went wrong.
    expected, found : optional
        What should have been there, and what was.

    Attributes
    ----------
    reason, filename, offset, position, expected, found
        As given. The error's text shows them by `printable`.
    """

    def __init__(
        self,
        reason: str,
        *,
        filename: str = "<data>",
        offset: int | None = None,
        position: int | None = None,
        expected: Any = None,
        found: Any = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.filename = filename
        self.offset = offset
        self.position = position
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        details = []
        if self.offset is not None:
            details.append(f"at byte {self.offset:,}")
        if self.position is not None:
            details.append(f"byte {self.position:,} of the unpacked data")
        if self.expected is not None:
            details.append(f"expected {_shown(self.expected)}")
        if self.found is not None:
            details.append(f"found {_shown(self.found)}")
        text = f"{self.filename}: {self.reason}"
        return printable(f"{text} ({', '.join(details)})" if details else text)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from their positional arguments alone.
        return _rebuild, (type(self), self.reason, self.__dict__ | {"filename": self.filename})


class FormatError(IdxError):
    """Not an IDX file: wrong magic, type or number of dimensions, or another container."""


class TruncatedError(IdxError, EOFError):
    """The file ends too early."""


class TrailingDataError(IdxError):
    """Something follows the data that the header announces."""


class SizeError(IdxError):
    """A size that this machine, or the array given as ``out=``, cannot hold."""


class GzipError(IdxError, OSError):
    """The gzip container or its compressed data is damaged. Also an OSError, as in `gzip`."""


class ChecksumError(GzipError):
    """The data decoded, but they are not what was compressed: CRC-32 or length differ."""


class FetchError(OSError):
    """A data set that cannot be had: no mirror gives it, or the network is not to be used."""

    def __str__(self) -> str:
        return printable(super().__str__())


class HashMismatchError(FetchError):
    """A file that is not the published one.

    Parameters
    ----------
    url : str
        Where it came from: a mirror, or a path.
    expected, found : str
        The published hash and its own, like ``"sha256:440f..."``.
    nbytes : int
        Its size.

    Attributes
    ----------
    url, expected, found, nbytes
        As given.
    """

    def __init__(self, url: str, expected: str, found: str, nbytes: int) -> None:
        super().__init__(
            f"{url}: not the published file (expected {expected}, found {found}, {nbytes:,} bytes)"
        )
        self.url = url
        self.expected = expected
        self.found = found
        self.nbytes = nbytes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.url, self.expected, self.found, self.nbytes)


def _shown(value: Any) -> str:
    return f"{value:,}" if type(value) is int else str(value)


def _rebuild(cls: type[IdxError], reason: str, attributes: dict[str, Any]) -> IdxError:
    names = ("filename", "offset", "position", "expected", "found")
    return cls(reason, **{name: attributes[name] for name in names})
