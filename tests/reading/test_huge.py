"""Files of over 4 GiB. With `--huge`, they take 5 GiB of memory and half a minute."""

import struct
import zlib

import numpy as np
import pytest

import idxfast
from files.handmade import idx

pytestmark = pytest.mark.huge

PART = 1 << 30
PARTS = 5
# Around the limits of 31 and 32 bits, and at both ends.
MARKS = [0, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, PARTS * PART - 1]


def check(array, marks):
    assert array.shape == (PARTS, PART)
    assert array.dtype == np.uint8
    flat = array.reshape(-1)
    assert [int(flat[at]) for at in marks] == list(range(1, len(marks) + 1))
    assert np.count_nonzero(flat) == len(marks)


def test_raw(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(idx(8, PARTS, PART))
        for value, at in enumerate(MARKS, 1):
            file.seek(12 + at)
            file.write(bytes([value]))
    check(idxfast.load(path), MARKS)


@pytest.mark.parametrize("members", [1, PARTS], ids=["one-member", "members"])
def test_gzip(members, tmp_path):
    """Zeros, compressed 1000:1. Each part ends at a full flush, so that one can be repeated."""

    def pack(data):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)

    zeros = bytes(PART)
    head, tail = idx(8, PARTS, PART) + b"\1", b"\2"
    middle, rest = pack(zeros), pack(zeros[:-2])
    end = b"\3\0"
    parts = [
        (head, pack(head)),
        *[(zeros, middle)] * (PARTS - 1),
        (zeros[:-2], rest),
        (tail, pack(tail)),
    ]
    groups = [parts] if members == 1 else [[part] for part in parts]
    path = tmp_path / "file.gz"
    with path.open("wb") as file:
        for group in groups:
            crc = size = 0
            file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
            for data, packed in group:
                crc, size = zlib.crc32(data, crc), size + len(data)
                file.write(packed)
            file.write(end + struct.pack("<II", crc, size & 0xFFFFFFFF))
    assert path.stat().st_size < PARTS * PART // 1000
    check(idxfast.load(path), [0, PARTS * PART - 1])
