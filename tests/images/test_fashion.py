"""to_fashion: against the published record, and against the formulas written out."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import idxfast
from files import drawn, slow_fashion
from idxfast import images

ORDER = ["trim", "resize", "sharpen", "extend", "negate", "grey"]


def test_the_sandal_of_the_paper_is_the_published_record(published):
    """The figure of the paper holds the picture of step 2, after trimming, without loss."""
    record = idxfast.load(published / "train-images-idx3-ubyte.gz", start=25_897, stop=25_898)[0]
    sandal = images.to_fashion(published.parent / "fashion-steps" / "sandal-2.png")
    assert np.count_nonzero(sandal == record) == 784


@pytest.mark.parametrize("height, width", [(73, 51), (49, 51), (28, 28), (9, 12), (3, 40), (60, 1)])
def test_each_pixel_is_as_the_formulas_say(height, width):
    rng = np.random.default_rng([height, width])
    for ground in ((255, 255, 255), (240, 200, 30)):
        picture = drawn.product(rng, width, height, ground=ground)
        expected = slow_fashion.convert([[tuple(map(int, p)) for p in row] for row in picture])
        assert images.to_fashion(picture).tolist() == expected


def test_pictures_that_fade():
    rng = np.random.default_rng(4)
    for _ in range(6):
        picture = drawn.gradient(rng, 40, 30)
        expected = slow_fashion.convert([[tuple(map(int, p)) for p in row] for row in picture])
        assert images.to_fashion(picture).tolist() == expected


def test_a_record_stays_the_same():
    """A golden value, which the formulas gave. The picture is drawn in whole numbers."""
    y, x = np.mgrid[:73, :51]
    texture = np.stack([5 * x % 200, 3 * y % 180, x * y % 150], -1)
    is_inside = 4 * (x - 25) ** 2 + (y - 36) ** 2 < 1000
    picture = np.where(is_inside[..., None], texture, 255).astype(np.uint8)
    digest = hashlib.sha256(images.to_fashion(picture)).hexdigest()
    assert digest == "ea66b6c3115b0fe5a87a6945e67c24540ef45eaf68a903c9ce80ecf714396d96"


def test_a_black_square_on_white():
    """Of 56 x 28 pixels, it shrinks to half, so that its edges stay sharp."""
    picture = np.full((100, 60, 3), 255, np.uint8)
    picture[20:76, 10:38] = 0
    record = images.to_fashion(picture)
    expected = np.zeros((28, 28), np.uint8)
    expected[:, 7:21] = 255
    assert np.array_equal(record, expected)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_blank_picture_becomes_zeros(level):
    assert not images.to_fashion(np.full((10, 20, 3), level, np.uint8)).any()


def test_each_step_can_be_replaced():
    seen = []

    def step(name):
        def run(picture, *size):
            seen.append((name, picture.shape, *size))
            return getattr(images, name)(picture, *size)

        return run

    picture = drawn.product(np.random.default_rng(2), 51, 73)
    record = images.to_fashion(picture, size=20, **{name: step(name) for name in ORDER})
    assert np.array_equal(record, images.to_fashion(picture, size=20))
    assert [name for name, *_ in seen] == ORDER
    assert [name for name, _, *size in seen if size == [20]] == ["resize", "extend"]
    assert seen[-1] == ("grey", (20, 20, 3))


def test_each_step_can_be_left_out():
    picture = np.full((28, 28, 3), (10, 20, 30), np.uint8)
    nothing = dict.fromkeys(["trim", "resize", "sharpen", "extend", "negate"])
    assert np.array_equal(images.to_fashion(picture, colour=True, **nothing), picture)
    negated = images.to_fashion(picture, colour=True, **nothing | {"negate": images.negate})
    assert np.array_equal(negated, 255 - picture)


def test_colour_and_size():
    picture = drawn.product(np.random.default_rng(3), 51, 73)
    coloured = images.to_fashion(picture, colour=True)
    assert coloured.shape == (28, 28, 3)
    assert np.array_equal(images.grey(coloured), images.to_fashion(picture))
    assert images.to_fashion(picture, size=64).shape == (64, 64)
    assert images.to_fashion(picture, size=1).shape == (1, 1)


def test_plain_keeps_a_grey_picture_of_the_size():
    picture = np.arange(784, dtype=np.uint8).reshape(28, 28)
    assert np.array_equal(images.plain(picture), picture)
    assert np.array_equal(images.plain(Image.fromarray(picture)), picture)
    assert images.plain(picture, size=14, colour=True).shape == (14, 14, 3)


def test_plain_stretches():
    picture = np.zeros((56, 28), np.uint8)
    picture[28:] = 255
    record = images.plain(picture)
    assert not record[:10].any() and (record[18:] == 255).all()


def test_steps_that_do_not_give_the_size():
    picture = drawn.product(np.random.default_rng(3), 51, 73)
    with pytest.raises(ValueError, match="the steps give 51 x 73 pixels, not 28 x 28"):
        images.to_fashion(picture, trim=None, resize=None, extend=None)
    with pytest.raises(ValueError, match="a picture of 51 x 73 pixels, for a ground of 28 x 28"):
        images.to_fashion(picture, trim=None, resize=None)
    with pytest.raises(ValueError, match="size is 0"):
        images.to_fashion(picture, size=0)
