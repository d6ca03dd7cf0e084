"""idxfast show: images as text, and under a terminal in colour."""

import gzip
import re

import numpy as np
import pytest

from files.screens import decode
from idxfast.cli import main


@pytest.fixture
def folder(tmp_path, oracle):
    """Four images of 4 x 6, with a white row, one further down in each; and their labels."""
    images = np.zeros((4, 4, 6), np.uint8)
    for number, image in enumerate(images):
        image[number] = 255
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(oracle.pack(8, images.shape, images.tobytes())))
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(oracle.pack(8, (4,), bytes([2, 0, 1, 2])))
    return tmp_path


def test_plain_text_where_there_is_no_terminal(folder, command):
    status, out, err = command("show", folder / "train-images-idx3-ubyte.gz", 0, 2)
    assert (status, err) == (0, [])
    assert out == ["#0 2   #2 1", "@@@@@@", "       @@@@@@"]


def test_images_that_do_not_fit_side_by_side(folder, command):
    (folder / "train-labels-idx1-ubyte").unlink()
    out = command("show", folder / "train-images-idx3-ubyte.gz", COLUMNS="13")[1]
    assert out == ["#0     #1", "@@@@@@", "", "#2     #3", "", "@@@@@@"]


def test_colour_on_a_terminal(folder, terminal):
    written = terminal("show", folder / "train-images-idx3-ubyte.gz", 1, -1, columns=20)
    caption, *lines = written.splitlines()
    assert caption == "#1 0   #3 2"
    shown = decode(lines, 4)
    assert shown.shape == (4, 13, 3)
    assert (shown[:, 6] == -1).all()
    assert (shown[1, :6] == 255).all() and (shown[3, 7:] == 255).all()
    assert shown[[0, 2, 3], :6].max() == shown[:3, 7:].max() == 0


def test_images_in_colour(tmp_path, oracle, terminal):
    """Of idx4 files, with the colours last, or before the rows."""
    pixels = np.random.default_rng(3).integers(0, 256, (2, 6, 5, 3), np.uint8)
    for name, array in (("last", pixels), ("first", np.moveaxis(pixels, 3, 1))):
        path = tmp_path / name
        path.write_bytes(oracle.pack(8, array.shape, array.tobytes()))
        lines = terminal("show", path).splitlines()
        shown = decode(lines[1:], 6)
        np.testing.assert_array_equal(
            shown, np.insert(np.hstack(pixels).astype(int), 5, -1, axis=1)
        )


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_terminals_without_colour(environment, folder, terminal):
    written = terminal("show", folder / "train-images-idx3-ubyte.gz", 0, env=environment)
    assert written == "#0 2\n@@@@@@\n\n"


def test_large_images_are_shrunk(tmp_path, oracle, terminal):
    images = np.zeros((1, 8, 100), np.uint8)
    images[0, :, 50:] = 255
    path = tmp_path / "wide"
    path.write_bytes(oracle.pack(8, images.shape, images.tobytes()))
    lines = terminal("show", path, columns=30).splitlines()
    shown = decode(lines[1:], 2)
    assert shown.shape == (2, 25, 3)
    assert (shown[:, :12] == 0).all() and (shown[:, 13:] == 255).all()
    assert (shown[:, 12] == 128).all()


def test_labels_are_shown_with_their_names(folder, capsys):
    (folder / "classes.txt").write_text("shirt\nshoe\n\x1b[31mbag\n")
    assert main(["show", str(folder / "train-labels-idx1-ubyte"), "-1", "1", "2"]) == 0
    assert capsys.readouterr().out == "3: 2 \\x1b[31mbag\n1: 0 shirt\n2: 1 shoe\n"
    assert main(["show", str(folder / "train-images-idx3-ubyte.gz"), "1"]) == 0
    assert capsys.readouterr().out == "#1 0 shirt\n\n\n"


def test_captions_that_are_wider_than_the_images(folder, terminal):
    (folder / "classes.txt").write_text("shirt\nshoe\nhandbag\n")
    path = folder / "train-images-idx3-ubyte.gz"
    written = terminal("show", path, 0, 1, 2, columns=27)
    caption, *lines, last, _, _ = written.splitlines()
    assert (caption, last) == ("#0 2 handbag #1 0 shirt", "#2 1 shoe")
    shown = decode(lines, 4)
    assert shown.shape == (4, 6 + 7 + 6, 3)
    assert (shown[:, 6:13] == -1).all()
    assert (shown[0, :6] == 255).all() and (shown[1, 13:] == 255).all()


def test_a_stated_header(tmp_path, capsys):
    path = tmp_path / "file"
    path.write_bytes(b"junk" + np.array([5, -7], "<i8").tobytes())
    words = ["show", str(path), "--dtype", "<i8", "--shape", "2", "--offset", "4"]
    assert main(words) == 0
    assert capsys.readouterr().out == "0: 5\n1: -7\n"
    assert main(words[:4]) == 2
    assert capsys.readouterr().err == "idxfast: a stated header needs both --dtype and --shape\n"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--dtype", "junk"),
        ("--dtype", "O"),
        ("--dtype", "c16"),
        ("--shape", "3,x"),
        ("--shape", "-1"),
    ],
)
def test_a_header_that_cannot_be(option, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["show", "file", f"{option}={text}"])
    assert stopped.value.code == 2
    assert re.search(rf"argument {option}: '{re.escape(text)}'", capsys.readouterr().err)


def test_one_element(tmp_path, oracle, capsys):
    path = tmp_path / "number"
    path.write_bytes(oracle.pack(8, (), b"\7"))
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr().out == "7\n"


def test_an_image_that_is_not_there(folder, capsys):
    path = folder / "train-images-idx3-ubyte.gz"
    assert main(["show", str(path), "4"]) == 2
    assert capsys.readouterr().err == f"idxfast: {path}: there is no image 4 among 4\n"


def test_no_images(tmp_path, oracle, capsys):
    path = tmp_path / "empty"
    path.write_bytes(oracle.pack(8, (0, 28, 28)))
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr() == ("", "")
