"""Whether a gzip file is large enough for what its header announces."""

from __future__ import annotations

from ..errors import TruncatedError
from ..format import Header
from ..gzip.stream import MAX_RATIO
from ..storage.source import Source


def check_ratio(source: Source, header: Header) -> None:
    """Refuse a header that announces more than the file can hold, however well it is compressed."""
    total = header.offset + header.nbytes
    if total > MAX_RATIO * source.size:
        raise TruncatedError(
            f"the header announces {header.nbytes:,} bytes, more than "
            f"{source.size:,} compressed bytes can hold",
            part="container",
            filename=source.name,
            offset=source.size,
            expected=total,
            found=f"at most {MAX_RATIO * source.size:,}",
        )
