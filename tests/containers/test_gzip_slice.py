"""containers/gzip_slice: where blocks are looked for, and where the file is decoded from its start."""

import gzip

import numpy as np
import pytest

import idxfast
from files import tables
from files.handmade import idx
from idxfast.containers import bgzf

ARRAY = np.random.default_rng(1).integers(0, 256, (30, 1000), np.uint8)
PIECES = [ARRAY[at : at + 5].tobytes() for at in range(0, 30, 5)]
BLOCKS = tables.block(idx(8, 30, 1000)) + b"".join(map(tables.block, PIECES)) + tables.END
FILES = {
    "blocks": BLOCKS,
    "tables": tables.seekable(8, (30, 1000), PIECES),
    "member": gzip.compress(idx(8, 30, 1000) + ARRAY.tobytes()),
}


@pytest.fixture
def looked(monkeypatch):
    """Where blocks have been looked for."""
    calls = []
    for name in ("find_listed_blocks", "find_all_blocks"):
        real = getattr(bgzf, name)
        monkeypatch.setattr(
            bgzf, name, lambda *args, name=name, real=real: calls.append(name) or real(*args)
        )
    return calls


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("start", [0, 1, 29, 30])
@pytest.mark.parametrize("is_file", [True, False])
def test_blocks_are_looked_for_if_rows_come_before(name, start, is_file, looked, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(FILES[name])
    reports = []
    options = {"start": start, "progress": lambda *report: reports.append(report)}
    found = idxfast.load(path if is_file else FILES[name], **options)
    assert found.tobytes() == ARRAY[start:].tobytes()
    expected = ["find_listed_blocks", "find_all_blocks"][: 1 if name == "tables" else 2]
    assert looked == (expected if start else [])
    done, total = reports[-1]
    assert done == total


@pytest.mark.parametrize("name", FILES)
def test_a_stream_is_decoded_from_its_start(name, looked, tmp_path):
    (tmp_path / "file").write_bytes(FILES[name])
    out = np.zeros((2, 1000), np.uint8)
    for options in ({}, {"out": out}):
        with (tmp_path / "file").open("rb") as file:
            stream = type("Stream", (), {"read": file.read})()
            found = idxfast.load(stream, start=3, stop=5, **options)
        assert found.tobytes() == ARRAY[3:5].tobytes()
        assert (found is out) == bool(options)
    assert looked == []
