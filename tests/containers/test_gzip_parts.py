"""containers/gzip_parts: one pass over an ordinary gzip file serves the first request."""

import gzip
import os
import threading

import pytest

import idxfast
from files.samples import READS, idx, large, make_parts_small, same, sample
from idxfast.containers import gzip_parts


@pytest.mark.parametrize("damage", ["byte", "cut", "more"])
def test_a_damaged_file_is_decoded_once(tmp_path, monkeypatch, damage):
    """Later reads raise the same error again, as long as the file is the same."""
    make_parts_small(monkeypatch)
    _, file = large()
    changed = bytearray(file)
    changed[len(file) // 2] ^= 1
    damaged = {"byte": bytes(changed), "cut": file[:-9], "more": file + b"more"}[damage]
    path = tmp_path / "file"
    path.write_bytes(damaged)
    calls = []
    find_points = gzip_parts.find_points
    monkeypatch.setattr(
        gzip_parts, "find_points", lambda *options: (calls.append(1), find_points(*options))[1]
    )
    with idxfast.open(path, cache_bytes=0) as opened:
        errors = []
        reads = (lambda f: f[0], lambda f: f[[3, 1]], lambda f: f[:, 1], lambda f: f.read(0, 9))
        for read in reads:
            with pytest.raises(idxfast.IdxError) as caught:
                read(opened)
            errors.append((type(caught.value), str(caught.value)))
        assert len(set(errors)) == len(calls) == 1
        os.utime(path, (1, 1))
        with pytest.raises(idxfast.IdxError, match="written to since it was opened"):
            opened[0]
    with idxfast.open(path, cache_bytes=0) as opened, pytest.raises(idxfast.IdxError):
        opened[0]


@pytest.mark.parametrize("dtype", ["u1", "i4"])
@pytest.mark.parametrize("name", READS)
def test_the_first_pass_serves_the_request(tmp_path, monkeypatch, name, dtype):
    make_parts_small(monkeypatch)
    monkeypatch.setattr("idxfast.lazy.opened.STEP", 2_000)
    array = sample(dtype, (600, 50))
    data = idx(array)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(data[:9_000]) + gzip.compress(data[9_000:], 1))
    with idxfast.open(data) as whole:
        expected = READS[name](whole)
    with idxfast.open(path, cache_bytes=0) as opened:
        same(READS[name](opened), expected)
        same(READS[name](opened), expected)
    if name in ("batches", "rows one by one"):  # each is several requests
        return
    monkeypatch.setattr("idxfast.gzip.parts.Parts.pieces", None)
    monkeypatch.setattr("idxfast.gzip.parts.Parts.piece_at", None)
    with idxfast.open(path, cache_bytes=0) as opened:
        same(READS[name](opened), expected)


def test_a_signal_handler_may_read_during_the_first_pass(tmp_path, monkeypatch):
    """It runs in the thread that makes the pass, and must not wait for that thread."""
    make_parts_small(monkeypatch)
    array, file = large()
    path = tmp_path / "file"
    path.write_bytes(file)
    find_points, read = gzip_parts.find_points, []

    def interrupted(*options):
        monkeypatch.setattr(gzip_parts, "find_points", find_points)
        read.append(opened[7])
        return find_points(*options)

    monkeypatch.setattr(gzip_parts, "find_points", interrupted)
    with idxfast.open(path, cache_bytes=0) as opened:
        thread = threading.Thread(target=lambda: read.append(opened[3]), daemon=True)
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
        same(read[0], array[7])
        same(read[1], array[3])
        same(opened[5], array[5])
