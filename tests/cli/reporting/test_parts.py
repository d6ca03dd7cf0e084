"""What a report says of images and labels."""

import numpy as np
import pytest

from files.pages import CLASSES, DUPLICATES, FILES, drawn

pytest.importorskip("PIL.Image", reason="needs Pillow")


def test_classes(folder, report):
    train, labels, _, _ = drawn()
    page = report(folder)
    assert page.table(*CLASSES) == [
        ("0", "none", "3", "1", "", ""),
        ("1", "<i>one</i>", "2", "0", "", ""),
        ("3", "&three", "2", "2", "", ""),
    ]
    for label, name in ((0, "none"), (1, "<i>one</i>"), (3, "&three")):
        images = train[labels == label]
        alt = f"mean of class {label}, {name}"
        mean = next(pixels for text, pixels in page.pictures if text == alt)
        np.testing.assert_array_equal(mean, images.astype(float).mean(axis=0).round())
        for number in np.flatnonzero(labels == label):
            shown = page.picture(f"class {label}, {name}, image {number}")
            np.testing.assert_array_equal(shown, train[number])


def test_pixels(folder, report):
    train, _, test, _ = drawn()
    page = report(folder)
    for images in (train, test):
        text = (
            f"mean {images.mean():.6g}, standard deviation {images.std():.6g} "
            f"({images.mean() / 255:.4f} and {images.std() / 255:.4f} of 255), "
            f"minimum {images.min()}, maximum {images.max()}"
        )
        assert text in page.text


def test_images_without_labels(save, report):
    train, _, _, _ = drawn()
    page = report(save("pictures.idx", train).parent)
    assert page.table("Images", "Mean", "First images") == [("7", "", "")]
    mean = page.picture("mean of images without labels")
    np.testing.assert_array_equal(mean, train.astype(float).mean(axis=0).round())
    assert page.table(*DUPLICATES[:2]) == [("Within the images", "1")]


def test_labels_without_images(save, report):
    page = report(save("train-labels", np.array([7, 7, 4], np.uint8)).parent)
    assert page.table("Label", "Training set") == [("4", "1"), ("7", "2")]
    assert not page.pictures
    page = report(save("train-labels", np.array([7, 7], np.uint8)).parent)
    assert "All labels are equal: 7 is the only class." in page.text


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.array(5, np.uint8), 8),
        (np.zeros((0, 3, 3), np.uint8), 8),
        (np.zeros((3, 0, 3), np.uint8), 8),
        (np.zeros((2, 1, 1, 1, 2), np.uint8), 8),
        (np.full((2, 3, 3), np.nan, "f4"), 0x0D),
        (np.zeros((2, 3), np.int32), 0x0C),
        (np.zeros(0, np.uint8), 8),
    ],
)
def test_unusual_arrays(save, report, array, code):
    page = report(save("array", array, code).parent)
    ((_, _, count, *_),) = page.table(*FILES)
    assert count == str(len(array) if array.ndim else 1)


def test_images_without_pixels_are_counted(save, report):
    path = save("train-images", np.zeros((1, 0, 3), np.uint8))
    path.write_bytes(bytes([0, 0, 8, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 3]))
    page = report(path.parent)
    assert page.table("Training set") == [("4,294,967,295",)]
    path.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3]))
    save("train-labels", np.array([1, 1, 2], np.uint8))
    assert report(path.parent).table("Label", "Training set") == [("1", "2"), ("2", "1")]


def test_labels_that_are_no_classes(save, report):
    save("train-images", np.zeros((300, 2, 2), np.uint8))
    save("train-labels", np.arange(300, dtype=np.int32), 0x0C)
    page = report(save("t10k-images", np.zeros((2, 2, 2), np.uint8)).parent)
    titles = ("Label", "Training set", "Test set", "Mean", "First images")
    assert len(page.table(*titles)) == 256
    assert "and 45 more labels" in page.text
    page = report(save("t10k-labels", np.array([0.5, 1], np.float32), 0x0D).parent)
    assert "The labels are not used: they are of type float32." in page.text


def test_numbers_that_differ(save, report):
    save("train-images", np.zeros((3, 2, 2), np.uint8))
    page = report(save("train-labels", np.zeros(2, np.uint8)).parent)
    reason = "there are not as many labels as images (at byte 4, expected 3, found 2)"
    assert f"Training set: The images and the labels are not joined: {reason}." in page.text
    assert page.table("Training set", "Mean", "First images") == [("3", "", "")]


def test_labels_that_are_no_labels(save, report):
    save("train-images", np.zeros((3, 2, 2), np.uint8))
    page = report(save("train-labels", np.zeros((3, 10), np.uint8)).parent)
    text = "Training set: The labels are not used: an array of shape (3, 10) holds no labels."
    assert text in page.text
