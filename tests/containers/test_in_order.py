"""IDX files from streams: what `progress` is told, and how much memory may be taken."""

import gzip
import io
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from idxfast.containers import in_order


def stream(data):
    return SimpleNamespace(read=io.BytesIO(data).read)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 4000])
@pytest.mark.parametrize("is_given", [False, True])
def test_each_number_is_told_once(count, is_given, oracle, monkeypatch):
    monkeypatch.setattr(in_order, "PIECE", 1000)
    monkeypatch.setattr(in_order, "FIRST_GUESS", 2000)
    content = oracle.pack(0x08, (count,))
    calls = []
    out = np.empty(count, np.uint8) if is_given else None
    array = idxfast.load(stream(content), out=out, progress=lambda *numbers: calls.append(numbers))
    oracle.check(array, content)
    expected = [(8 + done, 8 + count) for done in range(1000, count, 1000)]
    assert calls == [*expected, (8 + count, 8 + count)]


@pytest.mark.parametrize("count", [1, 4000])
@pytest.mark.parametrize("is_longer", [False, True])
def test_the_end_is_told_only_if_the_file_ends_there(count, is_longer, oracle):
    content = oracle.pack(0x08, (count,))
    wrong = content + b"x" if is_longer else content[:-1]
    calls = []
    with pytest.raises(idxfast.IdxError):
        idxfast.load(stream(wrong), progress=lambda *numbers: calls.append(numbers))
    assert (8 + count, 8 + count) not in calls


@pytest.mark.parametrize("guess", [1, 100, 1 << 20])
def test_how_large_a_compressed_stream_may_be(guess, oracle, monkeypatch):
    """As large as one member that holds `max_bytes` of data that do not compress."""
    monkeypatch.setattr(in_order, "FIRST_GUESS", guess)
    content = oracle.pack(0x08, (2000,))
    packed = gzip.compress(content)
    limit = 2000 + 2 + in_order.GZIP_SPACE
    fits = packed + bytes(limit - len(packed))
    oracle.check(idxfast.load(stream(fits), max_bytes=2000), content)
    with pytest.raises(idxfast.SizeError, match="larger than max_bytes allows") as caught:
        idxfast.load(stream(fits + b"\0"), max_bytes=2000)
    assert caught.value.offset == limit
