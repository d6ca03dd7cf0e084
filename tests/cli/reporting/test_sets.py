"""Which files belong together."""

import hashlib
import zipfile

import numpy as np
import pytest

from files.pages import FILES
from idxfast.cli import main
from idxfast.datasets import catalogue
from idxfast.format import Header

pytest.importorskip("PIL.Image", reason="needs Pillow")


def test_two_sets_and_an_archive(save, report, oracle):
    images = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    save("one-train-images", images)
    folder = save("one-train-labels", np.array([0, 1], np.uint8)).parent
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("train-images", oracle.pack(8, (2, 3, 3), images[::-1].tobytes()))
        archive.writestr("train-labels", oracle.pack(8, (2,), bytes([5, 6])))
    page = report(folder)
    tables = [t for t in page.tables if t[0] == ["Label", "Training set", "Mean", "First images"]]
    assert [[row[0] for row in table[1:-1]] for table in tables] == [["0", "1"], ["5", "6"]]
    np.testing.assert_array_equal(page.picture("class 6, image 1"), images[0])
    assert "6 files" not in page.text and "4 files, 4 images, 2 data sets" in page.text


def test_sets_of_the_same_name(save, report):
    images = np.zeros((1, 2, 2), np.uint8)
    for name in ("raw/train-images", "raw/t10k-images", "data/train-images"):
        save(name, images)
    page = report(save("data/train-labels", np.zeros(1, np.uint8)).parent.parent)
    titles = [table[0] for table in page.tables]
    assert ["Label", "Training set", "Mean", "First images"] in titles
    assert ["Training set", "Test set", "Mean", "First images"] in titles


def test_an_archive_beside_its_content(save, report, oracle):
    folder = save("two/train-images", np.zeros((1, 2, 2), np.uint8)).parent.parent
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("train-images", oracle.pack(8, (1, 2, 2)))
    page = report(folder)
    assert len(page.table(*FILES)) == 2
    assert "2 files, 1 image" in page.text


def test_names_of_published_labels_in_an_archive(save, report, oracle, monkeypatch):
    labels = oracle.pack(8, (2,), bytes([5, 6]))
    folder = save("other", np.zeros((2, 2), np.int32), 0x0C).parent
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("train-labels", labels)
    raw = "sha256:" + hashlib.sha256(labels).hexdigest()
    known = catalogue.File("labels.gz", Header(np.dtype("u1"), (2,)), packed="sha256:00", raw=raw)
    dataset = catalogue.Dataset("x", "X", (known,), (), None, {5: "five"}, None)
    monkeypatch.setattr(catalogue, "datasets", lambda: {"x": dataset})
    expected = [("5", "five", "1"), ("6", "", "1")]
    assert report(folder).table("Label", "Name", "Training set") == expected


def test_too_many_sets(save, tmp_path, capsys):
    for number in range(101):
        folder = save(f"set{number}-train-images", np.zeros((1, 2, 2), np.uint8)).parent
    assert main(["report", str(folder), "-o", str(tmp_path / "r.html")]) == 1
    assert "more than 100 data sets" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()
