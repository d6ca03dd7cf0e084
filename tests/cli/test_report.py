"""idxfast report."""

import numpy as np
import pytest

import idxfast

pytest.importorskip("PIL.Image", reason="needs Pillow")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "set").mkdir()
    idxfast.save(tmp_path / "set" / "train-images-idx3-ubyte", np.zeros((2, 3, 4), np.uint8))
    return tmp_path / "set"


def test_the_command(folder, tmp_path, command):
    output = tmp_path / "r.html"
    assert command("report", folder, "-o", output) == (0, [str(output)], [])
    assert output.read_text().startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not list(tmp_path.glob("*.tmp"))


def test_errors_write_nothing(folder, tmp_path, command):
    output = tmp_path / "r.html"
    output.write_text("old")
    (tmp_path / "empty").mkdir()
    status, out, err = command("report", tmp_path / "empty", "-o", output)
    assert (status, out) == (1, [])
    assert err == [f"idxfast: {tmp_path}/empty: the folder holds no IDX files"]
    missing = tmp_path / "missing" / "r.html"
    status, out, err = command("report", folder, "-o", missing)
    assert (status, out, len(err)) == (1, [], 1) and str(missing) in err[0]
    status, out, err = command("report", tmp_path / "none", "-o", output)
    assert (status, out) == (1, []) and "No such file" in err[0]
    assert command("report", folder)[0] == 2
    assert output.read_text() == "old"
