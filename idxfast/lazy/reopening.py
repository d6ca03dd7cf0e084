"""Open a file again, perhaps in another process, and refuse another one."""

from __future__ import annotations

from ..containers.stated import as_stated
from ..errors import IdxError
from ..format import Header
from ..gzip.points import Points
from ..storage.identity import Identity, ObjectVersion
from ..storage.kept import Kept
from .opened import Opened


def reopen(
    path: str,
    header: Header,
    identity: Identity | ObjectVersion,
    kept: Kept,
    threads: int | None,
    points: Points | None,
) -> Opened:
    """Open the file that had this header and identity.

    Parameters
    ----------
    path : str
    header : Header
        What `Opened` found; it may have been stated.
    identity : Identity or ObjectVersion
    kept, threads, points
        As for `Opened`.

    Raises
    ------
    IdxError
        If it is another file now, or has been written to.
    """
    opened = Opened(path, kept, threads, points, as_stated(header))
    found = opened.identity
    if found is None or opened.header != header or not found.may_be(identity):
        opened.close()
        raise IdxError(
            "the file has been replaced or written to since it was opened",
            filename=opened.name,
            offset=0,
            expected=f"{header}, {identity}",
            found=f"{opened.header}, {found}",
        )
    return opened
