"""to_fashion against ImageMagick with floating point, the only program known to agree with it."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from files import drawn
from idxfast import images

PROGRAM = "convert-im6.q16hdri"
OPTIONS = [
    "-background",
    "white",
    "-alpha",
    "remove",
    "-alpha",
    "off",
    "-fuzz",
    "5%",
    "-trim",
    "+repage",
    "-resize",
    "28x28",
    "-adaptive-sharpen",
    "2x1",
    "-gravity",
    "center",
    "-extent",
    "28x28",
    "-negate",
    "-depth",
    "8",
]
# It decodes CMYK in another way than Pillow, and counts a picture one pixel wide as blank.
EXCEPTIONS = {"cmyk.jpg", "column.png"}

pytestmark = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason=f"needs {PROGRAM} (Debian's imagemagick-6.q16hdri)"
)


def draw(folder, rng):
    """Write pictures of many kinds and sizes."""

    def save(name, pixels, mode=None, **options):
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        (image.convert(mode) if mode else image).save(folder / name, **options)

    def product(low, high):
        return drawn.product(rng, *rng.integers(low, high, 2))

    for i in range(50):
        save(f"product{i}.jpg", product(40, 400), quality=int(rng.integers(70, 96)))
    for i in range(30):
        save(f"thumbnail{i}.png", drawn.product(rng, 51, 73))
        ground = tuple(rng.integers(0, 256, 3))
        save(f"ground{i}.png", drawn.product(rng, *rng.integers(20, 200, 2), ground=ground))
    for i in range(20):
        save(f"gradient{i}.png", drawn.gradient(rng, *rng.integers(10, 200, 2)))
        save(f"photograph{i}.png", drawn.photograph(rng, *rng.integers(30, 300, 2)))
        save(f"photograph{i}.jpg", drawn.photograph(rng, *rng.integers(30, 300, 2)))
        save(f"tiny{i}.png", product(2, 28))
    for i in range(12):
        pixels = product(30, 200)
        opacity = drawn.photograph(rng, *pixels.shape[1::-1])[..., :1]
        save(f"opacity{i}.png", np.concatenate([pixels, opacity], -1))
    for i in range(6):
        save(f"large{i}.jpg", product(800, 1600))
        save(f"long{i}.png", drawn.product(rng, 300, int(rng.integers(3, 12))))
        save(f"high{i}.png", drawn.product(rng, int(rng.integers(3, 12)), 300))
        save(f"blank{i}.png", np.full((30 + i, 20, 3), rng.integers(0, 256, 3), np.uint8))
        save(f"palette{i}.png", Image.fromarray(product(30, 200)).quantize(64))
        save(f"palette{i}.gif", Image.fromarray(product(30, 200)).quantize(64))
        save(f"grey{i}.png", product(30, 200), "L")
        save(f"grey{i}.jpg", product(30, 200), "L")
    for i in range(3):
        save(f"bilevel{i}.png", product(30, 200), "1")
        save(f"grey-opacity{i}.png", product(30, 200), "LA")
        save(f"grey16-{i}.png", product(30, 200)[..., 0].astype(np.uint16) * 257)
    for ending in ("bmp", "ppm", "tif"):
        save(f"colour.{ending}", product(30, 200))
        save(f"grey.{ending}", product(30, 200), "L")
    save("colour.webp", product(30, 200), lossless=True)
    save("cmyk.jpg", product(30, 200), "CMYK")
    save("column.png", drawn.product(rng, 1, 22))
    return sorted(folder.iterdir())


def convert(path):
    """The record of a picture, by ImageMagick and the formula for grey."""
    target = path.parent / f"{path.name}.converted"
    command = [PROGRAM, f"{path}[0]", *OPTIONS, f"PNG24:{target}"]
    subprocess.run(command, check=True, capture_output=True)
    with Image.open(target) as image:
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(int), -1, 0)
    return (19595 * red + 38470 * green + 7471 * blue) >> 16


def test_pictures_of_many_kinds(tmp_path):
    paths = draw(tmp_path, np.random.default_rng(20))
    with ThreadPoolExecutor(2) as pool:
        expected = list(pool.map(convert, paths))
    apart = {
        path.name: abs(images.to_fashion(path) - record).max()
        for path, record in zip(paths, expected, strict=True)
    }
    assert len(apart) >= 200
    assert [name for name in apart if apart[name] > 1 and name not in EXCEPTIONS] == []
    # One of them by one: ImageMagick keeps 32-bit floats between its steps, and a level can be
    # half-way between two bytes.
    assert sum(1 for difference in apart.values() if not difference) >= 0.98 * len(apart)
