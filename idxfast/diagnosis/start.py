"""Name what a file is when it is not IDX, and tell a path from a file's content."""

from __future__ import annotations

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

# What the names of IDX files end in.
_ENDINGS = ("ubyte", ".idx", ".gz", ".xz")
# A path of more bytes is not recognised; macOS takes no more.
MAX_PATH = 1024


def describe(start: bytes | bytearray) -> str | None:
    """Say what a file that starts with these bytes looks like, or None.

    The more bytes, the surer: a tar archive shows only at byte 257.
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
    # RFC 1950: method 8, window size 7 at the most, and a check value.
    if len(start) >= 2 and start[0] & 0x8F == 0x08 and (start[0] << 8 | start[1]) % 31 == 0:
        return "a zlib stream"
    return None


def looks_like_path(content: bytes) -> bool:
    """Whether what should be all of a file's content looks like its path, or its URL.

    It is short text on one line, with a separator or with an ending that IDX files have. Whether
    there is such a file is not asked: the bytes may come from anywhere.
    """
    try:
        text = content.decode() if len(content) <= MAX_PATH else ""
    except UnicodeDecodeError:
        return False
    is_name = "/" in text or "\\" in text or text.lower().endswith(_ENDINGS)
    return is_name and text.isprintable() and describe(content) is None
