"""Pictures that cannot be opened, each with one error."""

import contextlib
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from idxfast.errors import IdxError
from idxfast.images.opening import open_picture


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "ppm", "webp", "tif", "jp2", "tga"])
def test_formats(tmp_path, ending):
    Image.new("RGB", (4, 5), (200, 100, 0)).save(tmp_path / f"a.{ending}")
    image = open_picture(tmp_path / f"a.{ending}")
    assert image.size == (4, 5)
    assert np.abs(np.array(image.convert("RGB"), int) - (200, 100, 0)).max() <= 10


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width, height, *chunks):
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + b"".join(chunks) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a picture of a known format"),
        (b"text", "not a picture of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture of a known format"),
        (b"\xff\xd8\xff\xe0", "not a picture|damaged"),
        (b"GIF89a", "not a picture|damaged"),
        (png(5, 5), "damaged"),
        (png(5, 5, chunk(b"IDAT", b"nonsense")), "damaged"),
        (png(20_000, 20_000), "more pixels than PIL.Image.MAX_IMAGE_PIXELS"),
        (png(10_000, 10_000), "more pixels than PIL.Image.MAX_IMAGE_PIXELS"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_files_that_are_refused(tmp_path, content, message):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(IdxError, match=message) as caught:
        open_picture(path)
    assert caught.value.filename == str(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_picture_cut_short(picture):
    content = picture.read_bytes()
    for size in range(0, len(content) - 12, 37):
        picture.write_bytes(content[:size])
        with pytest.raises(IdxError):
            open_picture(picture)


def test_damage_anywhere_is_an_error_or_a_picture(picture):
    """Pillow checks the sums of some parts only, but nothing else may escape."""
    content = picture.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        picture.write_bytes(damaged)
        with contextlib.suppress(IdxError):
            open_picture(picture)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_is_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(OSError, match=r"a\.png is a FIFO"):
        open_picture(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError):
        open_picture(tmp_path / "missing.png")


# What the first row and the first column of the stored pixels are in the picture as it is seen, for
# each orientation of EXIF (CIPA DC-008, 4.6.5.1.6).
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored(upright, orientation):
    """The pixels that a camera stores of what it sees."""
    row, column = SIDES[orientation]
    if "bottom" in (row, column):
        upright = upright[::-1]
    if "right" in (row, column):
        upright = upright[:, ::-1]
    return upright.swapaxes(0, 1) if row in ("left", "right") else upright


def exif(orientation):
    """EXIF that holds the orientation (tag 0x0112, one number of 16 bits) and nothing else."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("ending", "options"),
    [("png", {}), ("webp", {"lossless": True}), ("tif", {}), ("jpg", {"subsampling": 0})],
)
def test_pictures_are_turned_as_exif_says(tmp_path, ending, options, orientation):
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :8], upright[:8, 16:], upright[8:, :8] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    image = Image.fromarray(np.ascontiguousarray(stored(upright, orientation)))
    image.save(tmp_path / f"a.{ending}", exif=exif(orientation), **options)
    found = np.array(open_picture(tmp_path / f"a.{ending}").convert("RGB"))
    assert found.shape == upright.shape
    tolerance = 40 if ending == "jpg" else 0
    assert np.abs(found.astype(int) - upright).max() <= tolerance


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_turned_picture_is_of_the_same_kind(tmp_path, orientation):
    """The kind decides about the filter: see `pixels_of`."""
    image = Image.new("L", (4, 5))
    image.save(tmp_path / "a.png", exif=exif(orientation))
    found = open_picture(tmp_path / "a.png")
    assert (found.mode, found.format) == ("L", "PNG")
    assert found.size == ((4, 5) if orientation == 1 else (5, 4))


@pytest.mark.parametrize(
    "note", [b"", b"nonsense", exif(6)[:20], exif(9), exif(6)[:16] + bytes([255] * 14)]
)
def test_damaged_exif_is_ignored(tmp_path, note):
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=note)
    assert np.array_equal(open_picture(tmp_path / "a.png"), pixels)


def test_without_pillow(picture):
    code = (
        "import sys; sys.modules['PIL'] = None; from idxfast.images import to_fashion\n"
        "try: to_fashion(sys.argv[1])\n"
        "except ImportError as error: print(error)"
    )
    command = [sys.executable, "-P", "-c", code, str(picture)]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    assert child.stdout.endswith("pictures need Pillow: pip install 'idxfast[images]'\n")
