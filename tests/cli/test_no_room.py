"""A disk takes no more: each verb names the file that it could not write, and leaves nothing."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

resource = pytest.importorskip("resource")

# Fewer bytes than any of the outputs has.
LIMIT = 20


@pytest.fixture
def folder(tmp_path, oracle):
    images = np.arange(300, dtype=np.uint8).reshape(12, 5, 5)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train-images-idx3-ubyte").write_bytes(
        oracle.pack(8, images.shape, images.tobytes())
    )
    (tmp_path / "in" / "train-labels-idx1-ubyte").write_bytes(oracle.pack(8, (12,), bytes(12)))
    (tmp_path / "pictures" / "cup").mkdir(parents=True)
    Image.fromarray(images[0]).save(tmp_path / "pictures" / "cup" / "0.png")
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["convert", "in/train-images-idx3-ubyte", "out/x.npy"], "out/x.npy"),
        (["convert", "in/train-images-idx3-ubyte", "out/x"], "out/x"),
        (["convert", "in/train-images-idx3-ubyte", "out/x.gz"], "out/x.gz"),
        (["convert", "in/train-images-idx3-ubyte", "out/x.gz", "--seekable"], "out/x.gz"),
        (["convert", "in/train-images-idx3-ubyte", "out/x.csv"], "out/x.csv"),
        (["convert", "in/train-images-idx3-ubyte", "out/x.npz"], "out/x.npz"),
        (["convert", "in/train-images-idx3-ubyte", "out/x/"], "out/x/0/00.png"),
        (["sheet", "in/train-images-idx3-ubyte", "-o", "out/x.png"], "out/x.png"),
        (["report", "in", "-o", "out/x.html"], "out/x.html"),
        (["pack", "pictures", "-o", "out/x"], "out/x/train-images-idx3-ubyte.gz"),
        (["pack", "--explain", "pictures/cup/0.png", "-o", "out/x.png"], "out/x.png"),
    ],
)
def test_the_output_is_named(words, named, folder):
    child = subprocess.run(
        [sys.executable, "-P", "-m", "idxfast", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
    )
    assert (child.returncode, child.stdout) == (1, "")
    assert child.stderr == f"idxfast: {named}: File too large\n"
    assert not os.listdir(folder / "out")
