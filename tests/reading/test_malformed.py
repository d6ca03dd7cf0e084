"""Malformed files: each is refused with the right error, or, if it is valid after all, read."""

import bz2
import gzip
import io
import lzma
import pickle
import re
import struct
import sys
import zlib
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.handmade import ARRAY, GOOD, HTML, archive, bits, deflate, idx, member, number
from idxfast import (
    ChecksumError,
    FormatError,
    GzipError,
    IdxError,
    SizeError,
    TrailingDataError,
    TruncatedError,
)

NOTHING = member(b"")
FULL = 0xFFFFFFFF
FIXED = "1" + "10"
DYNAMIC = "1" + "01"

# The standard library reads it from Python 3.14 on.
ZSTD = b"\x28\xb5\x2f\xfd\0\0\0\0"

# Faults of the unpacked bytes, which are the same inside gzip.
CONTENTS = [
    ("H1-empty", b"", TruncatedError),
    ("H2-1", GOOD[:1], TruncatedError),
    ("H2-2", GOOD[:2], TruncatedError),
    ("H2-3", GOOD[:3], TruncatedError),
    ("H2-impossible-2", b"\0\1", FormatError),
    ("H2-impossible-3", b"\0\0\7", FormatError),
    ("H3-1", b"\1", FormatError),
    ("H3-byte-0", b"\1" + GOOD[1:], FormatError),
    ("H3-byte-1", GOOD[:1] + b"\1" + GOOD[2:], FormatError),
    ("H4-html", HTML, FormatError),
    ("H4-html-bom", b"\xef\xbb\xbf\r\n  <html>", FormatError),
    ("H4-xml", b'<?xml version="1.0"?><Error/>', FormatError),
    ("H4-json", b'{"error": "not found"}', FormatError),
    ("H4-zip", archive("zip", a=HTML, b=HTML), FormatError),
    ("H4-tar", archive("tar", a=HTML, b=HTML), FormatError),
    ("H4-npy", archive("npy"), FormatError),
    ("H4-bz2-level-0", b"BZh0" + bytes(9), FormatError),
    *([("H4-zstd", ZSTD, FormatError)] if sys.version_info < (3, 14) else []),
    ("H4-png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", FormatError),
    ("H4-pickle", pickle.dumps([1, 2, 3]), FormatError),
    ("H4-lfs", b"version https://git-lfs.github.com/spec/v1\n", FormatError),
    ("G1-1", b"\x1f", TruncatedError),
    ("X1-1", b"\xfd", TruncatedError),
    ("X1-3", b"\xfd7z", TruncatedError),
    ("B1-1", b"B", TruncatedError),
    ("B1-2", b"BZ", TruncatedError),
    ("G16-zlib", zlib.compress(GOOD), FormatError),
    *(
        (f"H6-type-{code:02x}", GOOD[:2] + bytes([code]) + GOOD[3:], FormatError)
        for code in (0x00, 0x01, 0x07, 0x0A, 0x0F, 0x10, 0x88, 0xFF)
    ),
    ("H7-nothing", idx(8), TruncatedError),
    ("H7-two", idx(8, payload=b"ab"), TrailingDataError),
    ("H8-65", idx(8, *[1] * 65, payload=b"a"), FormatError),
    ("H8-255", idx(8, *[1] * 255, payload=b"a"), FormatError),
    ("H8-255-short", b"\0\0\x08\xff", FormatError),
    *((f"H9-{size}", GOOD[:size], TruncatedError) for size in range(4, 12)),
    ("H10-header", b"\x02\x08\0\0" + GOOD[4:], FormatError),
    ("H10-dims", GOOD[:4] + struct.pack("<II", 2, 3) + GOOD[12:], TruncatedError),
    ("H11-2-31", idx(8, 1 << 31, payload=b"abc"), TruncatedError),
    ("H11-2-32", idx(8, 1 << 16, 1 << 16, payload=b"abc"), TruncatedError),
    ("H11-2-32-and-3", idx(8, 3, (FULL + 4) // 3, payload=b"abc"), TruncatedError),
    ("H11-2-60", idx(8, 1 << 30, 1 << 30, payload=b"a" * 18), TruncatedError),
    ("H11-2-63", idx(8, 1 << 31, 1 << 31, 2, payload=b"a"), SizeError),
    ("H11-2-64", idx(8, *[1 << 16] * 4), SizeError),
    ("H11-2-64-and-1", idx(8, 274177, 67280421, 1000003), SizeError),
    ("H11-itemsize", idx(0x0E, 1 << 30, 1 << 30), SizeError),
    ("H11-64-dims", idx(8, *[FULL] * 32), SizeError),
    ("H12-first", idx(8, 0, FULL, FULL), SizeError),
    ("H12-last", idx(0x0E, FULL, FULL, 0), SizeError),
    ("H13-trailing", idx(8, 0, payload=b"a"), TrailingDataError),
    ("H14", idx(8, FULL, payload=b"abc"), TruncatedError),
    ("R1-payload-missing", GOOD[:12], TruncatedError),
    ("R1-one-byte-missing", GOOD[:-1], TruncatedError),
    ("R2-one-byte", GOOD + b"\0", TrailingDataError),
    ("R2-crlf", GOOD + b"\r\n", TrailingDataError),
    ("R2-second-file", GOOD + GOOD, TrailingDataError),
    ("R2-zip", GOOD + archive("zip"), TrailingDataError),
    ("R3-short", idx(0x0C, 2, payload=b"1234567"), TruncatedError),
    ("R3-long", idx(0x0C, 2, payload=b"123456789"), TrailingDataError),
]
# Files that are read as they are, and refused inside gzip.
PACKED = [
    ("H4-xz", lzma.compress(GOOD), FormatError),
    ("H4-bz2", bz2.compress(GOOD), FormatError),
]
CONTAINERS = [
    ("G2-method-9", member(method=9), GzipError),
    ("G2-method-0", member(method=0), GzipError),
    *((f"G3-flag-{1 << n:02x}", member(flags=1 << n), GzipError) for n in (5, 6, 7)),
    ("G4-header-crc", member(name=b"x", header_crc=1), GzipError),
    ("G4-header-crc-member-2", member(GOOD[:9]) + member(GOOD[9:], header_crc=0x100), GzipError),
    ("G8-crc", member(crc=zlib.crc32(GOOD) ^ 1), ChecksumError),
    ("G8-crc-0", member(crc=0), ChecksumError),
    ("G8-crc-member-1", member(GOOD[:9], crc=1) + member(GOOD[9:]), ChecksumError),
    ("G8-crc-member-2", member(GOOD[:9]) + member(GOOD[9:], crc=1), ChecksumError),
    ("G8-crc-of-nothing", member() + member(b"", crc=1), ChecksumError),
    ("G9-size-more", member(size=len(GOOD) + 1), ChecksumError),
    ("G9-size-0", member(size=0), ChecksumError),
    ("G9-size-most", member(size=FULL), ChecksumError),
    ("G9-size-member-1", member(GOOD[:9], size=8) + member(GOOD[9:]), ChecksumError),
    ("G14-one-byte", member() + b"\1", TrailingDataError),
    ("G14-magic-half", member() + b"\x1f\0", TrailingDataError),
    ("G14-after-padding", member() + bytes(9) + b"x", TrailingDataError),
    *(
        (f"G14-{name}-after-padded-members", member() + (NOTHING + b"\0") * 300 + bad, error)
        for name, bad, error in (
            ("one-byte", b"\1", TrailingDataError),
            ("magic-half", b"\x1f\0", TrailingDataError),
            ("data", member(b"a"), TrailingDataError),
            ("crc", member(b"", crc=1) + NOTHING, ChecksumError),
            ("size", member(b"", size=1) + NOTHING, ChecksumError),
            ("flags", member(b"", flags=0x20) + NOTHING, GzipError),
            ("cut", NOTHING[:-1], TruncatedError),
        )
    ),
    ("G14-raw", member() + GOOD, TrailingDataError),
    ("G14-html", member() + HTML, TrailingDataError),
    ("G15-damaged", member() + member(b"", body=b"\7"), GzipError),
    ("G15-cut", member() + NOTHING[:-1], TruncatedError),
    ("G15-method", member() + member(b"", method=9), GzipError),
    ("G15-data", member() + member(b"a"), TrailingDataError),
    ("G16-gzip-in-gzip", member(member()), FormatError),
    ("G16-only-empty", NOTHING * 3, TruncatedError),
    ("D1-type-3", member(body=b"\7"), GzipError),
    ("D1-stored-length", member(body=b"\1\5\0\0\0abcde"), GzipError),
    ("D1-symbol-286", member(body=bits(FIXED, "11000110") + bytes(9)), GzipError),
    ("D1-symbol-287", member(body=bits(FIXED, "11000111") + bytes(9)), GzipError),
    *(
        (
            f"D1-distance-{code}",
            member(body=bits(FIXED, "00110000" * 9, "0000001", f"{code:05b}") + bytes(9)),
            GzipError,
        )
        for code in (30, 31)
    ),
    ("D1-literals-288", member(body=bits(DYNAMIC, number(31, 5)) + bytes(99)), GzipError),
    (
        "D1-distances-32",
        member(body=bits(DYNAMIC, number(0, 5), number(31, 5)) + bytes(99)),
        GzipError,
    ),
    ("D1-precode-empty", member(body=bits(DYNAMIC) + bytes(99)), GzipError),
    (
        "D1-precode-over",
        member(body=bits(DYNAMIC, number(0, 10), number(15, 4), number(1, 3) * 19) + bytes(99)),
        GzipError,
    ),
    (
        "D1-repeat-first",
        member(
            body=bits(DYNAMIC, number(0, 10), number(0, 4), number(1, 3) * 2, number(0, 6), "0" * 9)
            + bytes(99)
        ),
        GzipError,
    ),
    ("D2-before-start", member(body=bits(FIXED, "0000001", "00000", "0000000")), GzipError),
    (
        "D2-previous-member",
        member(GOOD[:-3]) + member(GOOD[-3:], body=bits(FIXED, "0000001", "00000", "0000000")),
        GzipError,
    ),
    (
        "D2-previous-member-and-all-checksums",
        member(GOOD[:-3])
        + member(GOOD[-4:-3] * 3, body=bits(FIXED, "0000001", "00000", "0000000")),
        GzipError,
    ),
    ("D6-ratio", member(idx(8, 1 << 30, payload=bytes(10000))), TruncatedError),
]


def check(error, kind, name):
    assert type(error) is kind
    assert name in str(error)
    assert error.filename == name
    assert error.reason in str(error)
    assert isinstance(error.offset, int)
    assert error.offset >= 0
    assert error.expected is not None
    assert error.found is not None


def refuse(data, kind, path):
    with pytest.raises(IdxError) as caught:
        idxfast.loads(data)
    check(caught.value, kind, "<bytes>")
    path.write_bytes(data)
    with pytest.raises(IdxError) as caught:
        idxfast.load(path)
    check(caught.value, kind, str(path))
    return caught.value


def params(rows):
    return [pytest.param(data, kind, id=name) for name, data, kind in rows]


@pytest.mark.parametrize(("data", "kind"), params(CONTENTS + CONTAINERS))
def test_refused(data, kind, tmp_path):
    refuse(data, kind, tmp_path / "images")


@pytest.mark.parametrize(("data", "kind"), params(CONTENTS + PACKED))
def test_refused_inside_gzip(data, kind, tmp_path):
    refuse(gzip.compress(data), kind, tmp_path / "images.gz")


@pytest.mark.parametrize(("data", "kind"), params(CONTENTS + CONTAINERS))
def test_refused_as_stream(data, kind):
    class Stream:
        name = "stream"
        read = io.BytesIO(data).read

    with pytest.raises(IdxError) as caught:
        idxfast.load(Stream())
    check(caught.value, kind, "stream")


def read_open(path, cache_bytes):
    with idxfast.open(path, cache_bytes=cache_bytes) as file:
        if file.nbytes:
            file[...]
        file.verify()


@pytest.mark.parametrize(
    ("data", "kind"),
    params([*CONTENTS, *CONTAINERS, *((f"{n}-gzip", gzip.compress(d), k) for n, d, k in CONTENTS)]),
)
def test_refused_in_parts(data, kind, tmp_path):
    """By an open file, in memory or from seek points, and by `load` of all rows as a part."""
    path = tmp_path / "images"
    path.write_bytes(data)
    for read in (
        lambda: read_open(path, 1 << 20),
        lambda: read_open(path, 0),
        lambda: idxfast.load(path, start=0),
        lambda: idxfast.load(SimpleNamespace(name=str(path), read=io.BytesIO(data).read), start=0),
    ):
        try:
            read()
        except IndexError:  # scalars have no rows
            assert data[:4] == idx(8) or gzip.decompress(data)[:4] == idx(8)
        except IdxError as error:
            # What is decoded before the fault may already be no header.
            check(error, FormatError if type(error) is FormatError else kind, str(path))
        else:
            pytest.fail("read")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HTML, "an HTML page"),
        (archive("zip", a=HTML, b=HTML), "a zip archive"),
        (archive("tar", a=HTML, b=HTML), "a tar archive"),
        (archive("npy"), "a NumPy .npy file"),
        (gzip.compress(lzma.compress(GOOD)), "an xz file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (pickle.dumps(1), "a Python pickle"),
        (zlib.compress(GOOD), "a zlib stream"),
        (b'<?xml version="1.0"?>', "an XML page"),
        (b"<p>", "a page of HTML or XML"),
        (b'{"error": 404}', "JSON"),
        (gzip.compress(bz2.compress(GOOD)), "a bzip2 file"),
        (b"BZh0", "a bzip2 file"),
        *([(ZSTD, "a Zstandard file")] if sys.version_info < (3, 14) else []),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        (b"\xef\xbb\xbf\r\n <HTML>", "like an HTML page"),
        (b"\x55\x4c\x3d\x1e", "a Lush (SN3) matrix"),
        *((start + b"\x4c\x3d\x1e", "two zero bytes") for start in (b"", b"\x50", b"\x59")),
        (b"\x55\x4c\x3d", "two zero bytes"),
        (b"\x55\x4c\x3d\x1f", "two zero bytes"),
        (b"\x78", "two zero bytes"),
        (b"\x78\x02", "two zero bytes"),
        (member(member()), "gzip, packed once more"),
        (b"\x02\x08\0\0" + GOOD[4:], "byte-swapped"),
        (b"\x02\x08", "two zero bytes"),
        (b"\x02\x08\0\1", "two zero bytes"),
        (b"\x02\x07\0\0", "two zero bytes"),
        (GOOD[:4] + struct.pack("<II", 2, 3) + GOOD[12:], "byte-swapped"),
        (b"\0\0\x08\1\0\0\1\0" + bytes(65536), "byte-swapped: little-endian they read (65536,)"),
        (GOOD[:2] + b"\x0a" + GOOD[3:], "0x0a"),
        (GOOD + b"x", "more bytes follow the payload (at byte 18, expected 18, found 19)"),
        (b"", "empty"),
        (GOOD[:3], "3 of 4"),
        (b"\x1f", "gzip header is cut short: 1 of 10"),
        (b"\xfd7z", "xz header is cut short: 3 of 12"),
        (b"BZ", "bzip2 header is cut short: 2 of 4"),
        (member(crc=1), "0x00000001"),
        (member(method=9), "method 9"),
        (member(body=b"\7"), "invalid block type"),
        (member(body=b"\1\5\0\0\0abcde"), "invalid stored block lengths"),
        (member(GOOD[:9]) + member(GOOD[9:], crc=1), "member 2"),
        (member(idx(8, 1 << 30, payload=bytes(10000))), "compressed bytes can hold"),
    ],
)
def test_message(data, words):
    with pytest.raises(IdxError, match=re.escape(words)):
        idxfast.loads(data)


