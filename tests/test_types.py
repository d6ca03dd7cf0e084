"""What type checkers are told: as much as works is accepted, and text files are not."""

from __future__ import annotations

import array
import bz2
import gzip
import io
import lzma
import mmap
import os
import subprocess
import sys
import tempfile
import typing
import zipfile
from pathlib import Path

import numpy as np
import pytest

import idxfast
import idxfast.datasets

ARRAY = np.arange(6, dtype=np.uint8)
CONTENT = idxfast.dumps(ARRAY)
ROOT = Path(__file__).parents[1]


class Reads:
    def __init__(self) -> None:
        self.file = io.BytesIO(CONTENT)

    def read(self, size: int) -> bytes | None:
        return self.file.read(size)


class Writes:
    def __init__(self) -> None:
        self.content = b""

    def write(self, data: bytes) -> None:
        self.content += data


def test_what_is_read(tmp_path: Path) -> None:
    path, packed = tmp_path / "file", tmp_path / "file.gz"
    path.write_bytes(CONTENT)
    packed.write_bytes(gzip.compress(CONTENT))
    arrays = [idxfast.load(path), idxfast.load(str(path)), idxfast.load(CONTENT)]
    with open(path, "rb") as buffered, open(path, "rb", buffering=0) as raw:
        arrays += [idxfast.load(buffered), idxfast.load(raw)]
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        arrays += [idxfast.load(file.fileno()), idxfast.load(mapped), idxfast.loads(mapped)]
    with gzip.open(packed) as unpacked, zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        arrays += [idxfast.load(unpacked)]
        archive.writestr("file", CONTENT)
        with archive.open("file") as member:
            arrays += [idxfast.load(member)]
    with bz2.open(io.BytesIO(bz2.compress(CONTENT))) as bzip2:
        arrays += [idxfast.load(bzip2)]
    with lzma.open(io.BytesIO(lzma.compress(CONTENT))) as xz:
        arrays += [idxfast.load(xz)]
    with tempfile.TemporaryFile() as temporary:
        idxfast.save(temporary, ARRAY)
        temporary.seek(0)
        arrays += [idxfast.load(temporary)]
    arrays += [idxfast.load(Reads()), idxfast.load(io.BytesIO(CONTENT))]
    arrays += [idxfast.load(np.frombuffer(CONTENT, np.uint8))]
    arrays += [idxfast.loads(np.frombuffer(CONTENT, np.uint8)), idxfast.loads(memoryview(CONTENT))]
    arrays += [idxfast.loads(bytearray(CONTENT)), idxfast.loads(array.array("B", CONTENT))]
    assert all(np.array_equal(found, ARRAY) for found in arrays)
    assert idxfast.read_header(Reads()).shape == (6,)
    with pytest.raises(TypeError):
        idxfast.load(io.StringIO())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        idxfast.loads(str(path))  # type: ignore[arg-type]


def test_what_is_written(tmp_path: Path) -> None:
    path, memory, writes = tmp_path / "file", io.BytesIO(), Writes()
    for target in (path, str(path), os.fsencode(path)):
        idxfast.save(target, ARRAY)
    with path.open("r+b", buffering=0) as raw:
        idxfast.save(raw.fileno(), ARRAY)
    with gzip.open(tmp_path / "file.gz", "wb") as packed:
        idxfast.save(packed, ARRAY)
    idxfast.save(memory, ARRAY)
    idxfast.save(writes, ARRAY)
    assert path.read_bytes() == memory.getvalue() == writes.content == CONTENT
    with pytest.raises(TypeError):
        idxfast.save(io.StringIO(), ARRAY)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        idxfast.save(None, ARRAY)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", [idxfast, idxfast.datasets], ids=lambda module: module.__name__)
def test_hints_are_there_at_run_time(module: typing.Any) -> None:
    functions = [getattr(module, name) for name in module.__all__]
    for function in functions:
        assert typing.get_type_hints(function) is not None
    assert functions


def test_mypy_accepts_this_file() -> None:
    pytest.importorskip("mypy")
    version = f"--python-version={sys.version_info.major}.{sys.version_info.minor}"
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        version,
        __file__,
    ]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert child.returncode == 0, child.stdout
