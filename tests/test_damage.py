"""Damage far into a large file; what the errors say and carry."""

import gzip
import pickle
import struct

import numpy as np
import pytest

import idxfast
from idxfast import ChecksumError, GzipError, TrailingDataError, TruncatedError


def header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def test_zlib_gives_the_reason_and_the_offset():
    bad = gzip.compress(header(8, 3) + bytes(3), mtime=0)[:10] + b"\x07" + bytes(20)
    with pytest.raises(GzipError, match="invalid block type") as error:
        idxfast.loads(bad)
    assert error.value.offset == 10


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (header(8, 3), TruncatedError),
        (gzip.compress(header(8, 1) + bytes(2)), TrailingDataError),
        (gzip.compress(header(8, 0))[:-8] + bytes(8), ChecksumError),
    ],
)
def test_errors_pickle(bad, expected):
    with pytest.raises(expected) as error:
        idxfast.loads(bad)
    copy = pickle.loads(pickle.dumps(error.value))
    assert type(copy) is expected
    assert str(copy) == str(error.value)
    assert vars(copy) == vars(error.value)
    assert copy.filename == "<bytes>"


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