PATHS = [
    b"/data/train-images-idx3-ubyte",
    b"train-labels-idx1-ubyte.gz",
    b"T10K-LABELS-IDX1-UBYTE",
    rb"C:\data\images",
    "données/image".encode(),
    b"https://example.org/images.xz",
    bytearray(b"./images"),
    memoryview(b"./images"),
]


@pytest.mark.parametrize("path", PATHS, ids=bytes)
@pytest.mark.parametrize(
    "read",
    [idxfast.load, idxfast.loads, idxfast.read_header, partial(idxfast.load, mmap_mode="r")],
    ids=["load", "loads", "read_header", "mmap"],
)
def test_bytes_that_look_like_a_path(read, path):
    with pytest.raises(FormatError, match="pass the path as a str") as caught:
        read(path)
    check(caught.value, FormatError, f"<{type(path).__name__}>")
    assert caught.value.found == bytes(path)[:4].hex(" ")
    if type(path) is bytearray:
        path.append(0)  # raises if the error still refers to it
        path.pop()


@pytest.mark.parametrize(
    "data",
    [
        b"images",
        b"a/b\n",
        b"/data/images\0",
        b"\xff/images",
        b"/" * 1025,
        HTML,
        b'{"file": "a/b"}',
        memoryview(b"/.d.a.t.a.")[1::3],
    ],
    ids=bytes,
)
def test_bytes_that_look_like_no_path(data):
    for read in (idxfast.load, idxfast.loads, idxfast.read_header):
        with pytest.raises(FormatError) as caught:
            read(data)
        assert "path" not in str(caught.value)


