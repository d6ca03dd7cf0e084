import gzip
import struct

import numpy as np
import pytest

from idxfast.cli import main
from idxfast.cli.demo import as_text


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4) + bytes(range(24))))
    return path


def test_info_says_shape_type_container_and_sizes(images, capsys):
    assert main(["info", str(images)]) == 0
    line = capsys.readouterr().out
    size = images.stat().st_size
    assert line == f"{images}: 2 x 3 x 4 uint8, gzip, {size} bytes in the file, 24 in the array\n"


def test_info_does_not_read_the_payload_but_verify_does(images, capsys):
    data = bytearray(images.read_bytes())
    data[-6] ^= 1  # in the CRC-32
    images.write_bytes(data)
    assert main(["info", str(images)]) == 0
    assert main(["info", "--verify", str(images)]) == 1
    assert "CRC-32" in capsys.readouterr().err


def test_info_goes_on_after_a_bad_file_and_fails(images, tmp_path, capsys):
    page = tmp_path / "page\n.gz"
    page.write_bytes(b"<!DOCTYPE html>")
    assert main(["info", str(page), str(tmp_path / "missing"), str(images)]) == 1
    out, err = capsys.readouterr()
    assert "2 x 3 x 4" in out
    assert [line.split(":")[0] for line in err.splitlines()] == ["idxfast", "idxfast"]
    assert "HTML" in err


def test_wrong_usage():
    with pytest.raises(SystemExit) as error:
        main(["nothing"])
    assert error.value.code == 2


def test_demo_shows_times_and_digits(capsys):
    assert main(["demo", "--count", "50"]) == 0
    out = capsys.readouterr().out
    assert "50 digits" in out
    assert "labels: 1 3 4 1" in out
    assert "@" in out


def test_as_text_draws_dark_and_bright():
    image = np.array([[[0, 255], [9, 9]]], np.uint8)
    assert as_text(image) == " @"
    assert as_text(image[:0]) == ""
