"""integrations/dask: two worker processes, over a bucket of S3 and over files."""

import numpy as np
import pytest

import idxfast

da = pytest.importorskip("dask.array", reason="needs dask[array]")
distributed = pytest.importorskip("distributed", reason="needs distributed")
from_idx = pytest.importorskip("idxfast.integrations.dask").from_idx

LABELS = (np.arange(400) % 10).astype(np.uint8)


@pytest.fixture(scope="module")
def client(bucket):
    """Two worker processes. They learn where the bucket is from the environment."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def data(pack, images, bucket):
    """The URLs of images, in two files, and of their labels."""
    urls = [
        bucket.put(name, pack(part)) for name, part in (("a", images[:150]), ("b", images[150:]))
    ]
    return urls, bucket.put("labels", pack(LABELS))


def count_classes(labels):
    return da.bincount(labels, minlength=10)


def test_statistics_over_a_bucket(data, images, client, bucket):
    urls, labels = data
    array = from_idx(urls, chunks=50)
    assert array.npartitions == 8
    found = da.compute(array.mean(), array.std(), count_classes(from_idx(labels, chunks=100)))
    assert found[:2] == pytest.approx((images.mean(), images.std()))
    assert found[2].tolist() == [40] * 10
    assert len(client.run(lambda: None)) == 2


def test_each_worker_opens_a_file_once(pack, images, client, bucket):
    """A file that the workers have not seen before, of 40 chunks."""
    array = from_idx(bucket.put("new", pack(images[::-1].copy())), chunks=10)
    bucket.requests.clear()
    array.sum().compute()
    starts = [request for request in bucket.requests if (request[2] or "").startswith("bytes=0-")]
    assert 1 <= len(starts) <= 2


def test_published_statistics(published, client, bucket, tmp_path):
    images = idxfast.load(published / "train-images-idx3-ubyte.gz")
    idxfast.save(tmp_path / "images.gz", images, seekable=True)
    url = bucket.put("images.gz", (tmp_path / "images.gz").read_bytes())
    labels = bucket.put("labels.gz", (published / "train-labels-idx1-ubyte.gz").read_bytes())
    array = from_idx(url)
    mean, deviation, counts = da.compute(array.mean(), array.std(), count_classes(from_idx(labels)))
    assert (round(mean / 255, 4), round(deviation / 255, 4)) == (0.2860, 0.3530)
    assert counts.tolist() == [6000] * 10


def test_a_file_that_is_gone(pack, images, client, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(images))
    array = from_idx(path, chunks=100)
    path.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        array.sum().compute()
    assert caught.value.filename == str(path)


def test_an_object_that_is_gone(pack, images, client, bucket):
    url = bucket.put("gone", pack(images))
    array = from_idx(url, chunks=100)
    bucket.remove("gone")
    with pytest.raises(FileNotFoundError):
        array.sum().compute()


def test_a_file_that_has_changed(pack, images, client, bucket, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(images))
    url = bucket.put("changing", pack(images))
    arrays = from_idx(path, chunks=100), from_idx(url, chunks=100)
    other = images[::-1].copy()
    path.write_bytes(pack(other))
    bucket.put("changing", pack(other))
    for array, name in zip(arrays, (str(path), url), strict=True):
        with pytest.raises(idxfast.IdxError, match="replaced or written to") as caught:
            array.sum().compute()
        assert caught.value.filename == name


def test_damaged_data(images, client, tmp_path):
    path = tmp_path / "file.gz"
    idxfast.save(path, images, seekable=True)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(idxfast.ChecksumError, match="is damaged"):
        from_idx(path, chunks=83).sum().compute()
