"""lazy/opened: files in a bucket of S3, counted at the server."""

import gzip
import multiprocessing
import operator
import pickle

import numpy as np
import pytest

import idxfast
from files.small_blocks import IMAGES

COUNT = 400
ROWS = np.frombuffer(IMAGES, np.uint8).reshape(COUNT, 28, 28)


@pytest.fixture
def raw(oracle):
    return oracle.pack(0x08, (COUNT, 28, 28), IMAGES)


@pytest.fixture
def seekable(tmp_path):
    idxfast.save(tmp_path / "file.gz", ROWS, seekable=True)
    return (tmp_path / "file.gz").read_bytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_whole(pack, raw, bucket, oracle):
    url = bucket.put("file", pack(raw))
    oracle.check(idxfast.load(url), raw)
    assert len(bucket.requests) <= 2
    assert idxfast.read_header(url).shape == ROWS.shape


def test_parts(raw, bucket):
    url = bucket.put("file", raw)
    with idxfast.open(url) as file:
        assert (file.name, file.container, file.shape) == (url, "raw", ROWS.shape)
        for key in (399, [399, 100, 399], slice(50, 300), ..., (slice(None), 14, 14)):
            assert (file[key] == ROWS[key]).all()
        assert {method for method, _, _ in bucket.requests} == {"GET"}
        assert (pickle.loads(pickle.dumps(file))[300] == ROWS[300]).all()


def test_requests_for_a_seekable_file(bucket, published, tmp_path):
    """64 random images of Fashion-MNIST, and one after another."""
    images = idxfast.load(published / "train-images-idx3-ubyte.gz")
    idxfast.save(tmp_path / "file.gz", images, seekable=True)
    url = bucket.put("images.gz", (tmp_path / "file.gz").read_bytes())
    rows = np.random.default_rng(1).permutation(len(images))[:64]
    with idxfast.open(url) as file:
        assert (file[rows] == images[rows]).all()
        assert len(bucket.requests) <= 16
    bucket.requests.clear()
    with idxfast.open(url, cache_bytes=0) as file:
        for number, row in enumerate([30_000, 59_999, 0]):
            assert (file[row] == images[row]).all()
            assert len(bucket.requests) <= 3 + number


@pytest.mark.parametrize("kind", ["raw", "seekable"])
def test_an_object_that_changes(kind, raw, seekable, bucket, monkeypatch):
    monkeypatch.setattr("idxfast.storage.objects.START", 200)
    data = raw if kind == "raw" else seekable
    for changed in (data[:-1], data[:100] + b"x" + data[101:], data[:300]):
        url = bucket.put("file", data)
        with idxfast.open(url, cache_bytes=0) as file:
            copy = pickle.loads(pickle.dumps(file))
            assert (file[399] == ROWS[399]).all()
            bucket.put("file", changed)
            for key in (399, [399, 5]):
                with pytest.raises(idxfast.IdxError, match="replaced or written to"):
                    file[key]
            with pytest.raises(idxfast.IdxError):
                copy[399]
            bucket.remove("file")
            for one in (file, copy):
                with pytest.raises(FileNotFoundError) as caught:
                    one[399]
                assert caught.value.filename == url


@pytest.mark.parametrize("url", ["s3://idxfast/none", "s3://idxfast-none/none"])
def test_what_is_not_there(url, bucket):
    for read in (idxfast.load, idxfast.open, idxfast.read_header):
        with pytest.raises(FileNotFoundError) as caught:
            read(url)
        assert caught.value.filename == url


def test_an_empty_object(bucket):
    url = bucket.put("empty", b"")
    for read in (idxfast.load, idxfast.open):
        with pytest.raises(idxfast.TruncatedError, match="empty"):
            read(url)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes(method, seekable, bucket):
    with idxfast.open(bucket.put("file", seekable)) as file:
        assert (file[0] == ROWS[0]).all()
        keys = [slice(start, start + 100) for start in range(0, COUNT, 100)]
        with multiprocessing.get_context(method).Pool(2) as pool:
            found = pool.starmap(operator.getitem, [(file, key) for key in keys], 1)
        assert (np.concatenate(found) == ROWS).all()
        assert (file[399] == ROWS[399]).all()
