"""Look at a file that has been refused, to say what would explain it.

Nothing here runs, or is imported, while good files are read.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType

from ..diagnosis.evidence import AFTER, SAMPLE, Evidence, header_at
from ..diagnosis.hint import find_hint
from ..errors import FormatError, IdxError, SizeError, TrailingDataError, TruncatedError
from ..gzip.pieces import pieces
from ..storage.inputs import is_url
from ..storage.memory import MemorySource
from ..storage.section import Section
from ..storage.source import FileSource, Source
from ..storage.streams import ForwardSource, StreamSource
from . import bz2, xz, zst
from .unpacking import Unpacked

# At most BUDGET bytes of a compressed file are unpacked, which is enough for all of MNIST. For a
# file on disk or in memory, the limit rises to FACTOR times the size that the header announces, or
# to RATIO times the size of the compressed file if that is less.
BUDGET = 64 << 20
FACTOR = 16
RATIO = 64
# How many bytes are unpacked at a time: few enough that Ctrl-C does not wait long.
PIECE = 256 << 10

_CODECS: dict[str, ModuleType] = {module.NAME: module for module in (xz, bz2, zst)}
_KINDS = ("raw", "gzip", *_CODECS)


def explain(
    error: IdxError, source: Source | StreamSource, kind: str, unpacked_from: str | None
) -> None:
    """Give an error the `hint` that its file's first bytes and size justify, if any.

    Parameters
    ----------
    error : IdxError
        What reading the source raised.
    source : Source or StreamSource
        Of a stream that has been read, and not put back, nothing more can be said.
    kind : str
        The `NAME` of the container. Archives explain their members themselves.
    unpacked_from : str or None
        The name of the archive that the file is a member of.
    """
    if kind not in _KINDS or not _concerns_content(error):
        return
    members = 0 if unpacked_from is None else 1
    if isinstance(source, StreamSource) and source.unpacked is not None:
        source, members = source.unpacked
        unpacked_from, kind = kind, "raw"
    if isinstance(source, StreamSource) and source.position:
        return
    # The first error is the one to report, whatever happens while the file is read again.
    with contextlib.suppress(OSError, MemoryError):
        is_of_end = isinstance(error, (TruncatedError, TrailingDataError))
        evidence = _survey(source, kind, unpacked_from, members, is_of_end=is_of_end)
        error.hint = find_hint(evidence)


def _concerns_content(error: IdxError) -> bool:
    """Whether the content is at fault, and neither the container nor an option of the call."""
    if error.hint is not None:
        return False
    if isinstance(error, SizeError):
        # Only the header, and no option, has a limit of this size.
        return isinstance(error.found, int) and error.found > sys.maxsize
    if isinstance(error, FormatError):
        return True
    # Where the container is damaged or cut short, errors say where in the unpacked stream.
    is_inside = error.part == "container" and error.position is not None
    return (
        isinstance(error, (TruncatedError, TrailingDataError))
        and (isinstance(error.expected, int) or error.expected == "the end of the file")
        and not is_inside
    )


def argument_of(source: Source | StreamSource) -> str:
    """What the caller passed, as it is written in a call."""
    if source.argument is not None:
        return repr(source.argument)
    is_content = isinstance(source, (MemorySource, StreamSource, Section)) and source.is_content
    return "data" if is_content else "file"


def _survey(
    source: Source | StreamSource,
    kind: str,
    unpacked_from: str | None,
    members: int,
    *,
    is_of_end: bool,
) -> Evidence:
    """What is known of a file whose start, or whose end (`is_of_end`), is wrong.

    If the start is wrong, no bytes are waited for: the sender may wait for an answer.
    """
    name, argument = source.name, argument_of(source)
    is_inside = unpacked_from is not None or is_url(source.argument or "")
    shown = unpacked_from if kind == "raw" and unpacked_from is not None else kind
    if kind == "raw" and not isinstance(source, StreamSource):
        start = source.read(SAMPLE, 0)
        total = _total(start)
        after = source.read(AFTER, total) if total < source.size else b""
        return Evidence(name, argument, shown, start, source.size, after, members, is_inside)
    if isinstance(source, StreamSource) and source.may_wait and not is_of_end:
        start = source.peek_arrived(SAMPLE)
        return Evidence(name, argument, shown, start, None, b"", members, is_inside)
    start, after = b"", b""
    position, total, budget = 0, 0, BUDGET
    size: int | None = None
    try:
        for piece, begun in _pieces(source, kind):
            if kind != "raw":
                members = begun
            if len(start) < SAMPLE:
                start = (start + piece)[:SAMPLE]
                total = _total(start)
                if kind == "raw" and unpacked_from is None:  # a stream that is not unpacked
                    budget = BUDGET + total
                elif isinstance(source, (FileSource, MemorySource)):  # not remote, not a stream
                    budget = max(BUDGET, min(FACTOR * total, RATIO * source.size))
            if len(after) < AFTER and position + len(piece) > total:
                after = (after + piece[max(total - position, 0) :])[:AFTER]
            position += len(piece)
            if position > budget:
                break
        else:
            size = position
    except IdxError:
        pass
    return Evidence(name, argument, shown, start, size, after, members, is_inside)


def _total(start: bytes) -> int:
    """The size that the header at the start of a file announces; 0 if there is none."""
    header = header_at(start)
    return 0 if header is None else header.offset + header.nbytes


def _pieces(source: Source | StreamSource, kind: str) -> Iterator[tuple[bytes, int]]:
    """The unpacked stream in pieces, and the number of members or streams begun so far.

    Raises
    ------
    IdxError
        If the container is damaged.
    """
    if kind == "raw":
        assert isinstance(source, StreamSource)
        while piece := source.read(PIECE):
            yield piece, 0
    elif kind == "gzip":
        input = ForwardSource(source) if isinstance(source, StreamSource) else source
        for memory, begun in pieces(input):
            yield memory.tobytes(), begun
    else:
        unpacked = Unpacked(source, _CODECS[kind].codec(source.name))
        while piece := unpacked.read(PIECE):
            yield piece, unpacked.streams
