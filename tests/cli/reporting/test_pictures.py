"""Images of any type and layout as pictures."""

import numpy as np
import pytest

pytest.importorskip("PIL.Image", reason="needs Pillow")


def test_other_types_are_scaled(save, report):
    array = np.array([[[-1000, 0], [500, 1000]], [[0, 0], [0, 0]]], np.int16)
    page = report(save("images", array, 0x0B).parent)
    shown = page.picture("images without labels, image 0")
    np.testing.assert_array_equal(shown, [[0, 128], [191, 255]])
    np.testing.assert_array_equal(
        page.picture("images without labels, image 1"), np.full((2, 2), 128)
    )
    floats = np.array([[[0, 0.5], [np.inf, np.nan]], [[1, 1], [1, 1]]], np.float64)
    page = report(save("images", floats, 0x0E).parent)
    shown = page.picture("images without labels, image 0")
    np.testing.assert_array_equal(shown, [[0, 128], [255, 0]])
    assert "2 values are infinite or NaN" in page.text


def test_colour(save, report):
    array = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    page = report(save("a-idx4-ubyte", array).parent)
    np.testing.assert_array_equal(page.picture("images without labels, image 1"), array[1])


def test_large_images_are_made_smaller(save, report, tmp_path):
    report(save("images", np.zeros((3, 900, 10), np.uint8)).parent)
    assert (tmp_path / "report.html").stat().st_size < 20_000


def test_emnist_is_turned_upright(save, report):
    array = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    page = report(save("emnist-digits-test-images-idx3-ubyte", array).parent)
    np.testing.assert_array_equal(page.picture("images without labels, image 0"), array[0].T)
    assert "rows and columns swapped" in page.text


def test_many_large_images_are_not_all_shown(save, report, monkeypatch):
    monkeypatch.setattr("idxfast.cli.reporting.summing._MAX_SHOWN", 3 * 2 * 20)
    save("labels", np.array([0, 1] * 6, np.uint8))
    page = report(save("images", np.zeros((12, 4, 5), np.uint8)).parent)
    assert page.picture("class 0, image 4").shape == (4, 5)
    assert "class 0, image 6" not in dict(page.pictures)


def test_images_that_are_too_large_are_not_shown(save, report, monkeypatch):
    monkeypatch.setattr("idxfast.cli.reporting.parts._MAX_PIXELS", 19)
    page = report(save("images", np.zeros((2, 4, 5), np.uint8)).parent)
    assert "Images of this size are not shown." in page.text
