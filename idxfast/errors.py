"""The errors of idxfast.

Whatever is wrong with a file is an `IdxError`. There is a subclass where a caller would act
differently. The system's own errors (`FileNotFoundError`, a full disk) pass unchanged. A published
data set that cannot be fetched is a `FetchError`.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypeVar

__all__ = [
    "ChecksumError",
    "FetchError",
    "FormatError",
    "GzipError",
    "HashMismatchError",
    "IdxError",
    "Part",
    "SizeError",
    "TrailingDataError",
    "TruncatedError",
]

_Error = TypeVar("_Error", bound="IdxError")

Part: TypeAlias = Literal["start", "type", "dimensions", "payload", "end", "container"]
"""Which part of a file is wrong; `IdxError` says what each means."""

_NO_NAME = "<data>"


def printable(text: str) -> str:
    """The text on one line, with an escape for each character that cannot be printed.

    These characters are controls (ESC moves a terminal's cursor and sets its title), line ends,
    Unicode's controls of direction and format, which let a text appear in another order, and the
    surrogates that replace bytes of a file name. Any text from a file, a server or another process
    is passed through this function before it is shown.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def name_file(error: OSError, name: str) -> None:
    """Have an error of the system name the file if it names none, as that of a read or a write."""
    if error.filename is None and error.errno is not None:
        error.filename = name


class IdxError(ValueError):
    """A file that cannot be read as IDX, or cannot be used in the way that was asked for.

    Parameters
    ----------
    reason : str
        What is wrong, as a sentence without the file's name.
    part : str, optional
        Which part of the file is wrong:

        - ``"start"``: the file is empty, ends inside its first four bytes, or does not begin with
          two zero bytes;
        - ``"type"``: the third byte is the code of no type, or not of the type that is needed;
        - ``"dimensions"``: the number of dimensions or the dimensions are missing, impossible, or
          not those that are needed; or the array would be larger than the limit, or does not
          match ``out=``;
        - ``"payload"``: the payload is too short;
        - ``"end"``: something follows the payload, or the container around it;
        - ``"container"``: the compressed file or the archive is damaged or cut short, or cannot be
          used in the way that was asked for.

        None if no single part is to blame, as when a file's hash is not the published one.
    filename : str
        The file's name, or another name for it, like ``<BytesIO>``.
    offset : int, optional
        The byte of the file where the fault was found.
    position : int, optional
        In a compressed file, the byte of the unpacked stream where the fault was found.
    expected, found : optional
        What should have been there, and what was.
    hint : str, optional
        What would explain the fault. If the file can be read all the same, the hint ends with a
        call that reads it.

    Attributes
    ----------
    reason, part, filename, offset, position, expected, found, hint
        As given. In the error's text, `printable` has escaped them.
    """

    def __init__(
        self,
        reason: str,
        *,
        part: Part | None = None,
        filename: str = _NO_NAME,
        offset: int | None = None,
        position: int | None = None,
        expected: Any = None,
        found: Any = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.part = part
        self.filename = filename
        self.offset = offset
        self.position = position
        self.expected = expected
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        if self.filename == _NO_NAME and "\n" in self.reason:
            # torch's DataLoader makes the error of a worker process anew, from its traceback alone.
            return "\n".join(map(printable, self.reason.split("\n")))
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
        if details:
            text = f"{text} ({', '.join(details)})"
        return printable(text if self.hint is None else f"{text}; {self.hint}")

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, pickle rebuilds an exception from its positional arguments alone.
        return _rebuild, (type(self), self.reason, _attributes(self))


class FormatError(IdxError):
    """Not an IDX file: wrong magic, type or number of dimensions, or another container."""


class TruncatedError(IdxError, EOFError):
    """The file ends too early."""


class TrailingDataError(IdxError):
    """Something follows the data that the header announces."""


class SizeError(IdxError):
    """A size that this machine, the array ``out=`` or the limit ``max_bytes=`` does not allow."""


class GzipError(IdxError, OSError):
    """A gzip header or the compressed data are damaged. Also an OSError, as `gzip` raises."""


class ChecksumError(GzipError):
    """The gzip data were decoded, but their CRC-32 or length is not the stored one."""


class FetchError(OSError):
    """A data set that cannot be fetched: no mirror has it, or the network may not be used."""

    def __str__(self) -> str:
        return printable(super().__str__())


class HashMismatchError(FetchError):
    """A file that is not the published one.

    Parameters
    ----------
    url : str
        Where the file came from: a mirror, or a path.
    expected, found : str
        The published hash and the file's, like ``"sha256:440f..."``.
    nbytes : int
        The size of the file.

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


def with_reason(error: _Error, reason: str) -> _Error:
    """The same error in other words."""
    return _rebuild(type(error), reason, _attributes(error))


def _shown(value: Any) -> str:
    return f"{value:,}" if type(value) is int else str(value)


def _attributes(error: IdxError) -> dict[str, Any]:
    # An OSError keeps its file name elsewhere.
    return error.__dict__ | {"filename": error.filename}


def _rebuild(cls: type[_Error], reason: str, attributes: dict[str, Any]) -> _Error:
    names = ("part", "filename", "offset", "position", "expected", "found", "hint")
    return cls(reason, **{name: attributes[name] for name in names})