def test_a_path_is_only_looked_for_where_bytes_were_passed(tmp_path):
    path = tmp_path / "list"
    path.write_bytes(PATHS[0])
    packed = gzip.compress(PATHS[0])
    for file in (path, io.BytesIO(PATHS[0]), packed, io.BytesIO(packed)):
        for read in (idxfast.load, idxfast.read_header):
            with pytest.raises(FormatError, match="the target of a symbolic link"):
                read(file)


def test_the_number_of_a_damaged_member(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(member(GOOD[:5]) + member(GOOD[5:9]) + member(body=b"\7"))
    for read in (idxfast.load, idxfast.read_header):
        with pytest.raises(GzipError, match="of gzip member 3 are damaged"):
            read(path)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("zeros", [0, 1, 70_000])
def test_what_follows_padded_members_is_found_in_its_place(zeros, threads):
    """Both few members and enough of them for several threads."""
    for count in (2, 1_000, 110_000):
        start = member() + (NOTHING + b"\0") * count + bytes(zeros)
        with pytest.raises(TrailingDataError) as caught:
            idxfast.loads(start + b"\1\2\3\4\5", threads=threads)
        assert caught.value.reason == f"something else follows gzip member {count + 1}"
        assert caught.value.offset == len(start)
        assert caught.value.found == "01 02 03 04"
        with pytest.raises(ChecksumError, match=f"CRC-32 of gzip member {count + 2} ") as caught:
            idxfast.loads(start + member(b"", crc=1), threads=threads)
        assert caught.value.offset == len(start) + len(NOTHING) - 8


def test_read_header_says_what_else_it_is():
    """Even if the evidence lies after the longest header that the fourth byte could announce."""
    start = b"abc\0".ljust(257, b"\0") + b"ustar"
    for data in (start, member(start)):
        with pytest.raises(IdxError, match="the tar file cannot be read"):
            idxfast.read_header(data)
    stream = SimpleNamespace(read=io.BytesIO(member(start)).read)
    with pytest.raises(FormatError, match="looks like a tar archive, which is not read from"):
        idxfast.read_header(stream)


@pytest.mark.parametrize("data", [HTML, archive("zip", a=HTML, b=HTML)], ids=["HTML", "ZIP"])
def test_name_is_not_believed(data, tmp_path):
    refuse(data, FormatError, tmp_path / "images.gz")


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_truncated_raw(size, tmp_path):
    refuse(GOOD[:size], TruncatedError, tmp_path / "images")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(member(extra=bytes(65535)), id="G5-extra"),
        pytest.param(member(extra=b""), id="G5-extra-empty"),
        pytest.param(member(name=b"\xff" * 135_000, comment=b"c" * 135_000), id="G5-name"),
        pytest.param(member(name=b"../../x", header_crc=0), id="G6"),
        pytest.param(member(flags=1, other=b"\xff\xff\xff\xff\x55\x42"), id="G7"),
        pytest.param(b"".join(member(GOOD[i : i + 1]) for i in range(18)), id="G11-bytes"),
        pytest.param(NOTHING + member(), id="G11-empty-first"),
        pytest.param(member(GOOD[:5]) + NOTHING * 3 + member(GOOD[5:]), id="G11-empty-between"),
        pytest.param(member() + NOTHING, id="G11-empty-last"),
        pytest.param(NOTHING * 2000 + member() + NOTHING * 2000, id="G12"),
        pytest.param(member() + bytes(1), id="G13-one"),
        pytest.param(member() + bytes(100_000), id="G13-many"),
        pytest.param(member(GOOD[:9]) + bytes(512) + member(GOOD[9:]), id="G13-between"),
        pytest.param(
            (NOTHING + b"\0") * 300
            + b"".join(member(GOOD[i : i + 1]) + bytes(i % 3) for i in range(18))
            + (NOTHING + b"\0") * 300,
            id="G13-every-member",
        ),
        pytest.param(member(body=b"\0\0\0\xff\xff" * 60_000 + deflate(GOOD)), id="D8-stored-empty"),
        pytest.param(member(body=deflate(GOOD, 0)), id="D9-stored"),
        pytest.param(
            member(GOOD[:9], extra=b"BC\2\0\0\0") + member(GOOD[9:], extra=b"BC\2\0\xff\xff"),
            id="G20-wrong-size",
        ),
        pytest.param(member(extra=b"BC\3\0\0\0"), id="G20-wrong-length"),
    ],
)
def test_accepted(data, tmp_path):
    assert idxfast.loads(data).tolist() == ARRAY
    path = tmp_path / "images"
    path.write_bytes(data)
    assert idxfast.load(path).tolist() == ARRAY
    assert idxfast.read_header(path) == (np.dtype("u1"), (2, 3))


def test_bomb(tmp_path):
    bomb = gzip.compress(idx(8, 3) + bytes(64 << 20), 6)
    error = refuse(bomb, TrailingDataError, tmp_path / "images")
    assert error.expected == 11
    out = np.full(64, 7, np.uint8)
    with pytest.raises(TrailingDataError):
        idxfast.loads(bomb, out=out[30:33])
    assert not (out[:30] != 7).any()
    assert not (out[33:] != 7).any()
