"""idxfast stats, against numpy."""

import json
import math

import numpy as np
import pytest

from idxfast.cli import main


@pytest.fixture
def write(tmp_path, oracle):
    codes = {name: code for code, (name, _) in oracle.types.items()}

    def write(name, array):
        path = tmp_path / name
        big = array.astype(array.dtype.newbyteorder(">"))
        path.write_bytes(oracle.pack(codes[array.dtype.name], array.shape, big.tobytes()))
        return str(path)

    return write


def stats(path, capsys):
    assert main(["stats", "--json", path]) == 0
    return json.loads(capsys.readouterr().out)


def test_images_with_labels(write, command):
    images = np.zeros((4, 2, 2), np.uint8)
    images[1] = images[3] = [[10, 20], [30, 40]]
    images[2, 0, 0] = 255
    path = write("train-images-idx3-ubyte", images)
    labels = write("train-labels-idx1-ubyte", np.array([5, 7, 5, 5], np.uint8))
    status, out, err = command("stats", path)
    assert (status, err) == (0, [])
    assert out[:8] == [
        f"{path}: 4 x 2 x 2 uint8",
        "mean 28.4375, standard deviation 60.2526 (0.1115 and 0.2363 of 255)",
        "minimum 0, maximum 255",
        "duplicates: 1 item equals an earlier one",
        f"classes, from {labels}:",
        "  5  3   75.0 %",
        "  7  1   25.0 %",
        "histogram:",
    ]
    assert len(out) == 8 + 16
    assert out[8] == f"    0 to  15   56.2 %  {'#' * 40}"
    assert out[9] == f"   16 to  31   25.0 %  {'#' * 18}"
    assert out[-1] == "  240 to 255    6.2 %  ####"


@pytest.mark.parametrize("columns", [30, 40, 67, 200])
def test_the_histogram_fits_the_terminal(columns, write, terminal):
    path = write("images", np.zeros((1, 2, 2), np.uint8))
    lines = terminal("stats", path, columns=columns).partition("histogram:\n")[2].splitlines()
    assert [len(lines), len(lines[0])] == [16, min(columns, 63)]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
def test_values_are_those_of_numpy(dtype, write, capsys):
    array = (np.random.default_rng(4).normal(20, 30, (50, 6, 7)).clip(0, 120)).astype(dtype)
    found = stats(write("images", array), capsys)
    assert found["mean"] == pytest.approx(array.mean(dtype="f8"), rel=1e-12)
    assert found["standard_deviation"] == pytest.approx(array.std(dtype="f8"), rel=1e-12)
    assert (found["minimum"], found["maximum"]) == (array.min(), array.max())
    counts, edges = found["histogram"]["counts"], found["histogram"]["edges"]
    assert counts == np.histogram(array.astype("f8"), edges)[0].tolist()
    assert sum(counts) == array.size
    assert len(counts) == (256 if dtype == "uint8" else 16)
    assert (found["duplicates"], found["classes"], found["not_finite"]) == (0, None, 0)
    assert (found["dtype"], found["shape"]) == (dtype, [50, 6, 7])


def test_duplicates_are_counted_across_pieces(write, capsys, monkeypatch):
    monkeypatch.setattr("idxfast.cli.rows.STEP", 8)
    images = np.random.default_rng(5).integers(0, 2, (40, 2, 2), np.uint8)
    found = stats(write("images", images), capsys)
    assert found["duplicates"] == 40 - len(np.unique(images.reshape(40, 4), axis=0))
    assert found["mean"] == pytest.approx(images.mean())


def test_too_many_items_are_not_compared(write, capsys, monkeypatch):
    monkeypatch.setattr("idxfast.cli.counting.MAX_COMPARED", 3)
    path = write("images", np.zeros((4, 2, 2), np.uint8))
    assert stats(path, capsys)["duplicates"] is None
    assert main(["stats", path]) == 0
    assert "duplicates: too many items to compare" in capsys.readouterr().out


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_large_items_are_counted_in_pieces(dtype, write, capsys, monkeypatch):
    monkeypatch.setattr("idxfast.cli.counting._PIECE", 5)
    array = np.random.default_rng(6).integers(0, 100, (3, 6, 4)).astype(dtype)
    found = stats(write("images", array), capsys)
    assert found["mean"] == pytest.approx(array.mean())
    assert found["standard_deviation"] == pytest.approx(array.std())
    counts, edges = found["histogram"]["counts"], found["histogram"]["edges"]
    assert counts == np.histogram(array.astype("f8"), edges)[0].tolist()


def test_what_is_not_finite_is_counted_apart(write, capsys):
    array = np.array([[1, np.nan], [np.inf, 3]], np.float32)
    found = stats(write("images", array), capsys)
    assert (found["not_finite"], found["mean"], found["maximum"]) == (2, 2, 3)
    path = write("images", np.full((2, 2), np.nan))
    found = stats(path, capsys)
    assert (found["mean"], found["minimum"], found["histogram"]["counts"]) == (None, None, [])
    assert main(["stats", path]) == 0
    assert "4 elements are infinite or NaN" in capsys.readouterr().out


def test_very_large_numbers(write, capsys):
    found = stats(write("images", np.array([[-1.7e308, 1.7e308]])), capsys)
    assert found["histogram"]["counts"] == [1, *[0] * 14, 1]
    assert found["mean"] == 0


def test_labels(write, tmp_path, capsys):
    path = write("labels", np.array([1, 0, 1], np.uint8))
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert main(["stats", path]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3:] == ["classes:", "  0 cat  1   33.3 %", "  1 dog  2   66.7 %"]
    assert stats(path, capsys)["classes"] == [
        {"label": 0, "name": "cat", "count": 1},
        {"label": 1, "name": "dog", "count": 2},
    ]


def test_a_single_class_is_a_warning(write, capsys):
    path = write("labels", np.full(3, 4, np.uint8))
    assert main(["stats", path]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "warning: all labels are equal: a single class"
    )
    assert stats(path, capsys)["single_class"] is True


def test_many_values_are_cut(write, capsys):
    assert main(["stats", write("labels", np.arange(150, dtype=np.int16))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "  and 50 more"
    assert len(lines) == 3 + 1 + 100 + 1


@pytest.mark.parametrize("shape", [(), (0,), (0, 3, 3), (3, 0)])
def test_little_or_nothing(shape, write, capsys):
    found = stats(write("file", np.ones(shape, np.uint8)), capsys)
    assert found["mean"] == (None if 0 in shape else 1)
    assert math.prod(found["shape"]) == math.prod(shape)


def test_real_images(published, capsys):
    found = stats(str(published / "train-images-idx3-ubyte.gz"), capsys)
    assert round(found["mean"] / 255, 4) == 0.2860
    assert round(found["standard_deviation"] / 255, 4) == 0.3530
    assert [each["count"] for each in found["classes"]] == [6_000] * 10
    assert found["classes"][9]["name"] == "Ankle boot"
