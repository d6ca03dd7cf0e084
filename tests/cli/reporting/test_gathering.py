"""Duplicates, nearest classes, and images in blocks."""

import numpy as np
import pytest

from files.pages import DUPLICATES, NEAREST, drawn
from idxfast.cli import rows

pytest.importorskip("PIL.Image", reason="needs Pillow")


def test_duplicates(folder, report):
    train, _, _, _ = drawn()
    page = report(folder)
    assert page.table(*DUPLICATES) == [
        ("Within the training set", "1", "1"),
        ("Within the test set", "1", "1"),
        ("Between training set and test set", "3", "2"),
    ]
    shown = [(alt, pixels) for alt, pixels in page.pictures if " = " in alt]
    assert [alt for alt, _ in shown] == [
        "image 1 = image 6",
        "image 0 = image 2",
        "training set 2 = test set 0",
        "training set 0 = test set 1",
        "training set 2 = test set 2",
    ]
    for (_, pixels), number in zip(shown, (1, 2, 2, 0, 2), strict=True):
        np.testing.assert_array_equal(pixels, train[number])
    assert "1 <i>one</i> / 0 none" in page.text
    assert "3 &three / 0 none" in page.text


def test_nearest_classes(folder, report):
    train, labels, _, _ = drawn()
    names = {0: "0 none", 1: "1 <i>one</i>", 3: "3 &three"}
    means = {label: train[labels == label].astype(float).mean(axis=0) for label in names}
    distances = sorted(
        (float(np.sqrt(np.mean((means[a] - means[b]) ** 2))), names[a], names[b])
        for a, b in ((0, 1), (0, 3), (1, 3))
    )
    expected = [("", a, "", b, f"{distance:.4g}") for distance, a, b in distances]
    assert report(folder).table(*NEAREST) == expected


@pytest.mark.parametrize("whole", [0, 1 << 30])
def test_in_blocks_the_page_is_the_same(folder, report, tmp_path, monkeypatch, whole):
    report(folder)
    expected = (tmp_path / "report.html").read_bytes()
    monkeypatch.setattr(rows, "STEP", 70)
    monkeypatch.setattr(rows, "WHOLE", whole)
    report(folder)
    assert (tmp_path / "report.html").read_bytes() == expected
