"""Images in a notebook."""

import re
import subprocess
import sys

import numpy as np
import pytest

import idxfast
from idxfast.images import show

pytest.importorskip("PIL.Image", reason="needs Pillow")


def captions(html):
    return re.findall(r"<figcaption[^>]*>([^<]*)</figcaption>", html)


def alts(html):
    return re.findall(r' alt="([^"]*)"', html)


def test_labels_are_written_below():
    images = np.zeros((3, 4, 5), np.uint8)
    grid = show(images, ["cat", "<b>", 7])
    html = grid._repr_html_()
    assert captions(html) == ["cat", "&lt;b&gt;", "7"]
    assert alts(html) == ["image 0: cat", "image 1: &lt;b&gt;", "image 2: 7"]
    assert html.count("data:image/png;base64,") == 3
    assert repr(grid) == "<3 of 3 images, 4 x 5 uint8>"


def test_arrays_of_labels_and_more_images_than_are_shown():
    grid = show(np.zeros((100, 9), np.float32), np.arange(100, dtype=np.uint8) % 7, count=4)
    html = grid._repr_html_()
    assert captions(html) == ["0", "1", "2", "3"]
    assert "and 96 more" in html
    assert repr(grid) == "<4 of 100 images, 9 float32>"
    assert captions(show(np.zeros((100, 9)))._repr_html_()) == [str(n) for n in range(40)]
    assert captions(show(np.zeros((0, 9)))._repr_html_()) == []


def test_large_images_are_reduced():
    html = show(np.zeros((1, 3000, 10), np.uint8))._repr_html_()
    # The mean of 14 x 14 pixels becomes one.
    assert 'width="1" height="215"' in html


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 0, 5), (3, 2, 5, 4), (3, 1, 1, 2, 2)])
def test_what_is_no_image(shape):
    with pytest.raises(ValueError, match="shape"):
        show(np.zeros(shape, np.uint8))


def test_labels_of_another_number():
    with pytest.raises(ValueError, match="2 labels for 3 images"):
        show(np.zeros((3, 4, 4)), [1, 2])


def test_only_what_is_shown_is_read(tmp_path):
    idxfast.save(tmp_path / "images", np.arange(6000, dtype=np.uint8).reshape(60, 10, 10))
    with idxfast.open(tmp_path / "images") as file:
        html = show(file, count=2)._repr_html_()
    assert html == show(np.asarray(idxfast.load(tmp_path / "images")), count=2)._repr_html_()


def test_without_pillow():
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "import numpy as np, idxfast.images\n"
        "try: idxfast.images.show(np.zeros((1, 2, 2)))\n"
        "except ImportError as error: print(error)"
    )
    child = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert "pip install 'idxfast[images]'" in child.stdout, child.stderr
