"""idxfast sheet."""

import numpy as np
import pytest

from idxfast.cli import main

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")


@pytest.fixture
def images(tmp_path, oracle):
    """Twelve images of 28 x 28, each of one grey, with labels 0 and 1 in turn, but one 7."""
    array = np.repeat(np.arange(12, dtype=np.uint8) * 20, 784).reshape(12, 28, 28)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(oracle.pack(8, array.shape, array.tobytes()))
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(oracle.pack(8, (12,), bytes([0, 1] * 5 + [7, 0])))
    return path


def read(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def greys(sheet, left):
    """The grey in the middle of each image; None where there is none."""
    rows, columns = (sheet.shape[0] - 14) // 58, (sheet.shape[1] - left - 6) // 58
    return [
        [int(sheet[8 + 58 * row + 28, left + 58 * column + 28]) for column in range(columns)]
        for row in range(rows)
    ]


def test_a_row_for_each_class(images, tmp_path, command):
    output = tmp_path / "sheet.png"
    status, out, err = command("sheet", images, "-o", output, "--columns", 4)
    assert (status, out, err) == (0, [f"{output}: 9 images in 3 rows"], [])
    sheet = read(output)
    left = sheet.shape[1] - 8 - 4 * 58 + 2
    white = 255
    assert greys(sheet, left) == [
        [0, 40, 80, 120],
        [20, 60, 100, 140],
        [200, white, white, white],
    ]


def test_a_sheet_is_a_png_file(images, tmp_path, command):
    output = tmp_path / "sheet.webp"
    status, out, err = command("sheet", images, "-o", output)
    text = f"idxfast: {output}: .webp is not written; the picture is a PNG file: NAME.png"
    assert (status, out, err) == (2, [], [text])
    assert not output.exists()


def test_without_labels_the_first_images(images, tmp_path, capsys):
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    output = tmp_path / "sheet.png"
    assert main(["sheet", str(images), "-o", str(output), "--columns", "5"]) == 0
    assert greys(read(output), 8) == [
        [0, 20, 40, 60, 80],
        [100, 120, 140, 160, 180],
        [200, 220, 255, 255, 255],
    ]


def test_images_in_colour(tmp_path, oracle):
    array = np.zeros((2, 28, 28, 3), np.uint8)
    array[1, ..., 1] = 200
    path, output = tmp_path / "colour", tmp_path / "sheet.png"
    path.write_bytes(oracle.pack(8, array.shape, array.tobytes()))
    assert main(["sheet", str(path), "-o", str(output)]) == 0
    sheet = read(output)
    assert sheet[36, 36].tolist() == [0, 0, 0]
    assert sheet[36, 94].tolist() == [0, 200, 0]


@pytest.mark.parametrize(("code", "shape"), [(8, (5,)), (8, (0, 28, 28))])
def test_no_images(code, shape, tmp_path, oracle, capsys):
    path, output = tmp_path / "file", tmp_path / "sheet.png"
    path.write_bytes(oracle.pack(code, shape))
    assert main(["sheet", str(path), "-o", str(output)]) == 2
    assert capsys.readouterr().err == f"idxfast: {path}: the file holds no images\n"
    assert not output.exists()


def test_without_pillow(images, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "PIL.ImageFont", None)
    output = tmp_path / "sheet.png"
    assert main(["sheet", str(images), "-o", str(output)]) == 1
    assert capsys.readouterr().err == (
        "idxfast: pictures need Pillow: pip install 'idxfast[images]'\n"
    )
    assert not output.exists()


@pytest.mark.parametrize("columns", ["0", "-1", "x"])
def test_wrong_usage(columns, images, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["sheet", str(images), "-o", str(tmp_path / "x"), f"--columns={columns}"])
    assert stopped.value.code == 2
