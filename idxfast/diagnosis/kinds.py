"""Kinds of binary files, by their first bytes."""

from __future__ import annotations

TAR = "a tar archive"
_PAGE = "the download was an error page"

# In the order in which they are tried.
STARTS = (
    (b"\x1f\x8b", "gzip, packed once more"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"\x5d\0\0", "an lzma file of the old kind"),
    (b"\x1f\x9d", "a file of compress (.Z)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x93NUMPY", "a NumPy .npy file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB .mat file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (
        b"\0\5\x16\7",
        "the part of a file that macOS keeps beside it (._): the data are in the other",
    ),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
)
# The same for text, in lower case, without a byte order mark and white space before it.
TEXT_STARTS = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer: the file itself was not fetched, `git lfs pull` fetches it",
    ),
    (b"!<symlink>", "a symbolic link of Cygwin: the data are in the file that it names"),
    (b"<!", f"an HTML page: {_PAGE}"),
    (b"<html", f"an HTML page: {_PAGE}"),
    (b"<?xml", f"an XML page: {_PAGE}"),
    (b"<", f"a page of HTML or XML: {_PAGE}"),
    (b"@relation", "an ARFF file, as Weka and OpenML have"),
    (b"%", "an ARFF file, as Weka and OpenML have"),
)


def describe_binary(start: bytes) -> str | None:
    """What a file that starts with these bytes looks like, or None.

    A tar archive is recognised at byte 257.
    """
    for magic, name in STARTS:
        if start.startswith(magic):
            return name
    if start[257:262] == b"ustar":
        return TAR
    if start[:1] == b"P" and start[1:2] in b"123456" and start[2:3] in (b"\n", b" ", b"\r", b"\t"):
        return "a PNM image"
    # The matrices of Lush and SN3 (smallNORB), related to IDX: 0x1e3d4c51 to 58, little-endian.
    if start[1:4] == b"\x4c\x3d\x1e" and 0x51 <= start[0] <= 0x58:
        return "a Lush (SN3) matrix, as smallNORB has"
    # RFC 1950: method 8, a window size of at most 7, and a check value.
    if len(start) >= 2 and start[0] & 0x8F == 0x08 and (start[0] << 8 | start[1]) % 31 == 0:
        return "a zlib stream"
    return None
