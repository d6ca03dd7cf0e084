"""Kinds of binary files, by their first bytes; samples come from the standard library and numpy."""

import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from idxfast.diagnosis.kinds import describe_binary


def made(kind):
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as opened:
            opened.writestr("name", b"data")
    elif kind == "empty zip":
        zipfile.ZipFile(file, "w").close()
    elif kind == "tar":
        with tarfile.open(fileobj=file, mode="w") as opened:
            opened.addfile(tarfile.TarInfo("name"))
    elif kind == "npy":
        np.save(file, np.arange(3))
    else:
        np.savez(file, a=np.arange(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (made("zip"), "a zip archive"),
        (made("npz"), "a zip archive"),
        (made("empty zip"), "an empty zip archive"),
        (made("tar"), "a tar archive"),
        (made("npy"), "a NumPy .npy file"),
        (gzip.compress(b""), "gzip, packed once more"),
        (lzma.compress(b"a" * 99, lzma.FORMAT_XZ), "an xz file"),
        (lzma.compress(b"a" * 99, lzma.FORMAT_ALONE), "an lzma file"),
        (zlib.compress(b"a"), "a zlib stream"),
        *((pickle.dumps([1], protocol), "a Python pickle") for protocol in (2, 3, 4, 5)),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        (b"Rar!\x1a\x07\1\0", "a rar archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
        (b"\x04\x22\x4d\x18", "an LZ4 file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"PAR1", "a Parquet file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"MATLAB 5.0 MAT-file, Platform", "a MATLAB .mat file"),
        (b"GIF89a", "a GIF image"),
        (b"II*\0", "a TIFF image"),
        (b"P5\n28 28\n255\n", "a PNM image"),
        (b"\0\5\x16\7\0\2\0\0", "macOS"),
    ],
)
def test_what_is_recognised(start, words):
    assert words in describe_binary(start)


@pytest.mark.parametrize("start", [b"", b"P", b"P7\n", b"PK", b"\0\0\x08\1", b"\x1f", b"\x5d\0"])
def test_what_is_not(start):
    assert describe_binary(start) is None
