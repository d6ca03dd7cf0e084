"""What is written on several threads."""

import gzip
import shutil
import subprocess
import threading

import numpy as np
import pytest

import idxfast
from files.contents import images
from idxfast.gzip import writer

pytestmark = pytest.mark.usefixtures("small_steps")


def test_saving(tmp_path):
    data = images(2000)
    files = []
    for threads in (1, 2, 3, 8):
        path = tmp_path / f"{threads}.gz"
        idxfast.save(path, data, seekable=True, threads=threads)
        files.append(path.read_bytes())
        assert gzip.decompress(files[-1])[16:] == data.tobytes()
    assert len(set(files)) == 1
    for tool in (["gzip", "-t"], ["bgzip", "-t"]):
        if shutil.which(tool[0]):
            subprocess.run([*tool, path], check=True)
    with pytest.raises(ValueError, match="compresslevel"):
        idxfast.save(path, data, seekable=True, compresslevel=13, threads=4)
    assert path.read_bytes() == files[-1]


def test_a_large_member_is_encoded_aside(monkeypatch, tmp_path):
    calls = []
    encode = writer.encode

    def spy(data, level):
        calls.append((len(data), threading.get_ident()))
        return encode(data, level)

    monkeypatch.setattr(writer, "encode", spy)
    for size, is_here in ((1000, True), (writer.PIECE_SIZE, False)):
        array = np.arange(size, dtype=np.uint8)
        idxfast.save(tmp_path / "file.gz", array, compresslevel=1)
        assert np.array_equal(idxfast.load(tmp_path / "file.gz"), array)
        length, ident = calls[-1]
        assert length == size + 8
        assert (ident == threading.get_ident()) == is_here
