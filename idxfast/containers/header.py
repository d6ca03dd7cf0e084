"""The header of an IDX file; for any other file, what it seems to be."""

from __future__ import annotations

from ..errors import FormatError, SizeError
from ..format import Header, parse
from ..threads.importing import importing


def parse_header(start: bytes, filename: str) -> Header:
    """Parse the header at the start of the unpacked file.

    Parameters
    ----------
    start, filename
        As for `format.parse`.

    Raises
    ------
    FormatError, TruncatedError, SizeError
        As `format.parse` does, with what the file seems to be.
    """
    try:
        return parse(start, filename)
    except FormatError as error:
        with importing:
            from ..diagnosis.start import explain  # needed for refusals alone

        raise explain(error, start) from None


def check_limit(header: Header, filename: str, max_bytes: int | None) -> None:
    """Refuse an array of more than `max_bytes` bytes, if there is a limit, with a `SizeError`."""
    if max_bytes is not None and header.nbytes > max_bytes:
        raise SizeError(
            "the array is larger than max_bytes allows",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=f"at most {max_bytes:,} bytes",
            found=header.nbytes,
        )
