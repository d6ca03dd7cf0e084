"""Bad files: each is an error of the promised class that says where, never an array."""

import gzip
import pickle
import struct
import zlib

import numpy as np
import pytest

import idxfast
from idxfast import (
    ChecksumError,
    FormatError,
    GzipError,
    IdxError,
    SizeError,
    TrailingDataError,
    TruncatedError,
)

PAYLOAD = bytes(range(24))
RAW = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4) + PAYLOAD


def member(data, *, flags=0, fields=b"", method=8, crc=None, size=None):
    """A gzip member built by hand."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    head = b"\x1f\x8b" + bytes([method, flags]) + bytes(6) + fields
    return head + body + struct.pack("<II", crc, size & 0xFFFFFFFF)


def with_fhcrc(data, wrong=0):
    fields = b"\x03\x00abc" + b"name\0" + b"comment\0"
    head = b"\x1f\x8b\x08\x1e" + bytes(6) + fields
    return member(
        data, flags=0x1E, fields=fields + struct.pack("<H", zlib.crc32(head) & 0xFFFF ^ wrong)
    )


def header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


GOOD = gzip.compress(RAW, mtime=0)

BAD = {
    "H1 empty": (b"", TruncatedError),
    "H2 three bytes": (RAW[:3], TruncatedError),
    "H3 magic": (b"\1\0\x08\1", FormatError),
    "H4 html": (b"<!DOCTYPE html><html>", FormatError),
    "H4 zip": (b"PK\x03\x04" + bytes(40), FormatError),
    "H4 npy": (b"\x93NUMPY\x01\x00", FormatError),
    "H6 type": (header(0x0A, 1) + b"\0", FormatError),
    "H8 dimensions": (b"\0\0\x08\x41" + bytes(4 * 65), FormatError),
    "H9 dims cut short": (RAW[:13], TruncatedError),
    "H10 little-endian": (struct.pack("<I", 0x0803) + bytes(20), FormatError),
    "H11 overflow": (header(0x0E, *[0xFFFFFFFF] * 4), SizeError),
    "H11 large": (header(8, 1 << 30, 1 << 30), TruncatedError),
    "H12 zero": (header(8, 0, *[0xFFFFFFFF] * 3), SizeError),
    "R1 short": (RAW[:-1], TruncatedError),
    "R2 long": (RAW + b"\0", TrailingDataError),
    "G2 method": (member(RAW, method=9), GzipError),
    "G3 reserved": (member(RAW, flags=0x20), GzipError),
    "G4 fhcrc": (with_fhcrc(RAW, wrong=1), GzipError),
    "G8 crc": (member(RAW, crc=1), ChecksumError),
    "G9 size": (member(RAW, size=7), ChecksumError),
    "G14 one byte": (GOOD + b"x", TrailingDataError),
    "G15 second member": (GOOD + member(b"", crc=1), ChecksumError),
    "G16 gzip in gzip": (gzip.compress(GOOD), FormatError),
    "G16 zlib": (zlib.compress(RAW), FormatError),
    "D1 block type 3": (GOOD[:10] + b"\x07" + bytes(20), GzipError),
    "D2 distance": (GOOD[:10] + b"\x03\x02" + bytes(30), GzipError),
    "D4 beyond": (gzip.compress(RAW + b"\0"), TrailingDataError),
    "D4 too little": (gzip.compress(RAW[:-1]), TruncatedError),
    "D5 bomb": (gzip.compress(header(8, 3) + bytes(32 << 20)), TrailingDataError),
    "D6 ratio": (gzip.compress(header(8, 1 << 30) + bytes(9)), TruncatedError),
}


@pytest.mark.parametrize("row", BAD)
def test_bad_file(row, tmp_path):
    data, expected = BAD[row]
    path = tmp_path / "bad.gz"
    path.write_bytes(data)
    with pytest.raises(expected) as error:
        idxfast.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert error.value.filename == str(path)
    assert isinstance(error.value.offset, int)
    assert error.value.expected is not None
    assert error.value.found is not None
    with pytest.raises(expected):
        idxfast.loads(data)
    copy = pickle.loads(pickle.dumps(error.value))
    assert (type(copy), str(copy)) == (type(error.value), str(error.value))


def test_html_is_named():
    with pytest.raises(FormatError, match="HTML"):
        idxfast.loads(b"<html>404</html>")


def test_zlib_gives_the_reason_and_the_offset():
    with pytest.raises(GzipError, match="invalid block type") as error:
        idxfast.loads(BAD["D1 block type 3"][0])
    assert error.value.offset == 10


@pytest.mark.parametrize("good", [RAW, GOOD, with_fhcrc(RAW), member(RAW[:9]) + member(RAW[9:])])
def test_every_truncation(good):
    assert idxfast.loads(good).tobytes() == PAYLOAD
    for size in range(len(good)):
        with pytest.raises(TruncatedError):
            idxfast.loads(good[:size])


@pytest.mark.parametrize("good", [GOOD, member(RAW[:9]) + member(RAW[9:])])
def test_every_flipped_bit_is_an_error_or_changes_nothing(good):
    refused = 0
    for bit in range(8 * len(good)):
        data = bytearray(good)
        data[bit >> 3] ^= 1 << (bit & 7)
        try:
            assert idxfast.loads(data).tobytes() == PAYLOAD
        except IdxError:
            refused += 1
    assert refused > 4 * len(good)


def test_a_large_damaged_file():
    noise = np.random.default_rng(1).integers(0, 16, 6 << 20, np.uint8)
    good = gzip.compress(header(8, len(noise)) + noise.tobytes(), 1)
    for at in (len(good) // 2, len(good) - 6, len(good) - 2):
        data = bytearray(good)
        data[at] ^= 0x10
        with pytest.raises((GzipError, TruncatedError)):
            idxfast.loads(data)
    with pytest.raises(TruncatedError):
        idxfast.loads(good[: len(good) // 2])
    with pytest.raises(TrailingDataError):
        idxfast.loads(good + b"x")
    out = np.empty(len(noise), np.uint8)
    with pytest.raises(ChecksumError):
        idxfast.loads(data, out=out)
