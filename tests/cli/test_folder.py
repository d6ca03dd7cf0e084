"""idxfast info of a folder."""

import errno
import gzip
import os
import zipfile

import pytest

from idxfast.cli import folder as cli_folder
from idxfast.cli import main
from idxfast.datasets import looking
from idxfast.storage.regular import open_regular


@pytest.fixture
def folder(tmp_path, oracle):
    """Two pairs, the second in a folder below; labels alone in an archive; and a text."""
    for kind, count in (("train", 3), ("below/t10k", 2)):
        (tmp_path / kind).parent.mkdir(exist_ok=True)
        images = gzip.compress(oracle.pack(8, (count, 4, 5)))
        (tmp_path / f"{kind}-images-idx3-ubyte.gz").write_bytes(images)
        (tmp_path / f"{kind}-labels-idx1-ubyte").write_bytes(oracle.pack(8, (count,)))
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("validation-labels.idx", oracle.pack(0x0C, (1_000, 8)))
    (tmp_path / "README.md").write_text("text")
    return tmp_path


PAIRS = """\
{0}:
  train: train-images-idx3-ubyte.gz (3 x 4 x 5 uint8, gzip), with train-labels-idx1-ubyte (3 uint8, raw)
  below-test: below/t10k-images-idx3-ubyte.gz (2 x 4 x 5 uint8, gzip), with below/t10k-labels-idx1-ubyte (2 uint8, raw)
  more.zip/validation-labels.idx (1,000 x 8 int32, zip), without images
  not IDX: README.md
"""


def test_a_folder_is_shown_in_pairs(folder, capsys):
    assert main(["info", str(folder)]) == 0
    assert capsys.readouterr() == (PAIRS.format(folder), "")


def test_verify_reads_the_files(folder, capsys):
    assert main(["info", "--verify", str(folder)]) == 0
    verified = "  every file is complete, and every checksum is right\n"
    assert capsys.readouterr().out == PAIRS.format(folder) + verified
    path = folder / "train-images-idx3-ubyte.gz"
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    assert main(["info", str(folder)]) == 0
    capsys.readouterr()
    assert main(["info", "--verify", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "every checksum" not in out
    assert "train-images-idx3-ubyte.gz: " in out and "CRC-32" in out


def test_what_does_not_fit_is_said(tmp_path, oracle, capsys):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(oracle.pack(8, (3, 4, 5)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(oracle.pack(8, (2,)))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(oracle.pack(8, (3, 4, 5))[:-1])
    (tmp_path / "number").write_bytes(oracle.pack(8, ()))
    assert main(["info", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "not as many labels as images" in lines[1]
    assert "t10k-images-idx3-ubyte: " in lines[2] and "truncated" in lines[2]
    assert lines[3:] == ["  number (one element uint8, raw)"]


def test_many_files_that_are_not_idx_are_counted(folder, capsys):
    for number in range(12):
        (folder / f"{number:02}.png").touch()
    assert main(["info", str(folder)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"  not IDX: {', '.join(f'{n:02}.png' for n in range(10))} and 3 more"


def test_a_folder_without_idx_files(tmp_path, images, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.zip").write_bytes(b"PK\3\4")
    assert main(["info", str(tmp_path / "empty"), str(images)]) == 1
    out, err = capsys.readouterr()
    assert err == f"idxfast: {tmp_path}/empty: the folder holds no IDX files\n"
    assert out.startswith(f"{images}: 2 x 3 x 4 uint8")


def test_names_are_shown_without_controls(tmp_path, oracle, capsys):
    (tmp_path / "train\x1b[2J-images.idx").write_bytes(oracle.pack(8, (3, 4, 5)))
    assert main(["info", str(tmp_path)]) == 0
    assert "\x1b" not in (out := capsys.readouterr().out)
    assert r"train\x1b[2J-images.idx" in out


def test_what_cannot_be_opened_is_not_taken_for_whole(folder, capsys, monkeypatch):
    (folder / "secret").write_bytes(b"0123")
    (folder / "secret.txt").write_bytes(b"no IDX file by its name")
    (folder / "locked").mkdir()
    real_scandir = os.scandir

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    def scandir(path):
        return refuse(path) if os.path.basename(path) == "locked" else real_scandir(path)

    def open_unless_secret(path):
        return refuse(path) if "secret" in path else open_regular(path)

    monkeypatch.setattr(os, "scandir", scandir)
    for module in (looking, cli_folder):
        monkeypatch.setattr(module, "open_regular", open_unless_secret)
    refusals = [f"idxfast: {folder}/{name}: Permission denied" for name in ("locked", "secret")]
    shown = PAIRS.format(folder).replace("README.md", "README.md, secret.txt")
    for verb in ("info", "verify"):
        assert main([verb, str(folder)]) == 1
        out, err = capsys.readouterr()
        assert sorted(err.splitlines()) == refusals
        assert out == shown
