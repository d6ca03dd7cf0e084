"""The unpacked stream of a gzip file, piece by piece."""

import gzip
import io

import numpy as np
import pytest

from idxfast import ChecksumError, TruncatedError
from idxfast.gzip.pieces import pieces
from idxfast.storage.memory import MemorySource
from idxfast.storage.streams import ForwardSource, StreamSource

CONTENT = np.random.default_rng(2).integers(0, 9, 3_000_000, np.uint8).tobytes()


@pytest.fixture(params=["memory", "stream"])
def source(request):
    def make(data):
        if request.param == "memory":
            return MemorySource(data, "name")
        return ForwardSource(StreamSource(io.BytesIO(data), "name", owned=False))

    return make


@pytest.mark.parametrize("size", [0, 1, 70_000, len(CONTENT)])
def test_all_is_there_once(size, source):
    data = gzip.compress(CONTENT[:size], 1)
    found = [memory.tobytes() for memory, _ in pieces(source(data))]
    assert b"".join(found) == CONTENT[:size]
    assert max(map(len, found), default=0) < 1 << 20


def test_members_are_counted(source):
    data = gzip.compress(b"ab") + gzip.compress(b"") + gzip.compress(b"c")
    *_, (_, members) = pieces(source(data))
    assert members == 3
    assert b"".join(memory.tobytes() for memory, _ in pieces(source(data))) == b"abc"


@pytest.mark.parametrize(("at", "kind"), [(-6, ChecksumError), (None, TruncatedError)])
def test_damage(at, kind, source):
    data = bytearray(gzip.compress(CONTENT, 1))
    if at is None:
        del data[-9:]
    else:
        data[at] ^= 1
    with pytest.raises(kind):
        list(pieces(source(bytes(data))))
