"""What becomes of arrays, and of Pillow's modes."""

import io

import numpy as np
import pytest
from PIL import Image

from idxfast.errors import IdxError
from idxfast.images.pixels import pixels_of

COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 8, 7]]], np.uint8)
GREYS = np.array([[0, 128], [200, 255]], np.uint8)


@pytest.mark.parametrize(
    ("picture", "expected", "is_indexed"),
    [
        (COLOURS, COLOURS, False),
        (COLOURS.tolist(), TypeError, None),
        (GREYS, GREYS, True),
        (GREYS[..., None], GREYS, True),
        (Image.fromarray(COLOURS), COLOURS, False),
        (Image.fromarray(GREYS), GREYS, True),
        (Image.fromarray(COLOURS).quantize(4), COLOURS, True),
        (Image.fromarray(GREYS.astype(np.uint16) * 257), GREYS, False),
        (Image.fromarray(GREYS > 99), np.where(GREYS > 99, 255, 0), True),
    ],
)
def test_arrays_and_modes(picture, expected, is_indexed):
    if expected is TypeError:
        with pytest.raises(TypeError, match="a picture of int64, not of uint8"):
            pixels_of(picture)
        return
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, 2)
    pixels, found = pixels_of(picture)
    assert np.array_equal(pixels, expected)
    assert found == is_indexed


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_becomes_white(mode):
    rgba = np.array([[[10, 10, 10, 0], [10, 10, 10, 255], [10, 10, 10, 51]]], np.uint8)
    if mode == "PA":  # which Pillow converts to right from 12 on
        picture = Image.new("P", (3, 1))
        picture.putpalette([10, 10, 10])
        picture.putalpha(Image.fromarray(rgba[..., 3]))
    else:
        picture = Image.fromarray(rgba).convert(mode)
    assert picture.mode == mode
    pixels, is_indexed = pixels_of(picture)
    assert pixels[0, :, 0] == pytest.approx([255, 10, 10 * 0.2 + 255 * 0.8])
    assert not is_indexed
    assert np.array_equal(pixels_of(rgba)[0], pixels)


def test_a_transparent_colour_of_a_palette():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 10, 10, 20, 20, 20])
    image.info["transparency"] = 0
    assert pixels_of(image)[0][0, :, 0].tolist() == [255, 20]


def test_a_transparent_level_of_16_bits():
    image = Image.fromarray(np.array([[7, 257]], np.uint16))
    image.info["transparency"] = 7
    assert pixels_of(image)[0][0].tolist() == [[255] * 3, [1] * 3]


def test_a_palette_that_is_missing(tmp_path):
    image = io.BytesIO()
    Image.new("P", (4, 4)).save(image, "PNG")
    start, _, rest = image.getvalue().partition(b"PLTE")
    # The chunk's length comes before its name, and its checksum after its content.
    size = int.from_bytes(start[-4:], "big")
    (tmp_path / "a.png").write_bytes(start[:-4] + rest[size + 4 :])
    with pytest.raises(IdxError, match=r"a\.png: the picture is damaged"):
        pixels_of(tmp_path / "a.png")


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 5, 2), (5,), (1, 5, 5, 3)])
def test_arrays_that_are_no_pictures(shape):
    with pytest.raises(ValueError, match="a picture of shape"):
        pixels_of(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_levels_of_no_known_range(mode):
    with pytest.raises(ValueError, match=f"Pillow's mode {mode}"):
        pixels_of(Image.new(mode, (2, 2)))
