"""Contact sheets, of shapes whose place is known."""

import io

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")

from idxfast.images.pillow import as_png  # noqa: E402
from idxfast.images.sheet import contact_sheet  # noqa: E402


def squares(count, channels=()):
    """Images of 28 x 28: a white square, one pixel further right in each."""
    images = np.zeros((count, 28, 28, *channels), np.uint8)
    for number, image in enumerate(images):
        image[10:12, number : number + 2] = 255
    return images


@pytest.mark.parametrize("channels", [(), (3,)])
def test_images_are_in_rows(channels):
    images = squares(5, channels)
    sheet = contact_sheet([images[:3], images[3:]], ["", ""])
    # Margins of 8, images enlarged to 56 with gaps of 2 between them.
    assert sheet.shape == (8 + 56 + 2 + 56 + 8, 8 + 3 * 56 + 2 * 2 + 8, *channels)
    for number, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        top, left = 8 + 58 * row, 8 + 58 * column
        part = sheet[top : top + 56, left : left + 56]
        np.testing.assert_array_equal(part[::2, ::2], images[number])
        np.testing.assert_array_equal(part[1::2, 1::2], images[number])
        sheet[top : top + 56, left : left + 56] = 255
    assert (sheet == 255).all()


def test_images_that_are_no_squares():
    images = squares(3)[:, :, :20]
    sheet = contact_sheet([images], [""])
    assert sheet.shape == (8 + 56 + 8, 8 + 3 * 40 + 2 * 2 + 8)
    np.testing.assert_array_equal(sheet[8:-8:2, 8 + 84 : -8 : 2], images[2])


def test_captions_are_on_the_left():
    sheet = contact_sheet([squares(1), squares(1)], ["0 shoe", ""])
    plain = contact_sheet([squares(1), squares(1)], ["", ""])
    width = sheet.shape[1] - plain.shape[1]
    np.testing.assert_array_equal(sheet[:, 8 + width :], plain[:, 8:])
    upper, lower = np.split(sheet[8:-8, 8:width], [57])
    rows = np.flatnonzero((upper < 128).any(axis=1))
    assert 16 < rows.min() <= rows.max() < 40  # in the middle of 56 rows
    assert (lower == 255).all()


def test_a_caption_that_is_higher_than_its_image_is_cut():
    sheet = contact_sheet([np.zeros((1, 60, 60), np.uint8)[:, :1]], ["g"])
    assert sheet.shape[0] == 8 + 56 + 8


def test_captions_in_any_script():
    assert contact_sheet([squares(1)], ["0 \u304a \U0001f45f"]).shape[0] == 72


@pytest.mark.parametrize("channels", [(), (3,)])
def test_png(channels):
    (image,) = squares(1, channels)
    with Image.open(io.BytesIO(as_png(image[:, ::-1]))) as picture:
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture), image[:, ::-1])
