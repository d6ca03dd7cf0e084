"""datasets/partner: the labels of a file of images."""

import gzip

import pytest

import idxfast
from idxfast.datasets.partner import labels_for, labels_url_for

IMAGES = "train-images-idx3-ubyte"
LABELS = "train-labels-idx1-ubyte"


@pytest.fixture
def put(tmp_path, oracle):
    """Write files of images, labels or something else, by their paths."""

    def put(*paths, count=5):
        for path in paths:
            data = oracle.pack(8, (count,) if "label" in path or "idx1" in path else (count, 4, 3))
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(gzip.compress(data) if path.endswith(".gz") else data)

    return put


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (IMAGES, LABELS),
        (f"{IMAGES}.gz", f"{LABELS}.gz"),
        (f"{IMAGES}.gz", LABELS),
        ("train_images.bin", "train_labels.bin"),
        (f"{IMAGES} (1).gz", f"{LABELS} (1).gz"),
        ("x-idx3-ubyte.gz", "y-idx1-ubyte.gz"),
        (f"images/{IMAGES}", f"labels/{LABELS}"),
        (f"{IMAGES}/{IMAGES}", f"{LABELS}/{LABELS}"),
        (f"data/{IMAGES}", f"data/{LABELS}"),
    ],
)
def test_pairs(images, labels, put, tmp_path, monkeypatch):
    others = (
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte.gz",
        "emnist-letters-train-labels-idx1-ubyte",
    )
    put(images, labels, *others)
    assert labels_for(str(tmp_path / images)) == str(tmp_path / labels)
    monkeypatch.chdir(tmp_path)
    assert labels_for(images) == str(tmp_path / labels)


@pytest.mark.parametrize(
    "path",
    [
        "t10k-labels-idx1-ubyte.gz",
        "elsewhere/train-labels-idx1-ubyte",
        "below/train-labels-idx1-ubyte",
        "emnist-letters-train-labels-idx1-ubyte",
        "train-labels.txt",
    ],
)
def test_images_without_labels(path, put, tmp_path):
    put(IMAGES, path)
    assert labels_for(str(tmp_path / IMAGES)) is None


def test_labels_have_no_partner(put, tmp_path):
    put(IMAGES, LABELS)
    assert labels_for(str(tmp_path / LABELS)) is None


def test_fewer_labels_than_images(put, tmp_path):
    put(IMAGES)
    put(LABELS, count=4)
    with pytest.raises(idxfast.IdxError, match="not as many labels") as caught:
        labels_for(str(tmp_path / IMAGES))
    assert (caught.value.filename, caught.value.expected) == (str(tmp_path / LABELS), 5)


def test_damaged_labels(put, tmp_path):
    put(IMAGES)
    (tmp_path / LABELS).write_bytes(b"\0\0\x08\x01\0\0\0\x05four")
    with pytest.raises(idxfast.TruncatedError):
        labels_for(str(tmp_path / IMAGES))


def test_equally_good_labels(put, tmp_path):
    put("train_images.bin", "train_labels.bin", "train-labels.dat")
    with pytest.raises(ValueError, match="several files could be its labels"):
        labels_for(str(tmp_path / "train_images.bin"))


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (f"s3://bucket/set/{IMAGES}.gz", f"s3://bucket/set/{LABELS}.gz"),
        (f"zip://{IMAGES}::https://a.org/images.zip", f"zip://{LABELS}::https://a.org/images.zip"),
        ("s3://images/mnist8m-patterns-idx3-ubyte", "s3://images/mnist8m-labels-idx1-ubyte"),
        (f"https://a.org/{IMAGES}.gz?signature=images", None),
        ("https://a.org/images.bin", None),
        (f"s3://bucket/{LABELS}", None),
        (IMAGES, None),
    ],
)
def test_urls(images, labels):
    assert labels_url_for(images) == labels
