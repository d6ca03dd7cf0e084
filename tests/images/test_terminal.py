"""Images as text."""

import re

import numpy as np
import pytest

from files.screens import decode
from idxfast.images.terminal import as_text, half_blocks


def test_dark_and_bright():
    image = np.array([[[0, 255], [9, 9]]], np.uint8)
    assert as_text(image) == [" @"]
    assert as_text(image[:0]) == []


def test_plain_images_are_side_by_side():
    images = np.zeros((2, 2, 3), np.uint8)
    images[0, :, 2] = images[1, :, 0] = 255
    assert as_text(images) == ["  @ @"]
    assert as_text(images, 3) == ["  @   @"]


def test_the_ink_grows_with_the_brightness():
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 1, 256)
    (line,) = as_text(ramp)
    assert re.fullmatch(r" +\.+:+-+=+\++\*+#+%+@+", line)


def test_colour_becomes_grey():
    image = np.array([[[[255, 255, 255], [0, 0, 255]]]], np.uint8)
    assert as_text(image) == ["@."]


@pytest.mark.parametrize("height", [1, 2, 5, 6])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_half_blocks_hold_every_pixel(height, channels):
    images = np.random.default_rng(1).integers(0, 256, (2, height, 3, *channels), np.uint8)
    images[:, :, 1] = images[:, :, 0]  # the same colours twice
    lines = half_blocks(images)
    assert len(lines) == -(-height // 2)
    shown = decode(lines, height)
    expected = images if channels else np.repeat(images[..., None], 3, axis=3)
    gap = np.full((height, 1, 3), -1)
    np.testing.assert_array_equal(shown, np.concatenate([expected[0], gap, expected[1]], axis=1))


def test_below_the_last_row_is_the_colour_of_the_terminal():
    assert half_blocks(np.full((1, 1, 1), 7, np.uint8)) == ["\x1b[38;2;7;7;7;49m\u2580\x1b[0m"]


def test_each_line_ends_with_the_colours_of_the_terminal():
    for line in half_blocks(np.ones((1, 3, 2), np.uint8)):
        assert line.endswith("\x1b[0m")
