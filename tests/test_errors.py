"""What the errors say and carry."""

import gzip
import pickle
import struct

import pytest

import idxfast
from idxfast import ChecksumError, TrailingDataError, TruncatedError


def header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


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


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "<data>: no"),
        ({"filename": "x", "offset": 0}, "x: no (at byte 0)"),
        ({"offset": 1234, "found": 0}, "<data>: no (at byte 1,234, found 0)"),
        ({"expected": "12345", "found": ""}, "<data>: no (expected 12345, found )"),
        ({"expected": 0}, "<data>: no (expected 0)"),
    ],
)
def test_what_they_say(given, text):
    assert str(idxfast.IdxError("no", **given)) == text
