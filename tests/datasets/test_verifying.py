"""Whether a file is the published one, depending on what has been published."""

import gzip
import hashlib
import lzma
import pickle
import tracemalloc

import numpy as np
import pytest

from idxfast import FetchError, HashMismatchError
from idxfast.datasets.catalogue import File
from idxfast.datasets.verifying import verify
from idxfast.format import Header

HEADER = Header(np.dtype(">i4"), (30, 8))


def digest(algorithm, data):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@pytest.fixture
def raw(oracle):
    return oracle.pack(0x0C, (30, 8))


@pytest.fixture
def check(tmp_path):
    def check(data, name="x.gz", **facts):
        path = tmp_path / "any name"
        path.write_bytes(data)
        with path.open("rb") as file:
            verify(file, File(name, HEADER, **facts), "the mirror")

    return check


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_hash_of_the_file_or_of_its_content(algorithm, ending, pack, raw, check):
    packed = pack(raw)
    other = digest(algorithm, b"other")
    check(packed, "x" + ending, packed=digest(algorithm, packed))
    check(packed, "x" + ending, packed=other, raw=digest(algorithm, raw))
    check(packed, "x" + ending)
    for raw_hash in (None, digest(algorithm, raw[:-1]), digest(algorithm, packed)):
        with pytest.raises(HashMismatchError) as caught:
            check(packed, "x" + ending, packed=other, raw=raw_hash)
        error = caught.value
        found = digest(algorithm, packed)
        assert (error.url, error.expected, error.found) == ("the mirror", other, found)
        assert error.nbytes == len(packed)
        assert str(error) == (
            f"the mirror: not the published file (expected {other}, found {found}, "
            f"{len(packed):,} bytes)"
        )


def test_content_of_another_shape_is_other_content(oracle, raw, check):
    same_bytes = gzip.compress(oracle.pack(0x0C, (8, 30), raw[12:]))
    with pytest.raises(HashMismatchError):
        check(same_bytes, packed="sha256:0", raw=digest("sha256", raw))


def test_damaged_content_is_a_mismatch(raw, check):
    damaged = bytearray(gzip.compress(raw))
    damaged[-6] ^= 1
    with pytest.raises(HashMismatchError):
        check(damaged, packed="sha256:0", raw=digest("sha256", raw))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda oracle, raw: gzip.compress(raw)[:-9], "ends|truncated|trailer"),
        (lambda oracle, raw: gzip.compress(raw) + b"x", "follow"),
        (lambda oracle, raw: gzip.compress(raw[:-1]), "unpacked data end at byte 971 of 972"),
        (lambda oracle, raw: gzip.compress(b"<html>"), "not an IDX file"),
        (
            lambda oracle, raw: gzip.compress(oracle.pack(0x0C, (8, 30))),
            r"got int32 \(8, 30\), not int32 \(30, 8\)",
        ),
        (
            lambda oracle, raw: gzip.compress(oracle.pack(8, (30, 8))),
            r"got uint8 \(30, 8\), not int32 \(30, 8\)",
        ),
    ],
)
def test_without_a_hash_it_has_to_be_whole_and_of_the_shape(make, reason, oracle, raw, check):
    with pytest.raises(FetchError, match=f"^the mirror: .*({reason})") as caught:
        check(make(oracle, raw))
    assert not isinstance(caught.value, HashMismatchError)


@pytest.mark.parametrize("ending", [".gz", ".xz"])
@pytest.mark.parametrize("facts", [{}, {"packed": "sha256:0", "raw": "sha256:1"}])
def test_no_more_is_unpacked_than_the_file_can_hold(ending, facts, oracle, check):
    """The file announces, and holds, far more. The decoder of xz itself takes 8 MiB."""
    content = oracle.pack(8, (32 << 20,), bytes(32 << 20))
    packed = (gzip if ending == ".gz" else lzma).compress(content)
    reason = "not the published file" if facts else r"got more than int32 \(30, 8\)"
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match=f"^the mirror: {reason}"):
            check(packed, "x" + ending, **facts)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("facts", [{}, {"packed": "sha256:0"}])
@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("x.gz", b"<!DOCTYPE html>", "an HTML page"),
        ("x.gz", b'{"message": "no"}', "JSON"),
        ("x.gz", lzma.compress(b""), "an xz file"),
        ("x.xz", gzip.compress(b""), "gzip"),
        ("x.zip", b"<html>", "an HTML page"),
        ("x.gz", b"ab", "what starts with 61 62"),
        ("x.gz", b"", "nothing"),
    ],
)
def test_another_packing_than_the_name_says(facts, name, data, found, check):
    with pytest.raises(FetchError, match=f"^the mirror: got {found}.*, not what {name} should be"):
        check(data, name, **facts)


def test_errors_pickle():
    error = pickle.loads(pickle.dumps(HashMismatchError("url", "md5:1", "md5:2", 1234)))
    assert (error.url, error.expected, error.found, error.nbytes) == ("url", "md5:1", "md5:2", 1234)
    assert "1,234 bytes" in str(error)
    assert isinstance(error, OSError)
    assert str(pickle.loads(pickle.dumps(FetchError("reason")))) == "reason"
