"""An IdxFile in a notebook."""

import bz2
import gzip
import lzma
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import idxfast
from idxfast.images.showing import grid

pytest.importorskip("PIL.Image", reason="needs Pillow")


def pictures(html):
    return re.findall(r'src="([^"]+)"', html)


@pytest.fixture
def array():
    return np.random.default_rng(3).integers(0, 256, (300, 7, 5)).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("images", bytes),
        ("images.gz", gzip.compress),
        ("images.xz", lzma.compress),
        ("images.bz2", bz2.compress),
    ],
)
def test_the_first_images(tmp_path, oracle, array, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(oracle.pack(8, array.shape, array.tobytes())))
    with idxfast.open(path) as file:
        html = file._repr_html_()
        assert re.search(r"<p>(.*?)</p>", html)[1].startswith("&lt;IdxFile &#x27;")
    expected = pictures(grid(array[:20], [""] * 20, 300))
    assert pictures(html) == expected and len(expected) == 20
    assert "and 280 more" in html


def test_another_byte_order(tmp_path, oracle):
    array = np.arange(-24, 24, dtype=">i2").reshape(3, 4, 4)
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(oracle.pack(0x0B, array.shape, array.tobytes())))
    with idxfast.open(path) as file:
        assert pictures(file._repr_html_()) == pictures(grid(array, [""] * 3, 3))


def test_seekable_and_in_memory(tmp_path, array):
    idxfast.save(tmp_path / "images.gz", array, seekable=True)
    data = (tmp_path / "images.gz").read_bytes()
    expected = pictures(grid(array[:20], [""] * 20, 300))
    with idxfast.open(tmp_path / "images.gz") as file:
        assert file.container == "seekable gzip"
        assert pictures(file._repr_html_()) == expected
    assert data


def test_little_of_a_large_file_is_read(tmp_path):
    array = np.random.default_rng(1).integers(0, 256, (20_000, 20, 20)).astype(np.uint8)
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idxfast.dumps(array), 1))
    code = (
        "import sys, idxfast, idxfast.images.preview, PIL.PngImagePlugin\n"
        "def count(): return int(open('/proc/self/io').read().split()[1])\n"
        "file = idxfast.open(sys.argv[1]); before = count()\n"
        "html = file._repr_html_(); print(count() - before, html.count('<img'))"
    )
    child = subprocess.run(
        [sys.executable, "-P", "-c", code, path], capture_output=True, text=True, check=True
    )
    read, shown = map(int, child.stdout.split())
    assert shown == 20
    assert read < 1 << 20 < os.path.getsize(path)


@pytest.mark.parametrize("shape", [(), (5,), (5, 9), (0, 3, 3), (4, 0, 3), (2, 300, 300)])
def test_what_is_not_shown(tmp_path, oracle, shape):
    path = tmp_path / "file"
    path.write_bytes(oracle.pack(8, shape))
    with idxfast.open(path) as file:
        assert file._repr_html_() is None


def test_members_of_archives_are_not_read(tmp_path, oracle, array):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images", oracle.pack(8, array.shape, array.tobytes()))
    with idxfast.open(tmp_path / "a.zip") as file:
        assert file._repr_html_() is None


def test_errors_do_not_reach_the_notebook(tmp_path, oracle, array):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(oracle.pack(8, array.shape, array.tobytes())))
    file = idxfast.open(path)
    path.write_bytes(gzip.compress(oracle.pack(8, (300, 5, 7), array.tobytes())))
    assert file._repr_html_() is None
    path.write_bytes(path.read_bytes()[:30])
    assert file._repr_html_() is None
    path.unlink()
    assert file._repr_html_() is None
    file.close()
    assert file._repr_html_() is None


def test_without_pillow(tmp_path, oracle):
    path = tmp_path / "images"
    path.write_bytes(oracle.pack(8, (3, 4, 4)))
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "import idxfast; print(idxfast.open(sys.argv[1])._repr_html_())"
    )
    words = [sys.executable, "-P", "-c", code, path]
    assert subprocess.run(words, capture_output=True, text=True).stdout == "None\n"
