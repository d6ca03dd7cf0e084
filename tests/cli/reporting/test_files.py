"""What a report says of each file."""

import gzip
import hashlib
import os

import numpy as np
import pytest

from files.pages import CLASSES, FILES, HASHES
from idxfast.datasets import catalogue
from idxfast.format import Header

pytest.importorskip("PIL.Image", reason="needs Pillow")


def test_files_and_hashes(folder, report):
    page = report(folder)
    packed = os.path.getsize(folder / "train-images-idx3-ubyte.gz")
    assert page.table(*FILES) == [
        ("t10k-images-idx3-ubyte", "Test set images", "3", "5 x 6 uint8", "106 bytes", "106 bytes"),
        ("t10k-labels-idx1-ubyte", "Test set labels", "3", "uint8", "11 bytes", "11 bytes"),
        (
            "train-images-idx3-ubyte.gz",
            "Training set images",
            "7",
            "5 x 6 uint8",
            f"{packed:,} bytes",
            "226 bytes",
        ),
        ("train-labels-idx1-ubyte", "Training set labels", "7", "uint8", "15 bytes", "15 bytes"),
    ]
    for name, recognised, hashes in page.table(*HASHES):
        data = (folder / name).read_bytes()
        expected = hashlib.sha256(data).hexdigest()
        if name.endswith(".gz"):
            content = hashlib.sha256(gzip.decompress(data)).hexdigest()
            expected = f"file {expected}unpacked {content}"
        assert hashes == expected
        assert recognised == "no published file that idxfast knows"
    assert "4 files, 10 images" in page.text


def test_the_hash_of_another_byte_order(save, report):
    path = save("images.gz", np.arange(8, dtype=np.int32).reshape(2, 2, 2), 0x0C, gzip.compress)
    ((_, _, hashes),) = report(path.parent).table(*HASHES)
    assert hashes.endswith(hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest())


def test_published_files_are_recognised(folder, report, monkeypatch):
    train = folder / "train-images-idx3-ubyte.gz"
    test = (folder / "t10k-images-idx3-ubyte").read_bytes()
    labels = (folder / "train-labels-idx1-ubyte").read_bytes()
    known = [
        catalogue.File(
            "a", Header(np.dtype("u1"), (7, 5, 6)),
            packed="md5:" + hashlib.md5(train.read_bytes()).hexdigest(),
        ),
        catalogue.File(
            "b.gz", Header(np.dtype("u1"), (3, 5, 6)), packed="sha256:00",
            raw="sha256:" + hashlib.sha256(test).hexdigest(),
        ),
        catalogue.File(
            "c", Header(np.dtype("u1"), (7,)),
            packed="sha256:" + hashlib.sha256(labels).hexdigest(), raw="sha256:00",
        ),
        # The hash of other labels.
        catalogue.File("d", Header(np.dtype("u1"), (3,)), packed="sha256:00", raw="sha256:00"),
    ]  # fmt: skip
    dataset = catalogue.Dataset(
        "x", "X: a set", tuple(known), (), None, {1: "one"}, "Public domain", "A. Author"
    )
    monkeypatch.setattr(catalogue, "datasets", lambda: {"x": dataset})
    (folder / "classes.txt").unlink()
    page = report(folder)
    assert [row[1] for row in page.table(*HASHES)] == [
        "X: a set, the published content in another form",
        "no published file that idxfast knows",
        "X: a set, as published",
        "X: a set, as published",
    ]
    assert "Licence: Public domain." in page.text and "A. Author." in page.text
    # The names of its classes are known, too.
    assert [row[:2] for row in page.table(*CLASSES)] == [("0", ""), ("1", "one"), ("3", "")]


def test_damaged_files_are_listed(folder, report):
    path = folder / "train-images-idx3-ubyte.gz"
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1\0\0\0\x09abc")
    page = report(folder, status=1)
    names = [row[0] for row in page.table(*FILES)]
    assert names[0] == "t10k-images-idx3-ubyte"
    assert names[1].startswith("t10k-labels-idx1-ubyte") and "truncated" in names[1]
    assert "CRC-32" in names[2]
    # Whoever receives the page need not know where the files are.
    assert str(folder) not in page.text
    assert [row[0] for row in page.table(*HASHES)] == [
        "t10k-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ]
