"""The errors for a file whose size does not fit its header."""

from __future__ import annotations

from ..errors import TrailingDataError, TruncatedError
from ..format import Header


def truncated(
    filename: str, header: Header, count: int, container: str | None = None
) -> TruncatedError:
    """The error for a payload that ends after `count` bytes.

    Parameters
    ----------
    filename : str
    header : Header
    count : int
        Negative if the file ends before the payload.
    container : str, optional
        The container that the payload comes in, if that is whole.
    """
    end = header.offset + count
    if count < 0:
        reason = f"the data end at byte {end:,}, before the payload"
    else:
        reason = f"the payload ends at byte {count:,} of {header.nbytes:,}"
    if container is None:
        reason += "; the file is truncated or still downloading"
    else:
        reason += f", and the {container} container ends there, too"
    return TruncatedError(
        reason,
        part="payload",
        filename=filename,
        offset=end,
        expected=header.offset + header.nbytes,
        found=end,
    )


def trailing(filename: str, header: Header, size: int | None) -> TrailingDataError:
    """The error for bytes after the payload of a file of `size` bytes, if its size is known."""
    total = header.offset + header.nbytes
    return TrailingDataError(
        "more bytes follow the payload",
        part="end",
        filename=filename,
        offset=total,
        expected="the end of the file" if size is None else total,
        found="more" if size is None else size,
    )
