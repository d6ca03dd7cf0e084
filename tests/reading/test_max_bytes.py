"""max_bytes: what it may be, and which files it refuses, wherever they come from."""

import gzip
import io
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.handmade import ARRAY, GOOD, idx


class SixBytes:
    def __index__(self):
        return 6


def test_what_max_bytes_may_be():
    stream = SimpleNamespace(read=io.BytesIO(gzip.compress(GOOD)).read)
    for call in (partial(idxfast.loads, GOOD), partial(idxfast.load, stream)):
        with pytest.raises(ValueError, match="max_bytes is -1, not 0 or more"):
            call(max_bytes=-1)
        with pytest.raises(TypeError, match="integer"):
            call(max_bytes=1e3)
    for six in (np.int64(6), SixBytes()):
        assert idxfast.loads(GOOD, max_bytes=six).tolist() == ARRAY
    assert idxfast.loads(b"\0\0\x08\1\0\0\0\0", max_bytes=0).shape == (0,)
    with pytest.raises(idxfast.SizeError, match="larger than max_bytes allows"):
        idxfast.loads(b"\0\0\x08\1\0\0\0\1\7", max_bytes=0)


def test_max_bytes(tmp_path):
    content = idx(0x0C, 30, payload=bytes(120))
    path = tmp_path / "file"
    for data in (content, gzip.compress(content), gzip.compress(content, 0) + bytes(100_000)):
        path.write_bytes(data)
        stream = SimpleNamespace(name="stream", read=io.BytesIO(data).read)
        assert idxfast.load(path, max_bytes=120).shape == (30,)
        assert idxfast.load(stream, max_bytes=120).shape == (30,)
        stream.read = io.BytesIO(data).read
        for source in (path, data, stream):
            with pytest.raises(idxfast.SizeError, match="max_bytes"):
                idxfast.load(source, max_bytes=119)
    # As many bytes as data that do not compress would take, and one more.
    limit = 120 + (256 << 10)
    padded = gzip.compress(content).ljust(limit, b"\0")
    assert idxfast.load(SimpleNamespace(read=io.BytesIO(padded).read), max_bytes=120).nbytes == 120
    with pytest.raises(idxfast.SizeError, match="compressed"):
        idxfast.load(SimpleNamespace(read=io.BytesIO(padded + b"\0").read), max_bytes=120)
    endless = SimpleNamespace(name="endless", read=lambda n: b"\x1f\x8b"[:n].ljust(n, b"\x08"))
    with pytest.raises(idxfast.SizeError, match="compressed") as caught:
        idxfast.load(endless, max_bytes=1 << 20)
    limit = (1 << 20) + 1048 + (256 << 10)
    assert caught.value.offset == limit
    assert caught.value.expected == f"at most {limit:,} bytes"
