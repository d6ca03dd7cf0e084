"""Files of every packer, on any number of threads."""

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import idxfast
from files.contents import CONTENTS, PACKERS, images, packed

pytestmark = pytest.mark.usefixtures("small_steps")

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("content", [name for name in CONTENTS if name != "many_images"])
def test_equal(content, packer):
    file, data = packed(content, packer)
    for threads in (2, 3, 8):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)
    out = np.empty_like(data)
    assert idxfast.loads(file, out=out, threads=2) is out
    assert np.array_equal(out, data)


TOOLS = {
    "pigz": ["pigz", "-c"],
    "pigz-11": ["pigz", "-11", "-c"],
    "bgzip": ["bgzip", "-c"],
    "gzip-1": ["gzip", "-1", "-c"],
    "gzip-9": ["gzip", "-9", "-c"],
    "7z": ["7z", "a", "-tgzip", "-si", "-so", "x"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_files_of_other_programs(tool):
    if shutil.which(TOOLS[tool][0]) is None:
        pytest.skip(f"{TOOLS[tool][0]} is not installed")
    data = images(1000)
    content = b"\0\0\x08\x03" + b"".join(n.to_bytes(4) for n in data.shape) + data.tobytes()
    file = subprocess.run(TOOLS[tool], input=content, capture_output=True, check=True).stdout
    for threads in (1, 2, 5):
        assert np.array_equal(idxfast.loads(file, threads=threads), data)


@pytest.mark.parametrize(
    ("module", "levels"),
    [("deflate", range(1, 13)), ("isal.igzip", range(4)), ("zopfli.gzip", [0])],
)
def test_files_of_other_libraries(module, levels):
    library = pytest.importorskip(module)
    data = images(300 if module == "zopfli.gzip" else 1000)
    content = b"\0\0\x08\x03" + b"".join(n.to_bytes(4) for n in data.shape) + data.tobytes()
    for level in levels:
        if module == "deflate":
            file = library.gzip_compress(content, level)
        else:
            file = library.compress(content, *([level] if level else []))
        for threads in (1, 2, 5):
            assert np.array_equal(idxfast.loads(bytes(file), threads=threads), data)


@pytest.mark.parametrize("path", sorted(REAL.glob("*/*.gz")), ids=lambda path: path.name)
def test_real_files(path):
    expected = gzip.decompress(path.read_bytes())
    for threads in range(1, 9):
        array = idxfast.load(path, threads=threads)
        assert array.tobytes() == expected[4 + 4 * expected[3] :]
