"""Explain why a file is refused. The modules that find the reason are imported only then."""

from __future__ import annotations

from ..errors import IdxError
from ..storage.source import Source
from ..storage.streams import StreamSource
from ..threads.importing import importing
from .stated import StatedHeader


def explain_refusal(
    error: IdxError,
    source: Source | StreamSource,
    kind: str,
    stated: StatedHeader | None,
    unpacked_from: str | None = None,
) -> None:
    """Give an error the `hint` that its file's first bytes and size justify, if any.

    Parameters
    ----------
    error, source, kind, unpacked_from
        As for `survey.explain`.
    stated : StatedHeader or None
        If the caller has stated a header, nothing is explained: the file's own is not to blame.
    """
    if stated is not None:
        return
    try:
        with importing:
            from .survey import explain
    except (ImportError, MemoryError):
        return  # without memory, the system cannot load a module either
    explain(error, source, kind, unpacked_from)
