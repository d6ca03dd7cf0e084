"""What a file seems to be if it does not start like an IDX file."""

from __future__ import annotations

from ..errors import FormatError, IdxError, TruncatedError
from ..format import DTYPES, NOT_IDX, START

_STARTS = (
    (b"\x1f\x8b", "gzip, packed once more"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\x93NUMPY", "a NumPy .npy file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"version https://git-lfs", "a Git LFS pointer: the file itself was not fetched"),
    (b"<!", "an HTML page: the download was an error page"),
    (b"<html", "an HTML page: the download was an error page"),
    (b"<?xml", "an XML page: the download was an error page"),
    (b"<", "a page of HTML or XML: the download was an error page"),
    (b"{", "JSON: the download was an error message"),
)
# The headers of compressed files, with their sizes in bytes. A file may end inside its header.
_HEADERS = (
    (b"\x1f\x8b", "gzip", 10),
    (b"\xfd7zXZ\x00", "xz", 12),
    (b"BZh", "bzip2", 4),
)

# What the names of IDX files end in.
_ENDINGS = ("ubyte", ".idx", ".gz", ".xz", ".bz2")
# A path of more bytes is not recognised. macOS allows no longer ones.
MAX_PATH = 1024


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
    if what is not None:
        return _said(error, f"{NOT_IDX}; it looks like {what}")
    if len(start) >= 4 and not any(start[2:4]) and start[1] in DTYPES:
        return _said(error, f"{NOT_IDX}; its magic number looks byte-swapped (little-endian)")
    return error


def explain_path(filename: str, content: bytes) -> FormatError:
    """The refusal of bytes that look like a path.

    Because `save` takes paths as bytes, users pass such paths to `load`, too.
    """
    return FormatError(
        f"{NOT_IDX}; it looks like a path, but bytes are taken for a file's content: "
        "pass the path as a str (os.fsdecode makes one)",
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
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, name in _STARTS:
        if start.startswith(magic) or text.startswith(magic):
            return name
    if start[257:262] == b"ustar":
        return "a tar archive"
    # The matrices of Lush and SN3, cousins of IDX (smallNORB): 0x1e3d4c51 to 58, little-endian.
    if start[1:4] == b"\x4c\x3d\x1e" and 0x51 <= start[0] <= 0x58:
        return "a Lush (SN3) matrix, as smallNORB has"
    # RFC 1950: method 8, a window size of at most 7, and a check value.
    if len(start) >= 2 and start[0] & 0x8F == 0x08 and (start[0] << 8 | start[1]) % 31 == 0:
        return "a zlib stream"
    return None


def looks_like_path(content: bytes) -> bool:
    """Whether what should be the content of a file looks like a path, or a URL.

    That is short text on one line, with a separator or with an ending that IDX files have. Whether
    there is such a file does not matter: the bytes may come from another machine.
    """
    try:
        text = content.decode() if len(content) <= MAX_PATH else ""
    except UnicodeDecodeError:
        return False
    is_name = "/" in text or "\\" in text or text.lower().endswith(_ENDINGS)
    return is_name and text.isprintable() and describe(content) is None


def _said(error: FormatError, reason: str) -> FormatError:
    """The error in other words."""
    return FormatError(
        reason,
        part=error.part,
        filename=error.filename,
        offset=error.offset,
        expected=error.expected,
        found=error.found,
    )
