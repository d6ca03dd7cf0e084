"""Which member of an archive is the IDX file, and what is wrong with a damaged archive."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable
from typing import IO, Any, TypeVar

from ..errors import FormatError, IdxError, printable
from ..format import NOT_IDX
from ..storage.memory import MemorySource
from ..storage.source import Source
from ..storage.streams import StreamSource
from ..threads.importing import importing
from .simple import START, container_of

_Info = TypeVar("_Info")

# The most members that a message names.
MAX_NAMED = 10
# The folder and the files that operating systems add to archives.
_LITTER_FOLDER = "__MACOSX"
_LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")


def choose(
    members: Iterable[tuple[str, _Info]],
    source: Source,
    kind: str,
    read_header: Callable[[_Info], object],
) -> tuple[str, _Info]:
    """The member that the caller named, or else the only one that is an IDX file.

    Parameters
    ----------
    members : iterable of tuple
        The name of each file in the archive, and what `read_header` needs of it.
    source : Source
        The archive. Its `member` is what the caller named.
    kind : str
        ``"zip"`` or ``"tar"``.
    read_header : callable
        Reads the header of a member; an IdxError says that it is no IDX file.

    Raises
    ------
    FormatError
        If there is no IDX file.
    IdxError
        If there are several, or none of the name.
    """
    files = [(name, info) for name, info in members if not is_litter(name)]
    if source.member is not None:
        for name, info in reversed(files):  # the last member of a name replaces earlier ones
            if _plain(name) == _plain(source.member):
                return name, info
        raise _error(
            IdxError, f"the archive has no member {source.member!r}", source, "one of its files",
            [name for name, _ in files],
        )  # fmt: skip
    if len(files) == 1:
        return files[0]
    found = []
    for name, info in files:
        with contextlib.suppress(IdxError):
            read_header(info)
            found.append((name, info))
        if len(found) > MAX_NAMED:
            break
    if len(found) == 1:
        return found[0]
    if found:
        archive = source.argument or "FILE"
        saved = "" if source.argument else "save the archive to a file, and "
        raise _error(
            IdxError,
            f"the archive holds several IDX files; {saved}name one: "
            f"{f'{kind}://{found[0][0]}::{archive}'!r}",
            source,
            "one IDX file",
            [name for name, _ in found],
        )
    with importing:
        from ..diagnosis.start import describe  # needed for refusals alone

    # Documents of many kinds are zip files. The first bytes of a tar file may be compressed.
    what = (kind == "zip" and describe(source.read(512, 0))) or f"a {kind} archive"
    raise _error(
        FormatError, f"{NOT_IDX}; it looks like {what}, and no file in it is IDX", source,
        "one IDX file", [name for name, _ in files],
    )  # fmt: skip


def argument_of(archive: Source, kind: str) -> str | None:
    """The path or URL with which `load` reads the same member again, if there is one.

    Parameters
    ----------
    archive : Source
        The archive. Its `member` is what the caller named.
    kind : str
        ``"zip"`` or ``"tar"``.
    """
    if archive.argument is None or archive.member is None:
        return archive.argument
    return f"{kind}://{archive.member}::{archive.argument}"


def is_content(archive: Source) -> bool:
    """Whether the caller passed the archive as bytes."""
    return isinstance(archive, MemorySource) and archive.is_content


def explain_member(
    error: IdxError, member: contextlib.AbstractContextManager[StreamSource], kind: str
) -> None:
    """Give an error the `hint` that the content of a member justifies, if any.

    Parameters
    ----------
    error : IdxError
        What reading the member raised.
    member : context manager
        Opens the member a second time, because bytes that were read before cannot be read again.
    kind : str
        ``"zip"`` or ``"tar"``.
    """
    with importing:
        from .survey import explain  # needed for refusals alone

    # The first error is the one to report, whatever happens now.
    with contextlib.suppress(Exception), member as source:
        explain(error, source, container_of(source.peek(START)).NAME, kind)


class explaining_damage:
    """Raise an IdxError in place of what a module of the standard library raises.

    No code of the caller, such as `progress`, may run inside: its errors have to pass unchanged. It
    is a class for the reason that `outputs.naming` is one.

    Parameters
    ----------
    kind : str
        ``"zip"`` or ``"tar"``.
    file : binary file
        What the module reads.
    name : str
        The archive's name, for the message.
    errors : tuple of types
        What the module raises, depending on which byte is wrong.
    """

    def __init__(
        self, kind: str, file: IO[Any], name: str, errors: tuple[type[Exception], ...]
    ) -> None:
        self._kind, self._file, self._name = kind, file, name
        self._errors = (*errors, OSError)

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, traceback: object) -> None:
        if error is None or isinstance(error, IdxError) or not isinstance(error, self._errors):
            return
        # The modules seek to wherever a damaged file says, even to before its start.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            return
        # In a generator, such as `tar.open_file`, the traceback would be a part of a cycle.
        cause = error.with_traceback(None)
        raise IdxError(
            f"the {self._kind} file cannot be read",
            part="container",
            filename=self._name,
            offset=self._file.tell(),
            expected=f"a whole {self._kind} file",
            found=str(error) or type(error).__name__,
        ) from cause


def is_litter(name: str) -> bool:
    """Whether a member is one of the files that operating systems add to archives."""
    *folders, last = name.split("/")
    return _LITTER_FOLDER in folders or last in _LITTER or last.startswith("._")


def _plain(name: str) -> str:
    """A name without what packers put before it and fsspec leaves out."""
    return name.removeprefix("./").lstrip("/")


def _error(
    kind: type[IdxError], reason: str, source: Source, expected: str, names: list[str]
) -> IdxError:
    shown = [printable(name) for name in names[:MAX_NAMED]]
    if len(names) > MAX_NAMED:
        shown.append("more")
    part = "start" if kind is FormatError else "container"
    found = ", ".join(shown) or "no files"
    return kind(reason, part=part, filename=source.name, offset=0, expected=expected, found=found)  # type: ignore[arg-type]
