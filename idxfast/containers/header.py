"""The header of an IDX file, within the caller's limit; for any other file, what it seems to be."""

from __future__ import annotations

from ..diagnosis.start import explain
from ..errors import FormatError, SizeError
from ..format import Header, parse


def parse_header(start: bytes, filename: str, max_bytes: int | None = None) -> Header:
    """Parse the header at the start of the unpacked file.

    Parameters
    ----------
    start, filename
        As for `format.parse`.
    max_bytes : int, optional
        The most bytes that the array may take.

    Raises
    ------
    FormatError, TruncatedError, SizeError
        As `format.parse` does, with what the file seems to be; `SizeError`, too, if the array is
        larger than `max_bytes`.
    """
    try:
        header = parse(start, filename)
    except FormatError as error:
        raise explain(error, start) from None
    if max_bytes is not None and header.nbytes > max_bytes:
        raise SizeError(
            "the array is larger than max_bytes allows",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=f"at most {max_bytes:,} bytes",
            found=header.nbytes,
        )
    return header
