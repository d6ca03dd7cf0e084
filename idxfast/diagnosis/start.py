"""What a file seems to be if it does not start like an IDX file."""

from __future__ import annotations

from ..errors import FormatError, IdxError, TruncatedError, with_reason
from ..format import DTYPES, NOT_IDX, START
from .kinds import TAR, describe_binary
from .text import recognise_text

# The headers of compressed files, with their sizes in bytes. A file may end inside its header.
_HEADERS = (
    (b"\x1f\x8b", "gzip", 10),
    (b"\xfd7zXZ\x00", "xz", 12),
    (b"BZh", "bzip2", 4),
)
# A file is taken for one that has lost its zero bytes only if it has at least this many bytes, no
# zero byte among them, and at most this many dimensions.
_LEAST_WITHOUT_ZEROS = 8
_MOST_DIMENSIONS = 4


def explain(error: FormatError, start: bytes | bytearray) -> IdxError:
    """The same refusal, with what the file seems to be if its first bytes show that.

    Parameters
    ----------
    error : FormatError
        As `format.parse` raised it.
    start : bytes
        What was parsed.
    """
    if error.part not in ("start", "type"):
        return error
    for magic, kind, size in _HEADERS:
        if magic.startswith(start):
            return TruncatedError(
                f"the {kind} header is cut short: {len(start)} of {size} bytes",
                part="container",
                filename=error.filename,
                offset=len(start),
                expected=size,
                found=len(start),
            )
    what = describe(start)
    if what == TAR:
        what += (
            ", which is not read from inside another archive: unpack it; a compressed tar file is "
            "not read from a stream: pass its bytes, idxfast.loads(file.read())"
        )
    if what is not None:
        return with_reason(error, f"{NOT_IDX}; it looks like {what}")
    if len(start) >= 4 and not any(start[2:4]) and start[1] in DTYPES:
        return with_reason(error, f"{NOT_IDX}; its magic number looks byte-swapped (little-endian)")
    if _has_lost_zeros(start):
        return with_reason(
            error,
            f"{NOT_IDX}; its zero bytes seem to have been removed, as some text tools do: it "
            "begins with a type and a number of dimensions; the zero bytes cannot be restored, so "
            "download or copy the file again, as binary data",
        )
    return error


def explain_path(filename: str, content: bytes) -> FormatError:
    """The refusal of bytes that look like a path.

    Because `save` takes paths as bytes, users pass such paths to `load`, too.
    """
    return FormatError(
        f"{NOT_IDX}; it looks like a path, but bytes are taken for a file's content: "
        "pass the path as a str (os.fsdecode makes one); if a file holds these bytes, they are "
        "the target of a symbolic link, as text, and the data are in that target",
        part="start",
        filename=filename,
        offset=0,
        expected=START,
        found=content[:4].hex(" "),
    )


def describe(start: bytes | bytearray) -> str | None:
    """Say what a file that starts with these bytes looks like, or None.

    Pass as many bytes as there are at hand: a tar archive is recognised at byte 257.
    """
    start = bytes(start)
    what = describe_binary(start)
    if what is None:
        text = recognise_text(start)
        what = text and text.what
    if what is None and start[:3] == b"\xef\xbb\xbf" and start[3:5] == b"\0\0":
        return "an IDX file after a byte order mark (ef bb bf), which a text tool has added"
    return what


def _has_lost_zeros(start: bytes | bytearray) -> bool:
    return (
        len(start) >= _LEAST_WITHOUT_ZEROS
        and start[0] in DTYPES
        and 1 <= start[1] <= _MOST_DIMENSIONS
        and 0 not in start
    )
