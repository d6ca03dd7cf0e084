"""The commands on the page about the command."""

import glob
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import idxfast
from idxfast.cli import main

PAGE = Path(__file__).parents[2] / ".docs" / "command.md"


def lines():
    """The lines of all examples in the order of the page."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the examples need: a small data set, and labels with a header that is wrong."""
    monkeypatch.chdir(tmp_path)
    fashion = tmp_path / "fashion"
    fashion.mkdir()
    for kind, count in (("train", 1_000), ("t10k", 20)):
        images = np.arange(count * 784).astype(np.uint8).reshape(count, 28, 28)
        idxfast.save(fashion / f"{kind}-images-idx3-ubyte.gz", images)
        idxfast.save(
            fashion / f"{kind}-labels-idx1-ubyte.gz", np.arange(count, dtype=np.uint8) % 10
        )
    names = ["a", "b", "c", "d", "e", "Sandal"]
    (fashion / "classes.txt").write_text("\n".join(names))
    Path("labels.bin").write_bytes(bytes(8) + np.arange(10_000).astype("<i8").tobytes())
    return tmp_path


@pytest.mark.skipif(not PAGE.exists(), reason="needs the clone")
def test_the_examples_run(folder, capsys):
    pytest.importorskip("PIL", reason="needs Pillow")
    ran = 0
    for line in lines():
        program, *words = shlex.split(line)
        assert program == "idxfast"
        words = [found for word in words for found in (glob.glob(word) if "*" in word else [word])]
        if words[0] != "fetch":
            assert main(words) == 0, (line, capsys.readouterr())
            ran += 1
    assert ran >= 10
    np.testing.assert_array_equal(idxfast.load("labels-idx1-ubyte"), np.arange(10_000))
    np.testing.assert_array_equal(
        idxfast.load("mine-images-idx3-ubyte.gz"),
        idxfast.load("fashion/t10k-images-idx3-ubyte.gz"),
    )
    assert np.load("sandals.npy").shape == (2, 28, 28)
    assert sorted(path.name for path in Path("test-pictures").iterdir()) == list("0123456789")
